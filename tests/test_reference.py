"""The definitions to learn from and the fast modules give the same numbers and gradients."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from signlet.model import ModelConfig, SignModel, reference
from signlet.model.elementwise import dropout_seed
from signlet.model.files import load_model
from signlet.preprocess import Preprocess
from signlet.preprocess.reference import preprocess
from signlet.pretrained import STARTER, weights_path
from signlet_testing.golden import DATA, STATES, golden_clips, golden_logits, golden_model

MAX_LEN = 11
EXACT = {"rtol": 1e-9, "atol": 1e-10}
"""For float64: there is no error in either."""
ROUNDING = 1e-5
"""For float32: of a number, and of the largest logit or gradient (some are 0 but for rounding)."""
SWITCHES: tuple[dict[str, object], ...] = (
    {},
    {"centre_parts": False},
    {"position_convolutions": False},
    {"disentangled": False},
    {"hand_shapes": True},
    {"motion": True},
    {"bones": True, "hand_shapes": True},
    {"prototypes": 2},
)


def made_model(seed: int, **changes: object) -> SignModel:
    """A small model in which no weight, bias, table or statistic is a new model's 0 or 1."""
    sizes = {"max_len": MAX_LEN, "dense": 12, "widths": (24, 32, 40, 24), "heads": 4}
    torch.manual_seed(seed)
    model = SignModel(ModelConfig(**{**sizes, "num_classes": 5, **changes}))
    for name, tensor in model.state_dict().items():
        if name.endswith("running_var"):
            tensor.uniform_(0.5, 1.5)
        elif tensor.ndim == 1 and tensor.is_floating_point():
            tensor.add_(torch.randn_like(tensor) * 0.2)
        elif name.startswith("nearest"):
            tensor.normal_()
    return model


def made_clips(length: int, seed: int) -> tuple[Tensor, Tensor]:
    """Five clips with any of their frames real, at least one; lost landmarks are 0."""
    random = torch.Generator().manual_seed(seed)
    frames = torch.randn(5, length, 100, 3, generator=random)
    frames[torch.rand(5, length, 100, generator=random) < 0.2] = 0
    mask = torch.rand(5, length, generator=random) < 0.7
    mask[torch.arange(5), torch.randint(length, (5,), generator=random)] = True
    return frames, mask


def answer_and_gradients(
    way: Callable[[Tensor, Tensor], Tensor], model: SignModel, frames: Tensor, mask: Tensor
) -> list[Tensor]:
    """Logits, then the gradients of a sum of them by the frames and every parameter."""
    frames = frames.clone().requires_grad_()
    inputs = [frames, *model.parameters()]
    logits = way(frames, mask)
    weight = torch.linspace(-1, 1, logits.numel(), dtype=logits.dtype).view_as(logits)
    gradients = torch.autograd.grad((logits * weight).sum(), inputs, materialize_grads=True)
    return [logits.detach(), *gradients]


@pytest.fixture(params=["on a CPU", "compiled or on a GPU"])
def _way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The fast modules' two ways; the second has no shape that depends on the data."""
    if request.param != "on a CPU":
        monkeypatch.setattr(torch.compiler, "is_compiling", lambda: True)


# --- the model ------------------------------------------------------------------------


@pytest.mark.usefixtures("_way")
@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("changes", SWITCHES, ids=str)
@pytest.mark.parametrize("length", [1, 6, MAX_LEN])
def test_model_and_gradients_equal_the_reference(
    length: int, changes: dict[str, object], training: bool
) -> None:
    quiet = {"encoder_dropout": 0.0, "part_dropout": 0.0, "layer_dropout": (0.0, 0.0, 0.0)}
    model, other = (made_model(length, **quiet, **changes).double() for _ in range(2))
    frames, mask = made_clips(length, seed=length)
    for one in (model, other):
        one.train(training)
    ours = answer_and_gradients(model, model, frames.double(), mask)
    theirs = answer_and_gradients(
        lambda *clips: reference.logits(other, *clips), other, frames.double(), mask
    )
    for one, two in zip(ours, theirs, strict=True):
        torch.testing.assert_close(one, two, **EXACT)
    for name, statistic in model.state_dict().items():
        torch.testing.assert_close(statistic, other.state_dict()[name], **EXACT)


@pytest.mark.usefixtures("_way")
@pytest.mark.parametrize("seed", range(3))
def test_float32_differs_by_rounding_only(seed: int) -> None:
    model = made_model(seed).eval()
    clips = made_clips(MAX_LEN, seed)
    ours = answer_and_gradients(model, model, *clips)
    theirs = answer_and_gradients(lambda *c: reference.logits(model, *c), model, *clips)
    largest = max(float(one.abs().max()) for one in theirs)
    for one, two in zip(ours, theirs, strict=True):
        torch.testing.assert_close(one, two, rtol=ROUNDING, atol=ROUNDING * largest)


def test_bfloat16_is_as_close_to_the_exact_answer_as_the_reference_is() -> None:
    model, clips = made_model(0).eval(), made_clips(MAX_LEN, 0)
    exact = reference.logits(model, *clips)
    with torch.autocast("cpu", dtype=torch.bfloat16), torch.no_grad():
        ours, theirs = model(*clips).float(), reference.logits(model, *clips).float()
    assert (theirs - exact).abs().max() > 0
    assert (ours - exact).abs().max() < 0.05 * exact.std()
    assert (theirs - exact).abs().max() < 0.05 * exact.std()


def test_dropout_lies_in_the_same_places() -> None:
    """Without padding, of which ours has no rows to draw for."""
    model = made_model(0, part_dropout=0.2, encoder_dropout=0.3, layer_dropout=(0.1, 0.2, 0.3))
    frames, mask = made_clips(MAX_LEN, 0)
    clips = frames, torch.ones_like(mask)
    with dropout_seed(1):
        ours = model(*clips)
    with dropout_seed(1):
        theirs = reference.logits(model, *clips)
    with dropout_seed(2):
        assert (model(*clips) - ours).abs().max() > 1e-2
    torch.testing.assert_close(ours, theirs, rtol=ROUNDING, atol=ROUNDING)


@pytest.mark.parametrize("name", STATES)
def test_reference_gives_the_published_logits(name: str) -> None:
    model, expected = golden_model(name), golden_logits(name)
    max_len = model.config.max_len
    with np.load(DATA / "golden_preprocessed.npz") as stored:
        clips = [torch.from_numpy(stored[f"{max_len}/{clip}"]) for clip in expected]
    frames = torch.stack([F.pad(c, (0, 0, 0, 0, 0, max_len - len(c))) for c in clips])
    mask = torch.arange(max_len) < torch.tensor([[len(clip)] for clip in clips])
    with torch.no_grad():
        found = reference.logits(model, frames, mask)
    np.testing.assert_allclose(found, np.stack([*expected.values()]), rtol=0, atol=1e-4)


def test_the_shipped_model_answers_as_both_references_do() -> None:
    folder = weights_path(STARTER)
    assert folder is not None
    (model,) = load_model(folder).members
    max_len = model.config.max_len
    for name, clip in golden_clips().items():
        raw = torch.from_numpy(clip)
        frames, mask = Preprocess(max_len)(raw)
        same_frames, same_mask = preprocess(raw, max_len)
        with torch.no_grad():
            ours = model(frames[None], mask[None])
            theirs = reference.logits(model, same_frames[None], same_mask[None])
        torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-4, msg=name)
