"""Right shape, wrong meaning: what is noticed in clips and sets."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signlet.landmarks import FACE, LEFT_HAND, POSE, RAW_PARTS
from signlet.meaning import (
    look_at,
    remarks_on,
    suspected,
    suspected_of_set,
    tells_meaning,
)
from signlet.meaning.change import by_number, together
from signlet.sources import open_source
from signlet_testing.spoiled import (
    MENDED,
    SAID,
    Frames,
    Spoil,
    _flip_x,
    _negative,
    _stored,
    _swapped,
    _with,
    letters,
)

OTHERS = [order for order in permutations(RAW_PARTS) if order != tuple(RAW_PARTS)]
HANDS_ONLY_OTHER = ("face", "right_hand", "pose", "left_hand")


@pytest.mark.parametrize("kind", MENDED)
def test_a_clip_of_another_meaning_is_noticed_and_its_remedy_mends_it(kind: str) -> None:
    spoil, flags = MENDED[kind]
    for frames in letters():
        faults = suspected(spoil(frames))
        assert together([fault.change for fault in faults if fault.change]).flags() == flags
        mended = together([fault.change for fault in faults if fault.change])(spoil(frames))
        assert suspected(mended) == ()
        shift = np.nanmean(mended - frames, (0, 1))  # -y cannot be told from 1 - y
        assert np.allclose(mended - shift, frames, atol=1e-5, equal_nan=True)


@pytest.mark.parametrize("order", OTHERS, ids=",".join)
def test_parts_in_any_other_order_are_noticed_with_the_order(order: tuple[str, ...]) -> None:
    flags = "--swap-hands" if order == HANDS_ONLY_OTHER else f"--order {','.join(order)}"
    for frames in letters("A"):
        faults = suspected(_stored(*order)(frames))
        assert [fault.flags for fault in faults] == [flags]
        assert faults[0].change is not None
        assert np.array_equal(faults[0].change(_stored(*order)(frames)), frames, equal_nan=True)


@pytest.mark.parametrize("kind", SAID)
def test_what_no_change_can_guess_is_said(kind: str) -> None:
    spoil, problem = SAID[kind]
    for frames in letters():
        found = remarks_on(spoil(frames))
        assert [remark.partition(" (")[0] for remark in found][:1] == [problem]
        assert all(map(tells_meaning, found))
        assert all("; " in remark for remark in found)  # what is wrong; what to do


def test_right_clips_are_not_suspected() -> None:
    source = open_source("fingerspelling")
    assert [ref.name for ref in source.refs() if suspected(source.read(ref).frames)] == []


def test_right_clips_without_face_or_pose_or_with_one_hand_are_not_suspected() -> None:
    for frames in letters():
        for lost in ([FACE], [POSE], [FACE, POSE], [LEFT_HAND], [LEFT_HAND, FACE, POSE]):
            less = frames.copy()
            for part in lost:
                less[:, part] = np.nan
            assert suspected(less) == ()


def test_flat_clips_and_zeros_for_not_found_are_not_suspected() -> None:
    for frames in letters():
        flat = frames.copy()
        flat[..., 2] = 0
        assert suspected(flat) == ()
        assert suspected(np.nan_to_num(frames)) == ()


@given(
    seed=st.integers(0, 10_000),
    frames=st.integers(1, 30),
    spread=st.sampled_from(["uniform", "normal", "one place"]),
    lost=st.sampled_from([(), (FACE,), (POSE,), (FACE, POSE)]),
)
@settings(max_examples=60, deadline=None)
def test_random_numbers_are_not_judged(
    seed: int, frames: int, spread: str, lost: tuple[slice, ...]
) -> None:
    draws = np.random.default_rng(seed)
    clip = {
        "uniform": lambda: draws.random((frames, 543, 3)),
        "normal": lambda: draws.normal(0.5, 0.1, (frames, 543, 3)),
        "one place": lambda: np.full((frames, 543, 3), 0.5),
    }[spread]().astype(np.float32)
    for part in lost:
        clip[:, part] = np.nan
    assert suspected(clip) == ()


@given(
    numbers=st.lists(
        st.sampled_from([0.0, 1.0, -1.0, 0.5, 1e-30, 1e10, -1e10, 3e38, -3e38, float("nan")]),
        min_size=1,
        max_size=40,
    ),
    frames=st.integers(1, 20),
)
@settings(max_examples=80, deadline=None)
@pytest.mark.filterwarnings("error")
def test_any_numbers_are_looked_at_without_failing(numbers: list[float], frames: int) -> None:
    clip = np.resize(np.float32(numbers), (frames, 543, 3))
    for fault in suspected(clip):
        assert tells_meaning(fault.phrase)
    look = look_at(clip)
    assert not abs(look.handed) > 1


def test_frames_of_moving_hands_sorted_as_text_are_noticed() -> None:
    moving = [frames for frames in letters("JZ") if len(frames) > 20]
    noticed = 0
    for frames in moving:
        given_order = frames[np.array(sorted(range(len(frames)), key=str))]
        faults = suspected(given_order)
        noticed += [fault.flags for fault in faults] == ["--sort-frames"]
        assert np.array_equal(given_order[by_number(len(frames))], frames, equal_nan=True)
    assert noticed >= 0.5 * len(moving) > 2


# --- sets -----------------------------------------------------------------------------------


def _hands_only(frames: Frames) -> Frames:
    found = frames.copy()
    found[:, FACE], found[:, POSE] = np.nan, np.nan
    return found


SETS: dict[str, tuple[Spoil, str | None]] = {
    "right": (_hands_only, None),
    "hands exchanged": (lambda f: _swapped(_hands_only(f)), "--swap-hands"),
    "x to the left": (lambda f: _flip_x(_hands_only(f)), "--swap-hands"),
    "z the other way": (_with(2, _negative), "--flip-z"),
    "right, with pose": (lambda f: f, None),
}


@pytest.mark.parametrize("kind", SETS)
def test_a_set_decides_where_its_clips_cannot(kind: str) -> None:
    spoil, flags = SETS[kind]
    clips = [spoil(frames) for frames in letters("ABCDEFZ")]
    assert not any(map(suspected, clips))
    found = suspected_of_set([look_at(clip) for clip in clips])
    assert (found and found[0].flags) == flags


def test_few_clips_decide_nothing() -> None:
    clips = [_swapped(_hands_only(frames)) for frames in letters("A")[:4]]
    assert suspected_of_set([look_at(clip) for clip in clips]) is None
    assert suspected_of_set([]) is None
