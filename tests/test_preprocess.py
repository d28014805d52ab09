"""Preprocessing: the published system's numbers, the reference's, and what holds for any clip."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from signlet import landmarks
from signlet.preprocess import Preprocess, frame_slots, reference

DATA = Path(__file__).parent / "data"
NAN = float("nan")


def golden(path: str) -> dict[str, NDArray[np.float32]]:
    with np.load(DATA / path) as file:
        return dict(file)


def golden_clips() -> dict[str, torch.Tensor]:
    clips = golden("golden_clips.npz")
    rows = clips.pop("rows")
    full = {}
    for name, points in clips.items():
        full[name] = torch.full((len(points), landmarks.NUM_RAW, 3), NAN)
        full[name][:, rows] = torch.from_numpy(points.astype(np.float32))
    return full


CLIPS = golden_clips()
EXPECTED = golden("golden_preprocessed.npz")
LENGTHS = (25, 80)


def made_clip(frames: int, seed: int = 0) -> torch.Tensor:
    """Right hand in all frames, left hand in every third."""
    generator = torch.Generator().manual_seed(seed)
    raw = torch.randn(frames, landmarks.NUM_RAW, 3, generator=generator)
    raw[torch.arange(frames) % 3 > 0, landmarks.LEFT_HAND] = NAN
    return raw


def without_hands(raw: torch.Tensor) -> torch.Tensor:
    raw = raw.clone()
    raw[:, landmarks.LEFT_HAND] = raw[:, landmarks.RIGHT_HAND] = NAN
    return raw


def kept_numbers(hand: NDArray[np.bool_], max_len: int) -> list[int]:
    """The frames that stay by the reference's rule, as numbers from 0."""
    numbers = np.flatnonzero(hand) if hand.any() else np.arange(len(hand))
    return reference.thinned(torch.from_numpy(numbers), max_len).tolist()  # type: ignore[no-any-return]


@pytest.mark.parametrize("max_len", LENGTHS)
@pytest.mark.parametrize("name", CLIPS)
def test_the_reference_equals_the_published_system(name: str, max_len: int) -> None:
    """To the unit in the last place of z's mean in float32, which moves z by 3e-5."""
    points = reference.normalised(CLIPS[name], max_len).nan_to_num(0.0)
    np.testing.assert_allclose(points, EXPECTED[f"{max_len}/{name}"], rtol=0, atol=5e-5)


def odd_clip(kind: str, raw: torch.Tensor) -> torch.Tensor:
    raw = raw.clone()
    if kind == "no hand":
        raw = without_hands(raw)
    elif kind == "nothing":
        raw[:] = NAN
    elif kind == "flat":
        raw[..., 2] = 0.25
    elif kind == "no z":
        raw[..., 2] = NAN
    elif kind == "single coordinates lost":
        raw[::2, ::3, 1] = NAN
    return raw


KINDS = ("any", "no hand", "nothing", "flat", "no z", "single coordinates lost")


@settings(max_examples=60, deadline=None)
@given(
    frames=st.integers(1, 90),
    missing=st.floats(0, 0.99),
    max_len=st.integers(2, 40),
    kind=st.sampled_from(KINDS),
    seed=st.integers(0, 99),
)
def test_every_way_equals_the_reference(
    frames: int, missing: float, max_len: int, kind: str, seed: int
) -> None:
    """To 1e-4 in float32, of coordinates around 1; the reference counts in float64."""
    generator = torch.Generator().manual_seed(seed)
    raw = made_clip(frames, seed)
    raw[torch.rand(raw.shape[:2], generator=generator) < missing] = NAN
    raw = odd_clip(kind, raw)
    expected, mask = reference.preprocess(raw.double(), max_len)
    preprocess, company = Preprocess(max_len), made_clip(7)
    alone = preprocess(raw)
    both, lengths = torch.cat([company, raw]), torch.tensor([7, frames])
    traced = [part[1] for part in preprocess.trace_clips(both, lengths)]
    for found, found_mask in (alone, traced):
        assert torch.equal(found_mask, mask)
        torch.testing.assert_close(found.double(), expected, rtol=0, atol=1e-4)
    packed, kept = preprocess.normalise_clips([company, raw])
    normalised = reference.normalised(raw.double(), max_len)
    together = packed[int(kept[0]) :].double()
    torch.testing.assert_close(together, normalised, rtol=0, atol=1e-4, equal_nan=True)


@pytest.mark.parametrize("max_len", LENGTHS)
@pytest.mark.parametrize("name", CLIPS)
def test_equals_the_published_system(name: str, max_len: int) -> None:
    frames, mask = Preprocess(max_len)(CLIPS[name])
    expected = EXPECTED[f"{max_len}/{name}"]
    assert frames.shape == (max_len, 100, 3)
    assert mask.tolist() == [True] * len(expected) + [False] * (max_len - len(expected))
    np.testing.assert_allclose(frames[mask].numpy(), expected, rtol=0, atol=1e-5)
    assert (frames[~mask] == 0).all()


@pytest.mark.parametrize("max_len", LENGTHS)
def test_several_clips_at_once_give_the_same_bits(max_len: int) -> None:
    preprocess = Preprocess(max_len)
    clips = [*CLIPS.values(), without_hands(CLIPS["t50"]), torch.full((3, 543, 3), NAN)]
    frames, kept = preprocess.normalise_clips(iter(clips))
    for clip, part in zip(clips, frames.split(kept.tolist()), strict=True):
        alone, mask = preprocess.normalise(clip)
        assert torch.equal(alone[mask].view(torch.int32), part.view(torch.int32))


def test_no_clips_at_once_give_no_frames() -> None:
    frames, kept = Preprocess(25).normalise_clips([])
    assert frames.shape == (0, 100, 3)
    assert kept.tolist() == []


@settings(max_examples=60, deadline=None)
@given(hand=st.lists(st.booleans(), min_size=1, max_size=90), max_len=st.integers(1, 40))
def test_keeps_the_frames_of_the_published_rule(hand: list[bool], max_len: int) -> None:
    index, mask = frame_slots(torch.tensor(hand) | (not any(hand)), max_len)
    assert index.shape == mask.shape == (max_len,)
    assert index[mask].tolist() == kept_numbers(np.array(hand), max_len)
    assert ((index >= 0) & (index < len(hand))).all()


@settings(max_examples=30, deadline=None)
@given(
    left=st.lists(st.booleans(), min_size=1, max_size=60),
    right=st.lists(st.booleans(), min_size=60, max_size=60),
    max_len=st.integers(2, 40),
    point=st.integers(0, 20),
)
def test_a_frame_counts_when_one_point_of_one_hand_was_found(
    left: list[bool], right: list[bool], max_len: int, point: int
) -> None:
    raw = without_hands(torch.randn(len(left), landmarks.NUM_RAW, 3))
    raw[:, landmarks.POSE] = torch.arange(len(left))[:, None, None].float()
    for part, found in ((landmarks.LEFT_HAND, left), (landmarks.RIGHT_HAND, right[: len(left)])):
        raw[torch.tensor(found), part.start + point] = 0.5
    frames, mask = Preprocess(max_len).normalise(raw)
    numbers = kept_numbers(np.array(left) | np.array(right[: len(left)]), max_len)
    assert int(mask.sum()) == len(numbers)
    arm = frames[mask][:, landmarks.PARTS["arms"][0], 0]
    order = np.argsort(np.argsort(numbers))
    assert arm.argsort(stable=True).argsort().tolist() == order.tolist()


@pytest.mark.parametrize("frames", [1, 2, 24, 25])
def test_a_clip_that_fits_keeps_all_its_frames(frames: int) -> None:
    assert int(Preprocess(25)(made_clip(frames))[1].sum()) == frames


def test_without_any_hand_all_frames_count() -> None:
    raw = without_hands(made_clip(20))
    frames, mask = Preprocess(25).normalise(raw)
    assert int(mask.sum()) == 20
    hands = [*landmarks.PARTS["left_hand"], *landmarks.PARTS["right_hand"]]
    assert torch.isnan(frames[:, hands]).all()
    assert torch.isfinite(frames[mask][:, landmarks.HEAD]).all()


def test_a_clip_without_any_landmark_becomes_zeros() -> None:
    frames, mask = Preprocess(25)(torch.full((4, 543, 3), NAN))
    assert int(mask.sum()) == 4
    assert (frames == 0).all()


@settings(max_examples=25, deadline=None)
@given(
    frames=st.integers(1, 70),
    missing=st.floats(0, 0.9),
    scale=st.sampled_from([1e-3, 1.0, 500.0]),
    seed=st.integers(0, 99),
)
def test_mean_0_and_deviation_1_over_what_was_found(
    frames: int, missing: float, scale: float, seed: int
) -> None:
    generator = torch.Generator().manual_seed(seed)
    raw = torch.randn(frames, 543, 3, generator=generator) * scale + scale
    raw[torch.rand(frames, 543, generator=generator) < missing] = NAN
    out, mask = Preprocess(25).normalise(raw)
    found = out[mask].double().flatten(0, 1)
    found = found[~torch.isnan(found).any(1)]
    if len(found) > 1:
        torch.testing.assert_close(found.mean(0), torch.zeros(3).double(), rtol=0, atol=1e-4)
        torch.testing.assert_close(
            found.std(0, correction=0), torch.ones(3).double(), rtol=1e-4, atol=0
        )
    assert torch.isnan(out[~mask]).all()


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_mirrored_clip_gives_mirrored_frames(axis: int) -> None:
    raw = made_clip(30)
    sign = torch.ones(3)
    sign[axis] = -1
    mirrored, _ = Preprocess(25).normalise(raw[:, torch.from_numpy(landmarks.MIRROR)] * sign)
    expected = Preprocess(25).normalise(raw)[0][:, torch.from_numpy(landmarks.MIRROR_SELECTED)]
    torch.testing.assert_close(mirrored, expected * sign, rtol=0, atol=1e-5, equal_nan=True)


def test_moving_and_scaling_a_clip_changes_nothing() -> None:
    raw = made_clip(30)
    moved = raw * torch.tensor([2.0, 3.0, 0.5]) + torch.tensor([1.0, -2.0, 0.25])
    expected, _ = Preprocess(25)(raw)
    torch.testing.assert_close(Preprocess(25)(moved)[0], expected, rtol=0, atol=1e-5)


def test_a_flat_coordinate_becomes_zero() -> None:
    raw = made_clip(12)
    raw[..., 2] = 0.7
    frames, mask = Preprocess(25)(raw)
    assert (frames[..., 2] == 0).all()
    assert frames[mask][..., 0].abs().max() > 0.5


def test_a_mean_of_points_is_missing_where_one_of_them_is() -> None:
    raw = made_clip(5)
    raw[2, landmarks.MEANS["nose"][0]] = NAN
    frames, _ = Preprocess(25).normalise(raw)
    nose = len(landmarks.SINGLE) + list(landmarks.MEANS).index("nose")
    assert torch.isnan(frames[:5, nose, 0]).tolist() == [False, False, True, False, False]


def test_a_missing_coordinate_leaves_the_others_in_place() -> None:
    raw = made_clip(8)
    raw[..., 2] = NAN
    frames, _ = Preprocess(25)(raw)
    full, _ = Preprocess(25)(made_clip(8))
    assert (frames[..., 2] == 0).all()
    torch.testing.assert_close(frames[..., :2], full[..., :2], rtol=0, atol=1e-5)


@settings(max_examples=100, deadline=None)
@given(frames=st.integers(1, 20_000), max_len=st.integers(2, 100))
def test_no_clip_loses_all_its_frames(frames: int, max_len: int) -> None:
    _, mask = frame_slots(torch.ones(frames, dtype=torch.bool), max_len)
    assert 1 <= int(mask.sum()) <= min(frames, max_len)


@pytest.mark.parametrize("max_len", [-1, 0, 1])
def test_too_few_slots_are_refused(max_len: int) -> None:
    with pytest.raises(ValueError, match=f"max_len is {max_len}"):
        Preprocess(max_len)


def test_the_exported_program_takes_any_length() -> None:
    program = torch.export.export(
        Preprocess(25),
        (made_clip(40),),
        dynamic_shapes={"raw": {0: torch.export.Dim("frames", min=2, max=1024)}},
    ).module()
    for raw in (made_clip(2), made_clip(25), made_clip(26), made_clip(333), CLIPS["t200_gaps"]):
        frames, mask = program(raw)
        expected, expected_mask = Preprocess(25)(raw)
        assert torch.equal(mask, expected_mask)
        torch.testing.assert_close(frames, expected, rtol=0, atol=1e-5)
