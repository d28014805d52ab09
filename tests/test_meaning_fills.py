"""Units, origins, filled hands, repeated frames: noticed, mended to the bit where that can be."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from signlet.cli import main
from signlet.clip.sentinels import without_numbers
from signlet.errors import SignletError
from signlet.landmarks import LEFT_HAND, POSE, RIGHT_HAND
from signlet.meaning import Change, quick_check, suspected
from signlet.meaning.change import together
from signlet.meaning.points import tracks
from signlet.sources import read_clip
from signlet_testing.spoiled import MENDED, SAID, letters

Frames = NDArray[np.float32]
_HANDS = (LEFT_HAND, RIGHT_HAND)


@cache
def clips() -> tuple[Frames, ...]:
    """Letters whose z is counted as MediaPipe counts it: 0 at the wrists, in the scale of x."""
    found = tuple(frames.copy() for frames in letters())
    for frames in found:
        frames[..., 2] = 50 * (frames[..., 2] - 0.5)
        for hand in _HANDS:
            frames[:, hand, 2] -= frames[:, hand.start, 2][:, None]
    return found


def flags_of(frames: Frames) -> str:
    return together([fault.change for fault in suspected(frames) if fault.change]).flags()


def mended(frames: Frames) -> Frames:
    return together([fault.change for fault in suspected(frames) if fault.change])(frames)


def same(one: Frames, other: Frames) -> bool:
    return np.array_equal(one, other, equal_nan=True)


# --- units and origins ------------------------------------------------------------------------


def only_xy(frames: Frames, change: Callable[[Frames], Frames]) -> Frames:
    found = frames.copy()
    found[..., :2] = change(frames[..., :2])
    return found


SPANS: dict[str, tuple[Callable[[Frames], Frames], str]] = {
    "-1 to 1": (lambda f: f * 2 - 1, "--span=-1,1"),
    "-0.5 to 0.5": (lambda f: f - np.float32(0.5), "--span=-0.5,0.5"),
    "percent": (lambda f: f * 100, "--span=0,100"),
    "percent without z": (lambda f: only_xy(f, lambda xy: xy * 100), "--span=0,100"),
}


@pytest.mark.parametrize("kind", SPANS)
def test_another_span_is_noticed_and_taken_back(kind: str) -> None:
    spoil, flags = SPANS[kind]
    known = [frames for frames in clips() if flags_of(spoil(frames)) == flags]
    assert len(known) > 0.6 * len(clips())
    for frames in clips():
        assert suspected(spoil(frames))  # in all of them something is said
    for frames in known:
        assert np.allclose(mended(spoil(frames)), frames, atol=2e-6, equal_nan=True)
        assert suspected(mended(spoil(frames))) == ()


def from_shoulders(frames: Frames) -> Frames:
    left, right = frames[:, POSE.start + 11], frames[:, POSE.start + 12]
    width = np.hypot(*(left - right)[:, :2].T)
    return (frames - ((left + right) / 2)[:, None]) / width[:, None, None]


ORIGINS: dict[str, Callable[[Frames], Frames]] = {
    "the middle, x and y alone": lambda f: only_xy(f, lambda xy: xy - np.float32(0.5)),
    "the shoulders of each frame": from_shoulders,
    "the nose of each frame": lambda f: f - f[:, POSE.start][:, None],
    "the shoulders of the first frame": lambda f: f - f[:1, POSE.start + 11][:, None],
    "the mean": lambda f: (f - np.nanmean(f, (0, 1))) / np.nanstd(f, (0, 1)),
}


@pytest.mark.parametrize("origin", ORIGINS)
def test_another_origin_is_noticed(origin: str) -> None:
    for frames in clips():
        problems = [fault.problem for fault in suspected(ORIGINS[origin](frames))]
        assert any("counted from" in problem for problem in problems)


@pytest.mark.parametrize("number", [1.0, 0.5, -1.0, 100.0])
def test_one_number_for_z_is_noticed_and_zero_is_not(number: float) -> None:
    for frames in clips():
        flat = frames.copy()
        flat[..., 2] = np.where(np.isnan(frames[..., 0]), np.nan, np.float32(number))
        assert flags_of(flat) == "--without-z"
        assert suspected(mended(flat)) == ()


# --- what no camera saw -----------------------------------------------------------------------

GAP = slice(6, 12)


def lost(frames: Frames, rows: slice = GAP) -> Frames:
    found = frames.copy()
    for hand in _HANDS:
        found[rows, hand] = np.nan
    return found


def held(frames: Frames) -> Frames:
    found = frames.copy()
    for row in range(GAP.start, GAP.stop):
        for hand in _HANDS:
            found[row, hand] = found[row - 1, hand]
    return found


def in_line(frames: Frames) -> Frames:
    found, steps = frames.copy(), GAP.stop - GAP.start + 1
    for hand in _HANDS:
        first, last = frames[GAP.start - 1, hand], frames[GAP.stop, hand]
        for step in range(1, steps):
            found[GAP.start + step - 1, hand] = first + (last - first) * np.float32(step / steps)
    return found


def held_from_the_start(frames: Frames) -> Frames:
    found = frames.copy()
    for hand in _HANDS:
        found[: GAP.start, hand] = frames[GAP.start, hand]
    return found


def held_to_the_end(frames: Frames) -> Frames:
    found = frames.copy()
    for hand in _HANDS:
        found[GAP.stop :, hand] = frames[GAP.stop - 1, hand]
    return found


FILLS: dict[str, tuple[Callable[[Frames], Frames], slice]] = {
    "held": (held, GAP),
    "in a line": (in_line, GAP),
    "from the start": (held_from_the_start, slice(0, GAP.start)),
    "to the end": (held_to_the_end, slice(GAP.stop, None)),
}


@pytest.mark.parametrize("kind", FILLS)
def test_hands_that_were_filled_in_are_lost_again(kind: str) -> None:
    fill, rows = FILLS[kind]
    for frames in clips():
        hands = ~np.isnan(frames[:, [hand.start for hand in _HANDS], 0])
        if len(frames) < GAP.stop + 4 or not hands.any(1).all():
            continue
        assert flags_of(fill(frames)) == "--filled-missing"
        assert same(mended(fill(frames)), lost(frames, rows))


@pytest.mark.parametrize("times", [2, 3, 4])
def test_repeated_frames_are_left_out(times: int) -> None:
    for frames in clips():
        repeated = np.repeat(frames, times, axis=0)
        assert flags_of(repeated) == "--drop-repeats"
        assert same(mended(repeated), frames)
        cut = repeated[: -(times // 2)]  # the last frame less often
        assert same(mended(cut), frames)


def test_frames_that_a_camera_froze_or_a_program_put_between_are_no_fills() -> None:
    for frames in clips():
        frozen = np.concatenate([frames[:6], np.repeat(frames[6:7], 6, 0), frames[7:]])
        between = np.repeat(frames, 2, axis=0)[:-1]
        between[1::2] = (frames[1:] + frames[:-1]) / 2
        assert suspected(frozen) == ()
        assert suspected(between) == ()


def test_of_one_hand_twice_the_one_at_its_wrist_stays() -> None:
    mended_ones = 0
    for frames in letters():
        hand = RIGHT_HAND if np.isnan(frames[:, LEFT_HAND, 0]).mean() > 0.5 else LEFT_HAND
        other = LEFT_HAND if hand is RIGHT_HAND else RIGHT_HAND
        twice, alone = frames.copy(), frames.copy()
        twice[:, other], alone[:, other] = frames[:, hand], np.nan
        assert [fault.problem for fault in suspected(twice)] == ["one hand appears twice"]
        if flags_of(twice) == "--one-hand":
            mended_ones += 1
            assert same(mended(twice), alone)
    assert mended_ones > 0.5 * len(letters())


def test_hands_in_part_are_no_other_order() -> None:
    """Some points, other ones in each frame, are not found."""
    draws = np.random.default_rng(0)
    for frames in letters():
        few = draws.random(frames.shape[:2]) < 0.1
        few[:, : LEFT_HAND.start] = False
        for number in (0.0, -1.0, 9999.0):
            filled = np.where(few[..., None] & ~np.isnan(frames), np.float32(number), frames)
            read, remark = without_numbers(filled)
            assert remark
            assert suspected(read) == ()


# --- the first look ---------------------------------------------------------------------------


def test_the_first_look_is_sure_of_right_clips_and_of_no_others() -> None:
    with np.errstate(all="ignore"):
        sure = [not quick_check.doubts(frames, tracks(frames)[0, 0]) for frames in letters()]
        assert np.mean(sure) > 0.9
        for spoil, _ in (*MENDED.values(), *SAID.values()):
            for frames in letters("A"):
                spoilt = np.ascontiguousarray(spoil(frames))
                assert quick_check.doubts(spoilt, tracks(spoilt)[0, 0])


# --- signlet convert --------------------------------------------------------------------------


def test_convert_finds_repeats_and_the_clip_lasts_as_long(tmp_path: Path) -> None:
    frames = clips()[0]
    given, out = tmp_path / "a.npz", tmp_path / "b.npz"
    np.savez(given, landmarks=np.repeat(frames, 2, axis=0), fps=50.0)
    assert main(["convert", str(given), str(out), "--auto"]) == 0
    made = read_clip(out)
    assert same(made.frames, frames)
    assert made.fps == 25.0


@pytest.mark.parametrize("flag", ["--span=-1,1", "--span=0,100"])
def test_convert_takes_the_span_that_a_remark_names(tmp_path: Path, flag: str) -> None:
    low, high = Change(span=(-1, 1)).span if "-1" in flag else (0, 100)  # type: ignore[misc]
    frames = clips()[0]
    np.save(tmp_path / "a.npy", frames * np.float32(high - low) + np.float32(low))
    out = tmp_path / "b.npz"
    assert main(["convert", str(tmp_path / "a.npy"), str(out), flag]) == 0
    assert np.allclose(read_clip(out).frames, frames, atol=2e-6, equal_nan=True)


@pytest.mark.parametrize("span", ["1", "a,b", "1,-1", "0,0", "0,nan", "0,1e9"])
def test_spans_that_cannot_be_are_refused(
    tmp_path: Path, span: str, capsys: pytest.CaptureFixture[str]
) -> None:
    np.save(tmp_path / "a.npy", clips()[0])
    command = ["convert", str(tmp_path / "a.npy"), str(tmp_path / "b.npz"), f"--span={span}"]
    assert main(command) != 0
    assert capsys.readouterr().err.count("\n") == 1
    assert not (tmp_path / "b.npz").exists()
    with pytest.raises(SignletError):
        Change(span=(1, -1))
