"""Attention, embedding, Mish and dropout against the reference and torch's own."""

from __future__ import annotations

from typing import cast

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from signlet.model import attention_cpu
from signlet.model.attention import DisentangledAttention
from signlet.model.elementwise import Dropout, mish
from signlet.model.embedding import LandmarkEmbedding
from signlet.model.reference import attend, embed, log_bucket
from signlet.model.relative_positions import relative_buckets, shift_rows

CLOSE = {"rtol": 0.0, "atol": 1e-11}
WIDTH, HEADS, MAX_LEN = 24, 3, 9


@pytest.mark.parametrize("max_len", range(1, 101))
def test_buckets_equal_the_formula(max_len: int) -> None:
    distances = range(max_len - 1, -max_len, -1)
    expected = [log_bucket(d, max_len) + max_len for d in distances]
    expected = np.clip(expected, 0, 2 * max_len - 1).tolist()
    assert relative_buckets(max_len, max_len)[1:-1].tolist() == expected


@pytest.mark.parametrize("length", [1, 2, 3, 8])
def test_shifted_rows_equal_a_gather(length: int) -> None:
    scores = torch.randn(2, 3, length, 2 * length)
    frame = torch.arange(length)
    place = frame - frame[:, None] + length - 1
    shifted = shift_rows(scores)
    assert torch.equal(shifted, scores.gather(3, place.expand(2, 3, length, length)))
    assert shifted.data_ptr() == scores[..., length - 1 :].data_ptr(), "a view, not a copy"


@pytest.fixture(params=["written-out gradient", "head by head", "fused"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The ways through the attention: on a CPU in groups of heads, and everywhere else."""
    if request.param == "head by head":
        monkeypatch.setattr(attention_cpu, "_SCRATCH", 1)
    if request.param == "fused":
        monkeypatch.setattr(torch.compiler, "is_compiling", lambda: True)
    return cast(str, request.param)


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("length", [1, 2, 6, MAX_LEN])
def test_attention_and_its_gradients_equal_the_reference(length: int) -> None:
    torch.manual_seed(0)
    layer = DisentangledAttention(WIDTH, HEADS, MAX_LEN).double()
    nn.init.normal_(layer.qkv.bias)
    hidden = torch.randn(4, length, WIDTH, dtype=torch.float64, requires_grad=True)
    mask = torch.arange(length) < torch.tensor([length, 1, max(1, length - 2), length])[:, None]
    inputs = [hidden, *layer.parameters()]
    weight = torch.randn(4, length, WIDTH, dtype=torch.float64)
    ours, theirs = layer(hidden, mask), attend(layer, hidden, mask)
    torch.testing.assert_close(ours, theirs, **CLOSE)
    for one, other in zip(
        torch.autograd.grad((ours * weight).sum(), inputs),
        torch.autograd.grad((theirs * weight).sum(), inputs),
        strict=True,
    ):
        torch.testing.assert_close(one, other, **CLOSE)


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("disentangled", [True, False])
def test_masked_frames_are_never_looked_at(disentangled: bool) -> None:
    layer = DisentangledAttention(WIDTH, HEADS, MAX_LEN, disentangled)
    hidden, mask = torch.randn(2, MAX_LEN, WIDTH), torch.arange(MAX_LEN) < torch.tensor([[5], [9]])
    other = torch.where(mask[..., None], hidden, 7.0)
    assert torch.equal(layer(hidden, mask)[mask], layer(other, mask)[mask])


def test_positions_count_by_distance_only() -> None:
    layer = DisentangledAttention(WIDTH, HEADS, MAX_LEN)
    clip = torch.randn(1, 4, WIDTH)
    late = F.pad(clip, (0, 0, 3, 0))
    expected = layer(clip, torch.ones(1, 4, dtype=torch.bool))
    shifted = layer(late, torch.arange(7)[None] >= 3)[:, 3:]
    torch.testing.assert_close(shifted, expected, rtol=0, atol=1e-6)


# --- embedding ------------------------------------------------------------------------


@pytest.mark.parametrize("convolutions", [True, False])
@pytest.mark.parametrize(("length", "max_len"), [(1, 1), (1, 6), (2, 3), (5, 6), (6, 6), (4, 30)])
def test_the_folded_embedding_and_its_gradients_equal_the_reference(
    length: int, max_len: int, convolutions: bool
) -> None:
    layer = LandmarkEmbedding(max_len, convolutions).double()
    frames = torch.randn(3, length, 100, 3, dtype=torch.float64)
    padded = F.pad(frames, (0, 0, 0, 0, 0, max_len - length))
    ours, theirs = layer(frames), embed(layer, padded)[:, :length]
    torch.testing.assert_close(ours, theirs, **CLOSE)
    weight = torch.randn_like(ours)
    for one, other in zip(
        torch.autograd.grad((ours * weight).sum(), list(layer.parameters())),
        torch.autograd.grad((theirs * weight).sum(), list(layer.parameters())),
        strict=True,
    ):
        torch.testing.assert_close(one, other, **CLOSE)


# --- Mish and dropout -----------------------------------------------------------------


def test_mish_equals_torchs() -> None:
    x = torch.cat([torch.linspace(-12, 12, 999), torch.tensor([-1e4, -90.0, 90.0, 1e4])])
    exact = x.double().requires_grad_()
    x.requires_grad_()
    ours, theirs = mish(x), F.mish(exact)
    torch.testing.assert_close(ours.double(), theirs, rtol=1e-6, atol=1e-6)
    grads = [torch.autograd.grad(y.sum(), v)[0].double() for y, v in ((ours, x), (theirs, exact))]
    torch.testing.assert_close(*grads, rtol=1e-6, atol=3e-6)


@pytest.mark.parametrize("p", [0.025, 0.1, 0.5])
def test_dropout_clears_its_share_and_keeps_the_mean(p: float) -> None:
    torch.manual_seed(0)
    x = torch.ones(400, 500, requires_grad=True)
    out = Dropout(p)(x)
    assert ((out == 0).double().mean() - p).abs() < 0.005
    assert set(out.unique().tolist()) == {0.0, out.max().item()}
    assert (out.mean() - 1).abs() < 0.01
    out.sum().backward()
    assert torch.equal(cast(Tensor, x.grad), out.detach())


def test_dropout_does_nothing_when_evaluated_or_off() -> None:
    x = torch.randn(5, 7)
    assert torch.equal(Dropout(0.5).eval()(x), x)
    assert torch.equal(Dropout(0.0)(x), x)


def test_dropout_leaves_its_input_alone() -> None:
    x = torch.randn(50, 40).T
    before = x.clone()
    out = Dropout(0.5)(x)
    assert torch.equal(x, before)
    assert torch.equal(out[out != 0], 2 * x[out != 0])
