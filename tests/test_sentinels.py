"""A number written for "not found" is not found, whatever the number; real positions stay."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import signlet
from signlet import Clip, ClipWarning
from signlet.cli import main
from signlet.clip.sentinels import without_numbers
from signlet.errors import ClipError
from signlet.landmarks import FACE, LEFT_HAND, POSE, RAW_PARTS, RIGHT_HAND
from signlet.sources import open_source, read_clip
from signlet.stream import StreamRecogniser
from signlet_testing.clips import moving_hand
from signlet_testing.streams import DOWN, Recorded, act, fake, segments_of, sign

FRAMES = np.concatenate([moving_hand(1, 0, 0)] * 2)
"""(T, 543, 3); the left hand is never found, the other parts always are."""
NUMBERS = (0.0, -0.0, -1.0, 0.5, 1.0, 1e6, -3e38, 1e-30, 1 / 3)


def lost(share: float = 0.4, seed: int = 0) -> np.ndarray:
    """The frames with parts missing here and there."""
    frames, rng = FRAMES.copy(), np.random.default_rng(seed)
    for part in RAW_PARTS.values():
        frames[rng.random(len(frames)) < share, part] = np.nan
    return frames


def clip_of(array: Any) -> Clip:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ClipWarning)
        return Clip.from_array(array)


@pytest.mark.parametrize("number", NUMBERS)
def test_any_number_is_as_nan(number: float) -> None:
    truth = lost()
    filled = np.where(np.isnan(truth), np.float32(number), truth)
    made = clip_of(filled)
    assert np.array_equal(made.frames, truth, equal_nan=True)
    assert len(made.remarks) == 1


@pytest.mark.parametrize(
    ("number", "remark"),
    [
        (0, "zeros treated as not found"),
        (-0.0, "zeros treated as not found"),
        (-1, "-1 treated as not found"),
        (0.5, "0.5 treated as not found"),
        (0.1, "0.1 treated as not found"),
        (1e6, "1000000 treated as not found"),
    ],
)
def test_the_remark_names_the_number(number: float, remark: str) -> None:
    truth = lost()
    assert clip_of(np.where(np.isnan(truth), number, truth)).remarks == (remark,)
    assert clip_of(truth).remarks == ()


def test_zeros_that_were_moved_and_scaled_since_are_not_found() -> None:
    """Programs fill with zeros, then subtract the shoulders of the frame, and divide."""
    truth = lost()
    truth[:, POSE] = FRAMES[:, POSE]
    filled = np.nan_to_num(truth)
    middle = filled[:, [500, 501]].mean(1, keepdims=True)
    made = clip_of((filled - middle) * np.float32(1.7))
    assert np.array_equal(np.isnan(made.frames), np.isnan(truth))
    assert made.remarks == ("points at one place treated as not found",)


@pytest.mark.parametrize("number", [0.0, -1.0])
def test_single_points_of_the_same_number_are_not_found_either(number: float) -> None:
    truth = lost()
    truth[::2, 504] = np.nan
    filled = np.where(np.isnan(truth), np.float32(number), truth)
    assert np.array_equal(clip_of(filled).frames, truth, equal_nan=True)


@pytest.mark.parametrize("number", [0.0, -1.0, 0.5, 1e9, -999.0, 9999.0])
@pytest.mark.parametrize("z", ["the number", "NaN"])
def test_points_of_a_part_may_be_lost_without_any_part(number: float, z: str) -> None:
    rng = np.random.default_rng(0)
    lost = rng.random(FRAMES.shape[:2]) < 0.1
    lost[:, LEFT_HAND] = False
    truth = np.where(lost[..., None], np.nan, FRAMES)
    filled = np.where(lost[..., None], np.float32(number), FRAMES)
    if z == "NaN":
        filled[..., 2] = truth[..., 2]
    made = clip_of(filled)
    assert np.array_equal(made.frames, truth, equal_nan=True)
    assert len(made.remarks) == 1


def test_half_a_hand_of_zeros_is_not_found() -> None:
    frames, expected = FRAMES.copy(), FRAMES.copy()
    frames[3, 530:540] = 0
    expected[3, 530:540] = np.nan
    made = clip_of(frames)
    assert np.array_equal(made.frames, expected, equal_nan=True)
    assert made.remarks == ("zeros treated as not found",)


def test_points_from_which_others_are_counted_stay() -> None:
    """A wrist from which its hand is counted is 0 in every frame."""
    frames = FRAMES.copy()
    for part in RAW_PARTS.values():
        frames[:, part] -= FRAMES[:, part][:, :1]
    made = clip_of(frames)
    assert np.array_equal(made.frames, frames, equal_nan=True)
    assert made.remarks == ()


def test_each_part_may_have_its_own_number() -> None:
    frames = FRAMES.copy()
    frames[1, FACE], frames[2, LEFT_HAND], frames[3, RIGHT_HAND] = 0, -1, (2, 3, 4)
    expected = FRAMES.copy()
    expected[1, FACE] = expected[2, LEFT_HAND] = expected[3, RIGHT_HAND] = np.nan
    assert np.array_equal(clip_of(frames).frames, expected, equal_nan=True)


def test_points_that_are_nan_anyway_do_not_hide_the_number() -> None:
    """Who records the upper body only has NaN for the legs, and zeros where nobody was seen."""
    frames = np.full((4, 543, 3), np.nan, np.float32)
    arms, lips = slice(500, 512), [13, 37, 40]
    frames[:, arms], frames[:, lips] = FRAMES[:4, arms], FRAMES[:4, lips]
    expected = frames.copy()
    frames[1, arms], frames[2, lips] = 0, -1
    expected[1, arms] = expected[2, lips] = np.nan
    made = clip_of(frames)
    assert np.array_equal(made.frames, expected, equal_nan=True)


def test_the_place_counts_whatever_z_is() -> None:
    frames, expected = FRAMES.copy(), FRAMES.copy()
    frames[1, RIGHT_HAND, :2] = 0
    frames[2, RIGHT_HAND] = (0, 0, np.nan)
    expected[1:3, RIGHT_HAND] = np.nan
    assert np.array_equal(clip_of(frames).frames, expected, equal_nan=True)


@pytest.mark.parametrize("z", [0.0, -1.0, 0.25, np.nan])
def test_flat_recordings_stay(z: float) -> None:
    frames = FRAMES.copy()
    frames[:, :, 2] = z
    made = clip_of(frames)
    assert np.array_equal(made.frames, frames, equal_nan=True)
    assert made.remarks == ()


def test_positions_that_only_look_alike_stay() -> None:
    frames = FRAMES.copy()
    frames[0, RIGHT_HAND, 0] = 0.5  # a hand on a vertical line
    frames[1, RIGHT_HAND, 1] = 0.5  # on a horizontal one
    frames[2, RIGHT_HAND] = 0.5
    frames[2, 542] = (0.5, 0.5, 0.5001)
    frames[2, 541, 1] = np.nextafter(np.float32(0.5), np.float32(1))  # one point a bit off
    frames[3, RIGHT_HAND] = np.nan
    frames[3, 530] = 0  # one point alone may be anywhere
    frames[4:, RIGHT_HAND] = frames[4, RIGHT_HAND]  # a hand that does not move
    frames[:, 523] = frames[:, 522]  # two points at one place
    made = clip_of(frames)
    assert np.array_equal(made.frames, frames, equal_nan=True)
    assert made.remarks == ()


def test_an_array_that_is_right_is_not_copied() -> None:
    assert without_numbers(FRAMES)[0] is FRAMES
    assert np.shares_memory(Clip.from_array(FRAMES).frames, FRAMES)


@settings(max_examples=60, deadline=None)
@given(
    number=st.floats(width=32, allow_nan=False, allow_infinity=False),
    seed=st.integers(0, 1000),
    share=st.floats(0, 1),
)
def test_for_all_numbers(number: float, seed: int, share: float) -> None:
    truth = lost(share, seed)
    filled = np.where(np.isnan(truth), np.float32(number), truth)
    assert np.array_equal(clip_of(filled).frames, truth, equal_nan=True)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 1000), bits=st.integers(2, 12))
def test_coarse_positions_stay(seed: int, bits: int) -> None:
    """Whole pixels of a small picture are positions, as long as a hand has two of them."""
    rng = np.random.default_rng(seed)
    frames = np.floor(rng.random((5, 543, 3)) * 2**bits).astype(np.float32)
    assert clip_of(frames).remarks == ()


# --- where landmarks come in ---------------------------------------------------------------


def test_a_warning_says_so_once_a_line() -> None:
    zeros = np.nan_to_num(lost())
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("default")
        for number in range(3):
            Clip.from_array(zeros, name=f"clip {number}")
    assert [str(one.message) for one in said] == [
        "zeros treated as not found; write NaN where a point was not found"
    ]
    assert said[0].category is ClipWarning
    assert Path(said[0].filename).name == Path(__file__).name


@pytest.mark.parametrize("number", [0.0, -1.0])
def test_files_are_read_as_arrays_are(tmp_path: Path, number: float) -> None:
    truth = lost()
    filled = np.where(np.isnan(truth), np.float32(number), truth)
    np.save(tmp_path / "a.npy", filled)
    np.savez(tmp_path / "a.npz", landmarks=filled)
    signlet.sources.write_clip(Clip(filled), tmp_path / "a.parquet")
    for suffix in (".npy", ".npz", ".parquet"):
        made = read_clip(tmp_path / f"a{suffix}")
        assert np.array_equal(made.frames, truth, equal_nan=True), suffix
        assert made.remarks == clip_of(filled).remarks


def zero_filled(folder: Path, count: int, signer: int = 0) -> list[str]:
    """Paths of clips with zeros for not found, 25 frames a second."""
    folder.mkdir(parents=True)
    paths = [folder / f"ada_{number}.npz" for number in range(count)]
    for number, path in enumerate(paths):
        np.savez(path, landmarks=np.nan_to_num(moving_hand(number, signer, number)), fps=25.0)
    return [str(path) for path in paths]


def test_the_command_line_says_so_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = zero_filled(tmp_path / "clips", 3)
    assert main(["recognise", *names]) == 0
    said = capsys.readouterr().err
    assert f"signlet: {names[0]} and 2 more: zeros treated as not found; write NaN" in said
    assert said.count("zeros") == 1
    assert main(["live", names[0], "--headless"]) == 0
    assert capsys.readouterr().err.count("zeros treated as not found; write NaN") == 1


def test_teaching_says_so_once(
    tmp_path: Path, teachable: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number, word in enumerate(("hello", "thanks")):
        zero_filled(tmp_path / "clips" / word, 2, number)
    out = tmp_path / "mine.onnx"
    assert main(["teach", str(teachable), str(tmp_path / "clips"), "-o", str(out)]) == 0
    said = capsys.readouterr().err
    assert "signlet: hello/ada_0.npz and 3 more: zeros treated as not found; write NaN" in said
    assert said.count("zeros") == 1


def test_a_clip_of_nothing_but_zeros_shows_nothing() -> None:
    nothing = clip_of(torch.zeros(3, 543, 3)).frames
    assert np.isnan(nothing).all()
    with pytest.raises(ClipError, match="no landmark was found"):
        signlet.clip.require_landmarks(nothing, "a")


# --- streams -------------------------------------------------------------------------------


def signed(number: float) -> Recorded:
    """A signer whose face and other hand were not found, which is written as a number."""
    recorded = act((0, DOWN, 0), *sign(1.0, 0.6), (4, DOWN, 0))
    return Recorded([filled(frame, number) for frame in recorded.frames], recorded.times)


def filled(frame: np.ndarray, number: float) -> np.ndarray:
    frame = frame.copy()
    for part in (FACE, LEFT_HAND, RIGHT_HAND):
        frame[part] = np.where(np.isnan(frame[part]), np.float32(number), frame[part])
    return frame


@pytest.mark.parametrize("number", [0.0, -1.0, 0.5])
def test_streams_take_numbers_as_not_found(number: float) -> None:
    with pytest.warns(ClipWarning, match="treated as not found"):
        found, expected = segments_of(signed(number)), segments_of(signed(np.nan))
    assert len(found) == len(expected) == 1
    assert (found[0].start, found[0].end) == (expected[0].start, expected[0].end)
    assert np.array_equal(found[0].frames, expected[0].frames, equal_nan=True)


def test_a_stream_says_so_once() -> None:
    stream, recorded = StreamRecogniser(fake), signed(-1)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        for frame, time in zip(recorded.frames, recorded.times, strict=True):
            stream.push(frame, time)
    assert stream.remarks == ("-1 treated as not found",)
    assert [one.category for one in said] == [ClipWarning]
    assert StreamRecogniser(fake).remarks == ()


@pytest.mark.parametrize("form", [torch.tensor, np.ma.masked_invalid, np.asfortranarray, list])
def test_frames_of_a_stream_may_be_any_array(form: Any) -> None:
    recorded = signed(np.nan)
    given = Recorded([form(frame) for frame in recorded.frames], recorded.times)
    (found,), (expected,) = segments_of(given), segments_of(recorded)
    assert np.array_equal(found.frames, expected.frames, equal_nan=True)


def test_a_masked_frame_of_a_stream_keeps_its_mask() -> None:
    recorded = signed(np.nan)
    masked = [np.ma.array(np.nan_to_num(f), mask=np.isnan(f)) for f in recorded.frames]
    (found,), (expected,) = segments_of(Recorded(masked, recorded.times)), segments_of(recorded)
    assert np.array_equal(found.frames, expected.frames, equal_nan=True)


# --- real clips ----------------------------------------------------------------------------


def test_no_letter_of_the_lexicon_has_a_part_at_one_place() -> None:
    letters = open_source("fingerspelling")
    assert [ref.name for ref in letters.refs()[::4] if letters.read(ref).remarks] == []


def test_no_clip_of_the_competition_has_a_part_at_one_place(shared: Path) -> None:
    files = sorted((shared / "data" / "aslsigns").glob("*/*/*.parquet"))
    assert files
    assert [path.name for path in files if read_clip(path).remarks] == []
