"""Landmarks in JSON, pickles, several people: a clip, or one line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pose_format import Pose
from pose_format.numpy import NumPyPoseBody

from signlet.errors import ClipError, SignletError
from signlet.sources import open_source, read_clip
from signlet_testing import miniatures as mini
from signlet_testing.sources_data import HOLISTIC, pose_bytes


# --- JSON, pickles, several people -------------------------------------------------------------
@pytest.mark.parametrize("spelling", mini.NAMES)
@pytest.mark.parametrize("form", ["list", "frames", "by part"])
def test_json_of_landmarks(spelling: str, form: str, tmp_path: Path) -> None:
    whole = mini.frames()
    content: object = mini.tasks_frames(whole, spelling)
    if form == "frames":
        content = {"fps": 50, "frames": content}
    elif form == "by part":
        listed = mini.tasks_frames(whole, spelling)
        content = {name: [frame[name] for frame in listed] for name in mini.NAMES[spelling]}
    clip = read_clip(mini.saved_json(tmp_path / "a.json", content))
    np.testing.assert_array_equal(clip.frames, whole)
    assert clip.fps == (50 if form == "frames" else None)


def test_faces_of_478_points_in_json_are_cut(tmp_path: Path) -> None:
    frame = mini.tasks_frames(mini.frames()[:1])[0]
    frame["face_landmarks"] += [{"x": 7, "y": 7, "z": 7}] * 10
    clip = read_clip(mini.saved_json(tmp_path / "a.json", [frame]))
    np.testing.assert_array_equal(clip.frames, mini.frames()[:1])


POINT = {"x": 1, "y": 1, "z": 1}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ([], "has 0 frames"),
        ({}, "contains no hands"),
        ([{"face": []}], "contains no hands"),
        (
            [{"path": "a.npz", "sign": "yes"}],
            "seems to be a table of clips, not a clip; name its columns",
        ),
        ([{"File": "a.npz", "n": 1}, {"File": "b.npz", "n": None}], "--columns path=HEADING"),
        ([1], "is not a list of frames"),
        ("text", "is not a list of frames"),
        ([{"left_hand": [POINT] * 20}], "frame 0: left_hand has 20 points; expected 21"),
        (
            [{"left_hand": [{"x": "a", "y": 1}] * 21}],
            "frame 0: a point of left_hand is not x, y, z",
        ),
        ([{"left_hand": [[1]] * 21}], "frame 0: a point of left_hand is not x, y, z"),
        ([{"left_hand": [{"y": 1}] * 21}], "frame 0: a point of left_hand"),
        ([{"left_hand": [POINT] * 21}, {"left_hand": [POINT] * 2}], "left_hand has"),
        ([{"left_hand": [{"x": 1e999, "y": 1}] * 21}], "infinite"),
    ],
)
def test_json_that_is_no_clip_is_refused(content: object, words: str, tmp_path: Path) -> None:
    path = mini.saved_json(tmp_path / "a.json", content)
    with pytest.raises(SignletError) as caught:
        read_clip(path)
    assert words in str(caught.value)
    assert str(path) in str(caught.value)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=3) | st.just(POINT),
    lambda inner: (
        st.lists(inner, max_size=22)
        | st.dictionaries(
            st.sampled_from(["left_hand", "poseLandmarks", "frames", "fps", "x", "landmark"]), inner
        )
    ),
    max_leaves=30,
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=JSON)
def test_any_json_is_a_clip_or_one_line(content: object, tmp_path: Path) -> None:
    path = mini.saved_json(tmp_path / "a.json", content)
    try:
        said = f"{path} {read_clip(path).frames.shape[1:]}"
    except SignletError as error:
        said = str(error)
    assert str(path) in said
    assert "\n" not in said


CELL = st.text("0123456789.,-e:xN", max_size=5)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(start=CELL, end=CELL, first=CELL, last=CELL)
def test_any_start_and_end_is_a_stretch_or_one_line(
    start: str, end: str, first: str, last: str, tmp_path: Path
) -> None:
    headings = ("path", "sign", "start", "end", "start_frame", "end_frame")
    path = mini.table(tmp_path / "t.csv", [headings, ("a.npz", "a", start, end, first, last)])
    try:
        (ref,) = open_source(path).refs()
        said = f"{path} {ref.span}"
        assert ref.span is None or ref.span.rows(25).start >= 0
    except SignletError as error:
        said = str(error)
    assert str(path) in said
    assert "\n" not in said


def test_json_beside_videos_is_no_clip(tmp_path: Path) -> None:
    mini.tasks_json(tmp_path)
    mini.clip(tmp_path / "book" / "s1_9.npz")
    assert open_source(tmp_path).name == "folder"
    assert [ref.name for ref in open_source(tmp_path).refs()] == ["book/s1_9.npz"]


def test_a_pickle_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "a.pkl").write_bytes(b"cos\nsystem\n(S'exit 1'\ntR.")
    with pytest.raises(ClipError, match=r"is a pickle, which can run any program when it is read"):
        read_clip(tmp_path / "a.pkl")


def several(path: Path, sizes: list[float]) -> Path:
    """People in a .pose file, x from 0 to a size, each at a height of its own."""
    pose = Pose.read(pose_bytes(HOLISTIC, people=len(sizes)))
    data = pose.body.data.filled(0)
    count = data.shape[2]
    for person, size in enumerate(sizes):
        data[:, person, :, 0] = np.linspace(0, size, count)
        data[:, person, :, 1] = 10 * person + np.linspace(0, size, count)
    pose.body = NumPyPoseBody(25, data, np.ones(data.shape[:3], np.float32))
    with path.open("wb") as file:
        pose.write(file)
    return path


@pytest.mark.parametrize(("sizes", "largest"), [([50, 100], 1), ([100, 50, 20], 0)])
def test_of_several_people_the_largest_is_taken(
    sizes: list[float], largest: int, tmp_path: Path
) -> None:
    (tmp_path / "a").mkdir()
    clip = read_clip(several(tmp_path / "a" / "s1_1.pose", sizes))
    assert any(
        f"{len(sizes)} people; signlet uses the largest" in remark for remark in clip.remarks
    )
    for person in range(len(sizes)):
        source = open_source(f"person{person}:{tmp_path}")
        got = source.read(source.refs()[0])
        assert not any("people" in remark for remark in got.remarks)
        same = np.array_equal(got.frames, clip.frames, equal_nan=True)
        assert same == (person == largest)


def test_a_person_who_is_not_there_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    several(tmp_path / "a" / "s1_1.pose", [1, 2])
    source = open_source(f"person2:{tmp_path}")
    with pytest.raises(ClipError, match=r"contains 2 people, but not number 2, counted from 0"):
        source.read(source.refs()[0])
