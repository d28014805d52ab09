"""WLASL: missing videos, stretches, damaged and partial tables are counted or refused."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from signlet.clip.span import Span
from signlet.errors import SignletError
from signlet.sources import open_source
from signlet_testing import miniatures as mini
from signlet_testing import videos
from signlet_testing.listed_clips import by_name, noted, refused

# --- WLASL ---------------------------------------------------------------------------------
Edit = Callable[[dict[str, Any]], None]


def wlasl_with(root: Path, edit: Edit) -> Path:
    """The set with its first instance (00... of "book", signer 1) changed."""
    path = mini.wlasl(root) / "WLASL_v0.3.json"
    entries = json.loads(path.read_text())
    edit(entries[0]["instances"][0])
    path.write_text(json.dumps(entries))
    return root


def set_to(**values: object) -> Edit:
    return lambda instance: instance.update(values)


def test_missing_videos_are_counted(tmp_path: Path) -> None:
    noted(
        open_source(mini.wlasl(tmp_path)),
        "1 of 12 clips is left out: the file is missing (the first is 03001)",
    )


@pytest.mark.parametrize(
    ("values", "span"),
    [
        ({"frame_start": 1, "frame_end": -1}, None),
        ({"frame_start": 26, "frame_end": 50}, Span(1, 2)),
        ({"frame_start": 31, "frame_end": 60, "fps": 30}, Span(1, 2)),
        ({"frame_start": 26, "frame_end": -1}, Span(1, None)),
        ({"frame_start": 1, "frame_end": 25}, Span(0, 1)),
    ],
)
def test_frames_are_counted_from_1_to_the_last(
    values: dict[str, object], span: Span | None, tmp_path: Path
) -> None:
    root = wlasl_with(tmp_path, set_to(**values))
    np.savez(root / "videos" / "01000.npz", landmarks=np.ones((80, 543, 3)), fps=25)
    assert by_name(open_source(root))["01000"].span == span


def test_a_raw_video_is_cut_and_a_cut_one_is_not(tmp_path: Path) -> None:
    def youtube(instance: dict[str, Any]) -> None:
        url = "https://www.youtube.com/watch?v=abcdefghijk"
        instance.update(frame_start=3, frame_end=6, url=url)

    root = wlasl_with(tmp_path, youtube)
    video = root / "videos" / "01000.npz"
    whole = mini.frames(0, 1, 0)
    source = open_source(root)
    np.testing.assert_array_equal(source.read(by_name(source)["01000"]).frames, whole[2:6])
    (root / "raw_videos_mp4").mkdir()
    shutil.move(video, root / "raw_videos_mp4" / "abcdefghijk.npz")
    source = open_source(root)
    np.testing.assert_array_equal(source.read(by_name(source)["01000"]).frames, whole[2:6])
    np.savez(video, landmarks=whole[2:6], fps=25)
    source = open_source(root)
    np.testing.assert_array_equal(source.read(by_name(source)["01000"]).frames, whole[2:6])


@pytest.mark.parametrize(("pictures", "span"), [(12, Span(0.08, 0.24)), (4, None)])
def test_the_length_of_a_video_tells_whether_it_is_cut(
    pictures: int, span: Span | None, tmp_path: Path
) -> None:
    root = wlasl_with(tmp_path, set_to(frame_start=3, frame_end=6))
    (root / "videos" / "01000.npz").unlink()
    videos.write_video(root / "videos" / "01000.mp4", [videos.quarters()] * pictures)
    source = open_source(root)
    assert by_name(source)["01000"].span == span
    (note,) = [one for one in source.notes if "frame_start" in one]
    before, reading = (1, 0) if span is None else (0, 1)
    assert f"frame_start and frame_end: of 1 clip, {before} " in note
    assert f"signlet cuts {reading} " in note


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"frame_start": 9, "frame_end": 3}, "1 of 12 clips is left out: frame_end is before"),
        ({"frame_start": float("inf")}, "1 of 12 clips is left out: frame_end is before"),
        ({"frame_start": [1]}, "1 of 12 clips is left out: frame_end is before"),
        ({"frame_start": 5, "fps": -25}, "1 of 12 clips is left out: frame_end is before"),
        ({"frame_start": "x"}, "1 of 12 clips is left out: frame_end is before"),
        ({"frame_start": -4, "frame_end": 3}, "1 of 12 clips is left out: frame_end is before"),
        ({"frame_start": 9, "fps": float("nan")}, "left out: frame_end is before"),
        ({"signer_id": -1}, "1 of 12 clips is without a signer (the first is 01000)"),
        ({"signer_id": None}, "1 of 12 clips is without a signer (the first is 01000)"),
        ({"split": "holdout"}, "1 of 12 clips is in a split other than train, val, test"),
        ({"video_id": "77"}, "2 of 12 clips are left out: the file is missing"),
    ],
)
def test_what_is_wrong_with_an_instance_is_counted(
    values: dict[str, object], words: str, tmp_path: Path
) -> None:
    source = open_source(wlasl_with(tmp_path, set_to(**values)))
    noted(source, words)
    assert len(source.refs()) >= 10


@pytest.mark.parametrize(
    "content", ["", "[", '[{"gloss": "a"', "{}", "[1]", '[{"gloss": 1}]', "[]"]
)
def test_a_damaged_table_is_refused_in_one_line(content: str, tmp_path: Path) -> None:
    path = mini.wlasl(tmp_path) / "WLASL_v0.3.json"
    path.write_text(content)
    refused(tmp_path, str(tmp_path))


def test_a_part_of_the_set_has_a_table_of_its_own(tmp_path: Path) -> None:
    root = mini.wlasl(tmp_path)
    entries = json.loads((root / "WLASL_v0.3.json").read_text())
    path = mini.saved_json(root / "asl100.json", entries[:1])
    assert open_source(f"wlasl:{path}").signs == ("book",)


def test_a_list_of_videos_is_a_part_with_splits_of_its_own(tmp_path: Path) -> None:
    root = mini.wlasl(tmp_path)
    content = {
        "01000": {"subset": "test", "action": [0, 1, 9]},
        "11000": {"subset": "train", "action": [1, 1, 9]},
        "77777": {"subset": "val", "action": [1, 1, 9]},
    }
    source = open_source(f"wlasl:{mini.saved_json(root / 'nslt_100.json', content)}")
    assert {name: ref.split for name, ref in by_name(source).items()} == {
        "01000": "test",
        "11000": "train",
    }


def test_a_clip_that_is_listed_twice_is_counted(tmp_path: Path) -> None:
    path = mini.wlasl(tmp_path) / "WLASL_v0.3.json"
    entries = json.loads(path.read_text())
    path.write_text(json.dumps([*entries, entries[1]]))
    source = open_source(tmp_path)
    assert len(source.refs()) == 11
    noted(source, "6 of 18 clips are left out: a clip of that name is listed already")


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.integers(0, 2000), letter=st.sampled_from(list('{}[]":,x0')))
def test_any_damage_to_the_table_is_one_line_or_a_listing(
    place: int, letter: str, tmp_path: Path
) -> None:
    path = tmp_path / "WLASL_v0.3.json"
    if not path.exists():
        mini.wlasl(tmp_path)
        (tmp_path / "whole").write_text(path.read_text())
    text = (tmp_path / "whole").read_text()
    place %= len(text)
    path.write_text(text[:place] + letter + text[place + 1 :])
    try:
        said = "".join(open_source(tmp_path).notes)
    except SignletError as error:
        said = str(error)
    assert said
    assert "\n" not in said
