"""Right shape, wrong meaning: what is noticed in clips, and what mends it."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from itertools import permutations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from signlet import Clip
from signlet.errors import ClipError, ClipWarning, SignletError
from signlet.landmarks import FACE, LEFT_HAND, MIRROR, POSE, RAW_PARTS, RIGHT_HAND
from signlet.meaning import (
    Change,
    look_at,
    remarks_on,
    remedy,
    suspected,
    suspected_of_set,
    tells_meaning,
)
from signlet.meaning.change import by_number, together
from signlet.meaning.faults import PROBLEMS
from signlet.meaning.watch import EVERY, FIRST, Watch
from signlet.sources import open_source

Frames = NDArray[np.float32]
Spoil = Callable[[Frames], Frames]
_HANDS = (LEFT_HAND, RIGHT_HAND)
_LANGUAGES = ("ase", "bzs", "csq", "eso", "gsg", "ise")


@cache
def letters(signs: str = "ABZ") -> tuple[Frames, ...]:
    """Real clips: six people, two still letters and one that moves."""
    source = open_source("fingerspelling")
    wanted = [ref for ref in source.refs() if ref.signer in _LANGUAGES and ref.sign in signs]
    return tuple(source.read(ref).frames for ref in wanted)


# --- ways to go wrong -------------------------------------------------------------------------


def _swapped(frames: Frames) -> Frames:
    found = frames.copy()
    found[:, LEFT_HAND], found[:, RIGHT_HAND] = frames[:, RIGHT_HAND], frames[:, LEFT_HAND]
    return found


def _pose_swapped(frames: Frames) -> Frames:
    found = frames.copy()
    found[:, POSE] = frames[:, MIRROR[POSE]]
    return found


def _with(column: int, change: Callable[[Frames], Frames]) -> Spoil:
    def spoil(frames: Frames) -> Frames:
        found = frames.copy()
        found[..., column] = change(frames[..., column])
        return found

    return spoil


def _stored(*order: str) -> Spoil:
    return lambda frames: np.concatenate([frames[:, RAW_PARTS[part]] for part in order], 1)


def _columns(*columns: int) -> Spoil:
    return lambda frames: frames[..., list(columns)]


def _one_minus(values: Frames) -> Frames:
    return 1 - values


def _negative(values: Frames) -> Frames:
    return -values


def _pixels(frames: Frames) -> Frames:
    return frames * np.array([640, 480, 640], np.float32)


_flip_x, _flip_y = _with(0, _one_minus), _with(1, _one_minus)

MENDED: dict[str, tuple[Spoil, str]] = {
    "hands exchanged": (_swapped, "--swap-hands"),
    "y up, 1 - y": (_flip_y, "--flip-y"),
    "y up, -y": (_with(1, _negative), "--flip-y"),
    "x to the left": (_flip_x, "--flip-x"),
    "x to the left, -x": (_with(0, _negative), "--flip-x"),
    "on its head": (lambda f: _flip_x(_flip_y(f)), "--flip-x --flip-y"),
    "x and y exchanged": (_columns(1, 0, 2), "--axes yxz"),
    "turned by 90 degrees": (lambda f: _flip_x(f[..., [1, 0, 2]]), "--axes yxz --flip-y"),
    "turned by 270 degrees": (lambda f: _flip_y(f[..., [1, 0, 2]]), "--axes yxz --flip-x"),
    "z first": (_columns(2, 0, 1), "--axes zxy"),
    "z in the middle": (_columns(0, 2, 1), "--axes xzy"),
    "from z to x": (_columns(2, 1, 0), "--axes zyx"),
    "y up and z first": (lambda f: _flip_y(f)[..., [2, 0, 1]], "--axes zxy --flip-y"),
    "pose's sides": (_pose_swapped, "--swap-pose"),
    "y up, hands exchanged": (lambda f: _flip_y(_swapped(f)), "--flip-y --swap-hands"),
    "other order, y up": (
        lambda f: _stored("pose", "face", "left_hand", "right_hand")(_flip_y(f)),
        "--order pose,face,left_hand,right_hand --flip-y",
    ),
}
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


def _relative(origin: Callable[[Frames], Frames], parts: tuple[slice, ...] = _HANDS) -> Spoil:
    def spoil(frames: Frames) -> Frames:
        found = frames.copy()
        for part in parts:
            found[:, part, :2] -= origin(frames[:, part, :2])
        return found

    return spoil


def _box(frames: Frames) -> Frames:
    found = frames.copy()
    for part in _HANDS:
        points = frames[:, part, :2]
        low, high = points.min(1, keepdims=True), points.max(1, keepdims=True)
        found[:, part, :2] = (points - low) / (high - low)
    return found


def _confidence(frames: Frames) -> Frames:
    found = frames.copy()
    sure = np.random.default_rng(0).uniform(0.5, 1, frames.shape[:2])
    found[..., 2] = np.where(np.isnan(frames[..., 0]), np.nan, sure)
    return found


def _twice(frames: Frames) -> Frames:
    found = frames.copy()
    found[:, LEFT_HAND] = np.where(
        np.isnan(frames[:, RIGHT_HAND]), frames[:, LEFT_HAND], frames[:, RIGHT_HAND]
    )
    found[:, RIGHT_HAND] = found[:, LEFT_HAND]
    return found


def _face_away(frames: Frames) -> Frames:
    found = frames.copy()
    found[:, FACE, :2] = frames[:, FACE, :2] * 3 - 2
    return found


def _hands_away(frames: Frames) -> Frames:
    found = frames.copy()
    for part in _HANDS:
        found[:, part, 0] += 1.5
    return found


_ORIGINS: dict[str, Callable[[Frames], Frames]] = {
    "wrist": lambda points: points[:, :1],
    "mean": lambda points: points.mean(1, keepdims=True),
    "corner": lambda points: points.min(1, keepdims=True),
}
SAID: dict[str, tuple[Spoil, str]] = {
    **{
        f"hands from their {name}": (_relative(origin), "hands are counted from themselves")
        for name, origin in _ORIGINS.items()
    },
    "every part from its mean": (
        _relative(_ORIGINS["mean"], tuple(RAW_PARTS.values())),
        "hands are counted from themselves",
    ),
    "hands in boxes": (_box, "hands are counted from themselves"),
    "face elsewhere": (_face_away, "the parts do not lie in one picture"),
    "hands elsewhere": (_hands_away, "the parts do not lie in one picture"),
    "pixels": (_pixels, "x and y are no fractions of the picture"),
    "percent": (lambda frames: frames * 100, "x and y are no fractions of the picture"),
    "confidence for z": (_confidence, "the third coordinate is not z"),
    "one hand twice": (_twice, "one hand is there twice"),
}


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


# --- changes --------------------------------------------------------------------------------


def test_a_change_says_its_flags_and_keeps_the_array() -> None:
    frames = letters("A")[0]
    before = frames.copy()
    change = Change(
        order=("pose", "face", "left_hand", "right_hand"),
        axes="zxy",
        pixels=(640, 480),
        zeros_missing=True,
        flip_y=True,
        mirror=True,
    )
    assert change.flags() == (
        "--order pose,face,left_hand,right_hand --axes zxy --pixels 640x480 --zeros-missing "
        "--flip-y --mirror"
    )
    assert change(frames).shape == frames.shape
    assert np.array_equal(frames, before, equal_nan=True)
    assert Change().flags() == ""


def test_pixels_become_fractions_and_zeros_missing() -> None:
    for frames in letters("A"):
        mended = Change(pixels=(640, 480))(_pixels(frames))
        assert np.allclose(mended, frames, atol=1e-6, equal_nan=True)
        zeros = frames.copy()
        zeros[:, 470, :2] = 0
        assert np.isnan(Change(zeros_missing=True)(zeros)[:, 470]).all()


def test_a_mirror_image_is_turned_and_back() -> None:
    for frames in letters("A"):
        turned = Change(mirror=True)(frames)
        assert suspected(turned) == ()  # a left-hander is no fault
        assert np.array_equal(turned[:, LEFT_HAND, 1], frames[:, RIGHT_HAND, 1], equal_nan=True)
        assert np.allclose(Change(mirror=True)(turned), frames, atol=1e-6, equal_nan=True)


def test_the_order_of_an_array_with_irises_is_known() -> None:
    frames = letters("A")[0]
    face = np.concatenate([frames[:, FACE], frames[:, :10]], 1)
    parts = [frames[:, POSE], face, frames[:, LEFT_HAND], frames[:, RIGHT_HAND]]
    mended = Change(order=("pose", "face", "left_hand", "right_hand"))(np.concatenate(parts, 1))
    assert np.array_equal(mended, frames, equal_nan=True)


@pytest.mark.parametrize(
    "wrong",
    [
        {"order": ("face", "pose")},
        {"order": ("face", "face", "pose", "left_hand")},
        {"axes": "xxz"},
        {"axes": "xy"},
        {"pixels": (0, 480)},
        {"pixels": (float("nan"), 480)},
    ],
    ids=str,
)
def test_changes_that_cannot_be_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(SignletError, match="--"):
        Change(**wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("shape", [(5, 543), (5, 540, 3), (0, 543, 3), (5, 543, 2)], ids=str)
def test_arrays_of_another_shape_are_refused(shape: tuple[int, ...]) -> None:
    for change in (Change(flip_y=True), Change(order=("pose", "face", "left_hand", "right_hand"))):
        with pytest.raises(ClipError, match="frames"):
            change(np.zeros(shape), "mine")


def test_one_command_mends_several_faults() -> None:
    faults = suspected(_flip_y(_swapped(letters("A")[0])))
    assert remedy(faults, "a", "b") == "signlet convert a b --flip-y --swap-hands"
    assert remedy(()) == ""


def test_every_phrase_is_known_as_one() -> None:
    spoils = [spoil for spoil, _ in (*MENDED.values(), *SAID.values())]
    phrases = {phrase for spoil in spoils for phrase in remarks_on(spoil(letters("A")[0]))}
    assert all(map(tells_meaning, phrases))
    assert len(PROBLEMS) > 10
    assert not tells_meaning("zeros taken as not found")


def test_the_page_of_the_docs_runs_and_names_every_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = (Path(__file__).parents[1] / "docs" / "meaning.md").read_text(encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    np.savez("clip.npz", landmarks=_flip_y(_swapped(letters("A")[0])))
    scope: dict[str, Any] = {}
    exec(page.partition("```python")[2].partition("```")[0], scope)
    assert np.allclose(scope["mended"], letters("A")[0], atol=1e-6, equal_nan=True)
    assert "--swap-hands" in capsys.readouterr().out
    said = " ".join(page.split())
    unsaid = {problem for problem in PROBLEMS if problem not in said}
    assert unsaid == {"the picture is turned by 90 degrees"}  # in one row with another


# --- a program that gives many clips ----------------------------------------------------------


def _show(watch: Watch, *clips: Frames) -> None:
    for frames in clips:
        watch.see(Clip(frames))


def test_a_program_is_warned_once_of_each_kind() -> None:
    watch = Watch()
    wrong, other = _swapped(letters("A")[0]), _flip_y(letters("A")[0])
    with pytest.warns(ClipWarning) as said:
        _show(watch, wrong, wrong, other, other)
    assert len(said) == 2
    assert "left and right hand are exchanged" in str(said[0].message)


def test_later_clips_are_looked_at_from_time_to_time() -> None:
    watch = Watch()
    frames = letters("A")[0]
    _show(watch, *[frames] * FIRST)
    with pytest.warns(ClipWarning, match="y runs upwards"):
        _show(watch, *[_flip_y(frames)] * EVERY)
