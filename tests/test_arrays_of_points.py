"""Arrays of other points: numbers, named parts and their order, each other shape is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from signlet.errors import ClipError
from signlet.landmarks import FACE, LEFT_HAND, POSE, RIGHT_HAND
from signlet.sources import open_source, read_clip
from signlet_testing import miniatures as mini
from signlet_testing.listed_clips import by_name, refused
from signlet_testing.sources_data import same_in_a_worker


# --- arrays of other points --------------------------------------------------------------------
def test_the_tutorials_numbers_are_put_where_they_belong(tmp_path: Path) -> None:
    whole = mini.frames(1, 2, 0)
    for face in (True, False):
        np.save(tmp_path / "a.npy", mini.tutorial_rows(whole, face))
        got = read_clip(tmp_path / "a.npy").frames
        for part in (POSE, RIGHT_HAND, *([FACE] if face else [])):
            np.testing.assert_array_equal(got[:, part], whole[:, part])
        assert np.isnan(got[:, LEFT_HAND]).all()
        assert face or np.isnan(got[:, FACE]).all()


def test_frames_are_taken_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    folder = tmp_path / "book" / "0"
    folder.mkdir(parents=True)
    rows = np.repeat(mini.tutorial_rows(mini.frames())[:1], 12, 0)
    rows[:, 0] = np.arange(12)
    for number, row in enumerate(rows):
        np.save(folder / f"{number}.npy", row)
    source = open_source(tmp_path)
    got = source.read(source.refs()[0]).frames
    np.testing.assert_array_equal(got[:, POSE.start, 0], np.arange(12))


@pytest.mark.parametrize("shape", [(1662, 1), (63,), (), (3, 543, 3)])
def test_frames_of_other_shapes_are_refused(shape: tuple[int, ...], tmp_path: Path) -> None:
    root = mini.mp_data(tmp_path)
    path = root / "book" / "2" / "3.npy"
    np.save(path, np.zeros(shape))
    source = open_source(root)
    with pytest.raises(ClipError, match=r"3.npy: has shape .* expected 1662 or 258 numbers"):
        source.read(by_name(source)["book/2"])


def test_frames_that_are_no_arrays_are_refused(tmp_path: Path) -> None:
    root = mini.mp_data(tmp_path)
    (root / "book" / "2" / "3.npy").write_bytes(b"no array")
    source = open_source(root)
    with pytest.raises(ClipError, match=r"book/2"):
        source.read(by_name(source)["book/2"])


ORDERS = {
    "pose33+left21+right21": (POSE, LEFT_HAND, RIGHT_HAND),
    "left21+right21+pose33": (LEFT_HAND, RIGHT_HAND, POSE),
    "left21+right21": (LEFT_HAND, RIGHT_HAND),
    "pose33+face468+left21+right21": (POSE, FACE, LEFT_HAND, RIGHT_HAND),
}


@pytest.mark.parametrize("flat", [False, True])
@pytest.mark.parametrize("order", ORDERS)
def test_arrays_of_named_parts(order: str, flat: bool, tmp_path: Path) -> None:
    source = open_source(f"{order}:{mini.points(tmp_path, *ORDERS[order], flat=flat)}")
    clip = source.read(by_name(source)["drink/s2_1.npy"])
    whole = mini.frames(1, 2, 1)
    assert (clip.sign, clip.signer) == ("drink", "s2")
    for part in (FACE, LEFT_HAND, POSE, RIGHT_HAND):
        there = part in ORDERS[order] and part != LEFT_HAND
        want = whole[:, part] if there else np.full_like(whole[:, part], np.nan)
        np.testing.assert_array_equal(clip.frames[:, part], want)
    same_in_a_worker(source)


@pytest.mark.parametrize("parts", [(POSE, LEFT_HAND, RIGHT_HAND), (LEFT_HAND, RIGHT_HAND)])
@pytest.mark.parametrize("flat", [False, True])
def test_the_order_of_the_parts_is_not_guessed(
    parts: tuple[slice, ...], flat: bool, tmp_path: Path
) -> None:
    source = open_source(mini.points(tmp_path, *parts, flat=flat))
    with pytest.raises(
        ClipError, match=r"does not show the parts and their order; name the layout"
    ):
        source.read(source.refs()[0])


@pytest.mark.parametrize(
    ("order", "words"),
    [
        ("pose33+left20", "left20 is not a part"),
        ("left21+left21", "a part appears twice"),
        ("face400", "face400 is not a part"),
    ],
)
def test_parts_that_do_not_exist_are_refused(order: str, words: str, tmp_path: Path) -> None:
    refused(f"{order}:{tmp_path}", words)


def test_arrays_that_do_not_hold_the_named_parts_are_refused(tmp_path: Path) -> None:
    root = mini.points(tmp_path, LEFT_HAND, RIGHT_HAND)
    source = open_source(f"pose33+left21+right21:{root}")
    with pytest.raises(ClipError, match=r"which is not pose 33\+left_hand 21"):
        source.read(source.refs()[0])


def test_parts_under_their_names_in_an_archive(tmp_path: Path) -> None:
    whole = mini.frames()
    parts = {"face": FACE, "pose": POSE, "left_hand": LEFT_HAND, "right_hand": RIGHT_HAND}
    blocks = {name: whole[:, part] for name, part in parts.items()}
    np.savez(tmp_path / "a.npz", **blocks, fps=30)
    clip = read_clip(tmp_path / "a.npz")
    np.testing.assert_array_equal(clip.frames, whole)
    assert clip.fps == 30
    blocks["pose"] = blocks["pose"][:, :, :2]
    del blocks["face"]
    np.savez(tmp_path / "b.npz", **blocks)
    got = read_clip(tmp_path / "b.npz").frames
    assert np.isnan(got[:, FACE]).all()
    np.testing.assert_array_equal(got[:, POSE, :2], whole[:, POSE, :2])
    assert (got[:, POSE, 2] == 0).all()


@pytest.mark.parametrize(
    ("part", "shape", "words"),
    [
        ("pose", (3, 33, 3), "the parts have [3, 9] frames"),
        ("pose", (9, 30, 3), "pose has shape (9, 30, 3); expected (frames, 33, 2 to 4)"),
        ("face", (9, 400, 3), "face has shape"),
        ("left_hand", (9, 63), "left_hand has shape (9, 63)"),
        ("left_hand", (), "left_hand has shape ()"),
    ],
)
def test_parts_of_other_shapes_are_refused(
    part: str, shape: tuple[int, ...], words: str, tmp_path: Path
) -> None:
    blocks = {name: np.ones((9, 21, 3)) for name in ("left_hand", "right_hand")}
    np.savez(tmp_path / "a.npz", **{**blocks, part: np.ones(shape)})
    with pytest.raises(ClipError) as caught:
        read_clip(tmp_path / "a.npz")
    assert words in str(caught.value)
