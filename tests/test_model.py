"""The model: the published system's numbers, and what must never change a clip's logits."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from signlet.errors import SignletError
from signlet.model import Mixup, ModelConfig, SignModel, load_published, published
from signlet.model.hands import hand_shapes
from signlet.preprocess import Preprocess
from signlet_testing.golden import DATA, STATES, golden_logits, golden_model, made_weights

MAX_LEN = 12
CLOSE = {"rtol": 0.0, "atol": 1e-5}
SWITCHES = ("centre_parts", "position_convolutions", "disentangled")


def small(training: bool = False, **changes: object) -> SignModel:
    """A small model with batch statistics and weights that are not those of a new one."""
    sizes = {"max_len": MAX_LEN, "dense": 16, "widths": (32, 48, 48, 32), "heads": 4}
    torch.manual_seed(0)
    model = SignModel(ModelConfig(**{**sizes, "num_classes": 5, **changes}))
    for name, tensor in model.state_dict().items():
        if name.endswith(("running_mean", "bias")):
            tensor.uniform_(-0.3, 0.3)
        elif name.endswith("running_var"):
            tensor.uniform_(0.5, 1.5)
    return model.train(training)


def without_dropout(**changes: object) -> SignModel:
    none = {"encoder_dropout": 0.0, "part_dropout": 0.0, "layer_dropout": (0.0, 0.0, 0.0)}
    return small(training=True, **{**none, **changes})


def batch(lengths: tuple[int, ...], padded: int) -> tuple[Tensor, Tensor]:
    """Clips of given lengths; the same numbers whatever they are padded to."""
    clips = [
        torch.randn(length, 100, 3, generator=torch.Generator().manual_seed(i))
        for i, length in enumerate(lengths)
    ]
    frames = torch.stack([F.pad(clip, (0, 0, 0, 0, 0, padded - len(clip))) for clip in clips])
    return frames, torch.arange(padded) < torch.tensor(lengths)[:, None]


# --- the published system -------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("len25_full", 35_143_010),
        ("len25_distilled", 9_819_298),
        ("len80_full", 13_688_418),
        ("len80_distilled", 6_943_394),
    ],
)
def test_published_sizes_have_the_published_number_of_parameters(
    name: str, parameters: int
) -> None:
    with torch.device("meta"):
        model = published(name)
    assert sum(p.numel() for p in model.parameters()) == parameters


@pytest.mark.parametrize("name", STATES)
def test_logits_equal_those_of_the_published_system(name: str) -> None:
    model = golden_model(name)
    max_len = model.config.max_len
    expected = golden_logits(name)
    with np.load(DATA / "golden_preprocessed.npz") as clips:
        frames = [torch.from_numpy(clips[f"{max_len}/{clip}"]) for clip in expected]
    assert len(expected) == 11
    lengths = torch.tensor([len(clip) for clip in frames])
    padded = torch.stack([F.pad(f, (0, 0, 0, 0, 0, max_len - len(f))) for f in frames])
    with torch.no_grad():
        ours = model(padded, torch.arange(max_len) < lengths[:, None])
    for row, (clip, golden) in zip(ours, expected.items(), strict=True):
        np.testing.assert_allclose(row, golden, rtol=0, atol=1e-4, err_msg=clip)


def test_raw_reference_clips_give_the_published_logits(shared: Path) -> None:
    model = published("len25_distilled").eval()
    load_published(model, made_weights("len25_distilled"))
    prepare = Preprocess(25)
    golden = shared / "golden"
    with np.load(golden / "clips.npz") as clips, np.load(golden / "logits.npz") as logits:
        for clip in clips:
            frames, mask = prepare(torch.from_numpy(clips[clip].astype(np.float32)))
            with torch.no_grad():
                ours = model(frames[None], mask[None])[0]
            np.testing.assert_allclose(ours, logits[f"len25_distilled/{clip}"], rtol=0, atol=1e-4)


def broken(change: str) -> dict[str, Tensor]:
    state = made_weights("len25_distilled")
    if change == "missing":
        del state["dense.weight"]
    elif change == "unknown":
        state["extra.weight"] = torch.zeros(3)
    elif change == "of another size":
        state["logits.weight"] = torch.zeros(7, 512)
    elif change == "of part of a projection":
        del state["frame_transformer_2.layer.0.attention.self.key_proj.bias"]
    return state


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("missing", "dense.weight"),
        ("unknown", "extra.weight"),
        ("of another size", r"logits.weight.*\(7, 512\).*\(250, 512\)"),
        ("of part of a projection", "key_proj.bias"),
    ],
)
def test_a_checkpoint_that_does_not_fit_is_refused(change: str, told: str) -> None:
    model = published("len25_distilled")
    before = model.logits.weight.clone()
    with pytest.raises(SignletError, match=told) as error:
        load_published(model, broken(change))
    assert "\n" not in str(error.value)
    assert torch.equal(model.logits.weight, before), "nothing may be loaded by halves"


def test_a_checkpoint_of_another_published_size_is_refused() -> None:
    with pytest.raises(SignletError, match="choose the model of that size"):
        load_published(published("len25_distilled"), made_weights("len80_distilled"))


def test_an_unknown_published_name_is_refused_with_the_known_ones() -> None:
    with pytest.raises(SignletError, match=r"len26.*len80_distilled"):
        published("len26")


@pytest.mark.parametrize(
    "changes",
    [
        {"max_len": 0},
        {"num_classes": 0},
        {"dense": 0},
        {"heads": 0},
        {"heads": 5},
        {"widths": (32, 48, 48)},
        {"widths": (32, 0, 48, 32)},
        {"part_dropout": 1.0},
    ],
)
def test_sizes_that_cannot_be_built_are_refused(changes: dict[str, object]) -> None:
    with pytest.raises(SignletError):
        small(**changes)


# --- what never changes a clip's logits -----------------------------------------------


@pytest.mark.parametrize("off", [None, *SWITCHES])
def test_padding_company_and_order_never_change_logits(off: str | None) -> None:
    model = small(**({off: False} if off else {}))
    lengths = (7, 1, MAX_LEN, 4, 2)
    with torch.no_grad():
        together = model(*batch(lengths, MAX_LEN))
        order = torch.tensor([3, 0, 4, 1, 2])
        frames, mask = batch(lengths, MAX_LEN)
        torch.testing.assert_close(model(frames[order], mask[order]), together[order], **CLOSE)
        for row, length in enumerate(lengths):
            for padded in range(length, MAX_LEN + 1):
                alone = model(frames[row : row + 1, :padded], mask[row : row + 1, :padded])
                torch.testing.assert_close(alone[0], together[row], **CLOSE)


def test_each_switch_changes_the_answer() -> None:
    clips = batch((7, 12), MAX_LEN)
    answers = [small()(*clips)] + [small(**{switch: False})(*clips) for switch in SWITCHES]
    for i, one in enumerate(answers):
        assert all((one - other).abs().max() > 1e-3 for other in answers[:i])


def test_more_frames_than_the_model_takes_are_refused() -> None:
    with pytest.raises(ValueError, match=f"{MAX_LEN + 1} frames.*max_len={MAX_LEN}"):
        small()(*batch((MAX_LEN + 1,), MAX_LEN + 1))


def test_padding_is_in_no_batch_statistic() -> None:
    lengths = (5, 3, 6, 1)
    models = [without_dropout(), without_dropout()]
    answers = [m(*batch(lengths, t)) for m, t in zip(models, (6, MAX_LEN), strict=True)]
    torch.testing.assert_close(*answers, **CLOSE)
    tight, padded = (m.state_dict() for m in models)
    statistics = [name for name in tight if "running" in name]
    assert len(statistics) == 12
    for name in statistics:
        torch.testing.assert_close(tight[name], padded[name], **CLOSE)
        assert not torch.equal(tight[name], small().state_dict()[name])


def test_batch_statistics_are_those_of_the_real_frames() -> None:
    model = without_dropout(centre_parts=False)
    frames, mask = batch((5, 3, 6), MAX_LEN)
    with torch.no_grad():
        rows = model.embedding(frames)[mask].flatten(1)
        expected = model.encoder.full.linear(rows).mean(0)
    model.encoder.full.norm.momentum = 1.0
    model(frames, mask)
    torch.testing.assert_close(model.encoder.full.norm.running_mean, expected, **CLOSE)


def test_dropout_is_the_only_chance_in_training() -> None:
    clips = batch((5, 3, 6, 1), MAX_LEN)
    quiet, noisy = without_dropout(), small(training=True)
    assert torch.equal(quiet(*clips), quiet(*clips))
    assert not torch.equal(noisy(*clips), noisy(*clips))
    torch.manual_seed(1)
    first = noisy(*clips)
    torch.manual_seed(1)
    assert torch.equal(first, noisy(*clips))


# --- mixup ----------------------------------------------------------------------------

ORDER = torch.tensor([1, 2, 0])


@pytest.mark.parametrize("layer", [0, 1, 2])
def test_mixup_keeps_the_share_of_each_clip(layer: int) -> None:
    model, clips = small(), batch((9, 9, 9), MAX_LEN)
    plain = model(*clips)
    share = torch.tensor([1.0, 0.0, 0.5])
    mixed = model(*clips, Mixup(torch.full((3,), layer), ORDER, share, (layer,)))
    torch.testing.assert_close(mixed[0], plain[0], **CLOSE)
    torch.testing.assert_close(mixed[1], plain[2], **CLOSE)
    assert all((mixed[2] - plain[row]).abs().max() > 1e-3 for row in (0, 2))


def test_mixup_unites_the_masks() -> None:
    hidden, (_, mask) = torch.randn(3, MAX_LEN, 4), batch((2, 9, 5), MAX_LEN)
    share = torch.tensor([0.25, 0.5, 1.0])
    mixed, united = Mixup(torch.zeros(3, dtype=torch.int64), ORDER, share).mix(hidden, mask, 0)
    assert united.sum(1).tolist() == [9, 9, 5]
    torch.testing.assert_close(mixed[0], 0.25 * hidden[0] + 0.75 * hidden[1])


def test_clips_that_are_not_mixed_before_a_layer_stay_as_they_are() -> None:
    hidden, (_, mask) = torch.randn(3, MAX_LEN, 4), batch((2, 9, 5), MAX_LEN)
    mixup = Mixup(torch.tensor([0, 1, 3]), ORDER, torch.tensor([0.25, 0.5, 0.5]))
    mixed, united = mixup.mix(hidden, mask, 1)
    assert torch.equal(mixed[[0, 2]], hidden[[0, 2]])
    assert united.sum(1).tolist() == [2, 9, 5]
    torch.testing.assert_close(mixed[1], 0.5 * hidden[1] + 0.5 * hidden[2])


def test_padded_rows_and_left_out_rows_give_the_same_training_output() -> None:
    """On a GPU all slots are rows and padding is left out of the statistics by a mask."""
    model = without_dropout()
    frames, mask = batch((5, 3, 6), MAX_LEN)
    expected = model(frames, mask)
    statistics = model.encoder.full.norm.running_var.clone()
    again = without_dropout()
    again.load_state_dict(
        {k: v for k, v in model.state_dict().items() if "running" not in k}, strict=False
    )
    with mock.patch("signlet.model.recogniser.can_drop_padding", return_value=False):
        torch.testing.assert_close(again(frames, mask), expected, **CLOSE)
    torch.testing.assert_close(again.encoder.full.norm.running_var, statistics, **CLOSE)


# --- hand shapes ----------------------------------------------------------------------


def test_hand_shapes_know_neither_place_nor_size() -> None:
    frames, _ = batch((5, 3), MAX_LEN)
    moved = frames.clone()
    moved[:, :, :42] = frames[:, :, :42] * 1.7
    moved[:, :, :21] += torch.randn(2, MAX_LEN, 1, 3)
    moved = torch.where(frames == 0, 0.0, moved)
    torch.testing.assert_close(hand_shapes(moved), hand_shapes(frames), **CLOSE)
    assert hand_shapes(torch.zeros(2, 4, 100, 3)).abs().sum() == 0


def test_a_model_that_sees_hand_shapes_does_not_care_about_padding() -> None:
    model = small(hand_shapes=True)
    frames, mask = batch((5, 3), MAX_LEN)
    alone = model(frames[:1, :5], mask[:1, :5])
    torch.testing.assert_close(model(frames, mask)[:1], alone, **CLOSE)
    assert (small()(frames, mask) - model(frames, mask)).abs().max() > 1e-3


# --- precisions and graphs ------------------------------------------------------------


def test_bfloat16_is_close_and_trains() -> None:
    model, clips = without_dropout(), batch((5, 3, 6, 1), MAX_LEN)
    exact = model(*clips)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        rough = model(*clips)
        F.cross_entropy(rough, torch.tensor([0, 1, 2, 3])).backward()
    assert (rough - exact).abs().max() < 0.1 * exact.std()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in model.parameters())


def test_the_exported_graph_gives_the_same_logits_for_any_batch() -> None:
    model = small()
    clips = torch.export.Dim("clips", max=64)
    graph = torch.export.export(
        model, batch((7, 3, 12), MAX_LEN), dynamic_shapes={"frames": {0: clips}, "mask": {0: clips}}
    ).module()
    for lengths in ((5,), (1, 12, 6, 2)):
        inputs = batch(lengths, MAX_LEN)
        torch.testing.assert_close(graph(*inputs), model(*inputs), **CLOSE)


# --- bfloat16 -------------------------------------------------------------------------


@pytest.mark.parametrize("changes", [{}, {"backbone": "conv", "kernel": 5, "blocks": 1}])
def test_no_gradient_depends_on_which_casts_to_bfloat16_are_kept(changes: dict[str, Any]) -> None:
    """Two trainings side by side clear each other's, by chance; resume must not depend on it."""

    def gradients(kept: bool) -> dict[str, Tensor]:
        model = without_dropout(**changes)
        frames, mask = batch((5, 9, MAX_LEN), MAX_LEN)
        with torch.autocast("cpu", torch.bfloat16, cache_enabled=kept):
            logits = model(frames, mask)
        F.cross_entropy(logits.float(), torch.tensor([0, 1, 2])).backward()
        return {name: part.grad for name, part in model.named_parameters() if part.grad is not None}

    kept, fresh = gradients(True), gradients(False)
    assert kept.keys() == fresh.keys()
    assert [name for name in kept if not torch.equal(kept[name], fresh[name])] == []
