"""Arrays that are no clip's: the message says how they become one, and that is so."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from signlet import Clip
from signlet.errors import ClipError
from signlet.sources import read_clip

T = 30


def points(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).random(shape, dtype=np.float32)


@pytest.mark.parametrize(
    ("shape", "advice"),
    [
        ((T, 1629), "give array.reshape(-1, 543, 3)"),
        ((T, 1659), "give array.reshape(-1, 553, 3)"),
        ((1, T, 543, 3), "its only clip is array[0]"),
        ((T, 543, 4), "drop the fourth, array[..., :3]"),
        ((T, 553, 4), "drop the fourth, array[..., :3]"),
        ((T, 3, 543), "give array.transpose(0, 2, 1)"),
        ((543, T, 3), "give array.transpose(1, 0, 2)"),
        ((3, T, 543), "give array.transpose(1, 2, 0)"),
        ((3, 543, T), "give array.transpose(2, 1, 0)"),
    ],
)
def test_the_remedy_that_is_named_makes_a_clip_of_it(shape: tuple[int, ...], advice: str) -> None:
    array = points(*shape)
    with pytest.raises(ClipError) as caught:
        Clip.from_array(array)
    said = str(caught.value)
    assert str(shape) in said
    assert advice in said
    assert "\n" not in said
    code = advice[advice.index("array") :]
    mended = eval(code, {"array": array})
    assert Clip.from_array(mended).frames.shape[1:] == (543, 3)


@pytest.mark.parametrize(
    ("shape", "advice"),
    [
        ((T, 543, 2), "add a third coordinate of zeros"),
        ((T, 543, 2), "--data face468+left21+pose33+right21:FOLDER"),
        ((T, 553, 2), "--data face478+left21+pose33+right21:FOLDER"),
        ((T, 1086), "array.reshape(-1, 543, 2)"),
        ((T, 2172), "array.reshape(-1, 543, 4)"),
        ((4, T, 543, 3), "give one clip after the other"),
        ((1662,), "one frame"),
        ((258,), "signlet convert mp-data:FOLDER OUT"),
        ((1629,), "stack the frames"),
        ((543, 3), "one frame"),
        ((543, 2), "one frame"),
        ((), "expected (frames, 543, 3)"),
        ((7,), "expected (frames, 543, 3)"),
        ((T, 99, 3), "in the order face 468"),
    ],
)
def test_what_is_to_be_done_is_said_of_arrays_and_files(
    shape: tuple[int, ...], advice: str, tmp_path: Path
) -> None:
    with pytest.raises(ClipError) as caught:
        Clip.from_array(points(*shape))
    assert advice in str(caught.value)
    path = tmp_path / "clip.npy"
    np.save(path, points(*shape))
    with pytest.raises(ClipError) as caught:
        read_clip(path)
    assert str(path) in str(caught.value)
    assert advice in str(caught.value)


@pytest.mark.parametrize("numbers", [1662, 258])
def test_an_array_is_read_like_the_file_of_it(numbers: int, tmp_path: Path) -> None:
    array = points(T, numbers)
    np.save(tmp_path / "clip.npy", array)
    want = read_clip(tmp_path / "clip.npy").frames
    np.testing.assert_array_equal(Clip.from_array(array).frames, want)
    np.testing.assert_array_equal(Clip.from_array(array.tolist()).frames, want)
