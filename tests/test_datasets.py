"""Published sets as they lie on disk: clips, signs, signers, stretches and splits, and refusals."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pose_format import Pose
from pose_format.numpy import NumPyPoseBody

import signlet
from signlet.clip.span import Span
from signlet.errors import ClipError, SignletError
from signlet.landmarks import FACE, LEFT_HAND, POSE, RIGHT_HAND
from signlet.sources import ClipRef, Source, open_source, read_clip
from signlet.sources.datasets import LAYOUTS, open_published
from signlet_testing import miniatures as mini
from signlet_testing import videos
from signlet_testing.sources_data import HOLISTIC, pose_bytes, same_in_a_worker


def by_name(source: Source) -> dict[str, ClipRef]:
    return {ref.name: ref for ref in source.refs()}


def refused(where: str | Path, words: str, columns: str | None = None) -> None:
    with pytest.raises(SignletError) as caught:
        open_source(where, columns).refs()
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def noted(source: Source, words: str) -> None:
    assert any(words in note for note in source.notes), source.notes


# --- all of them ---------------------------------------------------------------------------
SETS: dict[str, tuple[Callable[[Path], Path], int, dict[str | None, int], tuple[str, ...]]] = {
    "wlasl": (mini.wlasl, 11, {"train": 4, "val": 4, "test": 3}, ("1", "2", "3")),
    "asl-citizen": (mini.asl_citizen, 12, {"train": 4, "val": 4, "test": 4}, ("P1", "P2", "P3")),
    "autsl": (mini.autsl, 12, {"train": 4, "val": 4, "test": 4}, ("1", "2", "3")),
    "lsa64": (mini.lsa64, 12, {None: 12}, ("001", "002", "003")),
    "mp-data": (mini.mp_data, 12, {None: 12}, ()),
    "include": (mini.include, 12, {"train": 4, "val": 4, "test": 4}, ()),
    "ms-asl": (mini.ms_asl, 12, {"train": 4, "val": 4, "test": 4}, ("1", "2", "3")),
    "karsl": (mini.karsl, 12, {"train": 6, "test": 6}, ("01", "02", "03")),
    "asl-fingerspelling": (mini.asl_fingerspelling, 12, {None: 12}, ("1", "2", "3")),
    "tasks-json": (mini.tasks_json, 12, {None: 12}, ("s1", "s2", "s3")),
}


@pytest.mark.parametrize("name", SETS)
def test_a_set_is_known_by_what_lies_there_and_says_so(name: str, tmp_path: Path) -> None:
    make, clips, splits, signers = SETS[name]
    source = open_source(make(tmp_path / "set"))
    refs = source.refs()
    assert source.name == name
    assert len(refs) == clips
    assert Counter(ref.split for ref in refs) == splits
    assert sorted({ref.signer for ref in refs if ref.signer}) == list(signers)
    assert {ref.sign for ref in refs} == set(source.signs)
    assert len(source.signs) == 2
    noted(source, f"is read as {name}, known by its")
    noted(source, f"folder:{tmp_path / 'set'}")
    same_in_a_worker(source)


@pytest.mark.parametrize("name", SETS)
def test_a_named_set_is_the_same_and_is_not_announced(name: str, tmp_path: Path) -> None:
    root = SETS[name][0](tmp_path / "set")
    named, known = open_source(f"{name}:{root}"), open_source(root)
    assert named.refs() == known.refs()
    assert not any("is read as" in note for note in named.notes)


@pytest.mark.parametrize("name", SETS)
def test_its_clips_are_read_with_sign_and_signer(name: str, tmp_path: Path) -> None:
    source = open_source(SETS[name][0](tmp_path / "set"))
    for ref in source.refs()[:2]:
        clip = source.read(ref)
        assert (clip.name, clip.sign, clip.signer) == (ref.name, ref.sign, ref.signer)
        assert clip.frames.shape[1:] == (543, 3)
        assert np.isnan(clip.frames[:, LEFT_HAND]).all()
        assert not np.isnan(clip.frames[:, RIGHT_HAND]).any()


@pytest.mark.parametrize("name", SETS)
def test_another_folder_is_no_such_set(name: str, tmp_path: Path) -> None:
    (tmp_path / "hello").mkdir()
    refused(f"{name}:{tmp_path}", str(tmp_path))
    refused(f"{name}:{tmp_path / 'nowhere'}", "no such file")


def test_own_folders_are_not_taken_for_sets(tmp_path: Path) -> None:
    for name in (
        "hello/ada_1",
        "hello/ben_1",
        "videos/ada_1",
        "all/001_1",
        "train/x_1",
        "001/002_003",
    ):
        mini.clip(tmp_path / f"{name}.npz")
    assert open_published(tmp_path) is None
    assert open_source(tmp_path).name == "folder"


def test_a_folder_of_ones_own_is_read_as_one_where_it_is_said(tmp_path: Path) -> None:
    root = mini.wlasl(tmp_path / "set")
    for name in ("hello/ada_1", "bye/ben_1"):
        mini.clip(root / f"{name}.npz")
    shutil.rmtree(root / "videos")
    refused(root, f"folder:{root} reads it as a folder of your own")
    own = open_source(f"folder:{root}")
    assert own.name == "folder"
    assert {ref.sign for ref in own.refs()} == {"hello", "bye"}


OF_VIDEOS = ("wlasl", "asl-citizen", "autsl", "lsa64", "karsl", "include", "ms-asl")


@pytest.mark.parametrize("name", OF_VIDEOS)
def test_videos_are_listed_as_landmarks_are(name: str, tmp_path: Path) -> None:
    root = SETS[name][0](tmp_path / "set")
    before = open_source(root).refs()
    for path in sorted(root.rglob("*.npz")):
        path.rename(path.with_suffix(".MOV" if name == "include" else ".mp4"))
    after = open_source(root).refs()
    assert [ref.path.with_suffix("") for ref in after] == [r.path.with_suffix("") for r in before]
    for old, new in zip(before, after, strict=True):
        assert (new.sign, new.signer, new.split) == (old.sign, old.signer, old.split)


def test_of_a_video_and_its_landmarks_the_landmarks_are_taken(tmp_path: Path) -> None:
    root = mini.lsa64(tmp_path)
    for path in list((root / "all").iterdir()):
        path.with_suffix(".mp4").write_bytes(b"")
    refs = open_source(root).refs()
    assert len(refs) == 12
    assert {ref.path.suffix for ref in refs} == {".npz"}


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("wlsal", "did you mean wlasl:"),
        ("WLASL", "did you mean wlasl:"),
        ("asl_citizen", "did you mean asl-citizen:"),
        ("x", "there are wlasl, asl-citizen, autsl"),
        ("person", "is no layout of a set"),
        ("karsl:", "no such file"),
        ("pose33+left2", "left2 is no part"),
    ],
)
def test_a_name_that_no_layout_has_is_refused(name: str, words: str, tmp_path: Path) -> None:
    refused(f"{name}:{mini.wlasl(tmp_path)}", words)


@pytest.mark.parametrize("name", ["wlasl", "folder", "person1", "pose33", "x"])
def test_a_name_without_a_path_is_refused(name: str) -> None:
    refused(f"{name}:", f"names no path; give {name}:PATH")


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
        "1 of 12 clips is left out: no file is there (the first is 03001)",
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
    assert f"of 1 clip with frame_start and frame_end, {before} " in note
    assert f"and {reading} " in note


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"frame_start": 9, "frame_end": 3}, "1 of 12 clips is left out: frame_end lies"),
        ({"frame_start": float("inf")}, "1 of 12 clips is left out: frame_end lies"),
        ({"frame_start": [1]}, "1 of 12 clips is left out: frame_end lies"),
        ({"frame_start": 5, "fps": -25}, "1 of 12 clips is left out: frame_end lies"),
        ({"frame_start": "x"}, "1 of 12 clips is left out: frame_end lies"),
        ({"frame_start": -4, "frame_end": 3}, "1 of 12 clips is left out: frame_end lies"),
        ({"frame_start": 9, "fps": float("nan")}, "left out: frame_end lies"),
        ({"signer_id": -1}, "1 of 12 clips is without a signer (the first is 01000)"),
        ({"signer_id": None}, "1 of 12 clips is without a signer (the first is 01000)"),
        ({"split": "holdout"}, "1 of 12 clips is in a split that is none of train, val, test"),
        ({"video_id": "77"}, "2 of 12 clips are left out: no file is there"),
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


# --- ASL Citizen, AUTSL, LSA64 ---------------------------------------------------------------
def test_the_gloss_is_that_of_the_table(tmp_path: Path) -> None:
    assert open_source(mini.asl_citizen(tmp_path)).signs == ("BOOK", "DRINK")


def test_an_asl_citizen_video_that_is_missing_is_counted(tmp_path: Path) -> None:
    next((mini.asl_citizen(tmp_path) / "videos").iterdir()).unlink()
    noted(open_source(tmp_path), "1 of 12 clips is left out: no file is there")


def test_autsl_signs_are_turkish_words_or_numbers(tmp_path: Path) -> None:
    root = mini.autsl(tmp_path)
    assert open_source(root).signs == ("içmek", "kitap")
    (root / "SignList_ClassId_TR_EN.csv").unlink()
    assert open_source(root).signs == ("0", "1")


def test_autsl_lines_that_say_nothing_are_counted(tmp_path: Path) -> None:
    root = mini.autsl(tmp_path)
    with (root / "test_labels.csv").open("a") as file:
        file.write("signer9_sample1,99\nx,1\nsigner9_sample2\n")
    source = open_source(root)
    noted(source, "1 of 15 clips is left out: the label is not in SignList")
    noted(source, "2 of 15 clips are left out: the line is not signerN_sampleM,label")


def test_lsa64_files_of_other_names_are_counted_and_not_taken_for_the_set(tmp_path: Path) -> None:
    root = mini.lsa64(tmp_path)
    mini.clip(root / "all" / "ada_1.npz")
    assert open_source(root).name == "folder"
    noted(open_source(f"lsa64:{root}"), "1 of 13 clips is left out: the name is not sign_signer")


# --- INCLUDE, MS-ASL, KArSL, fingerspelling --------------------------------------------------
def test_include_words_lose_their_numbers_and_missing_videos_are_counted(tmp_path: Path) -> None:
    source = open_source(mini.include(tmp_path))
    assert source.signs == ("book", "drink")
    noted(source, "1 of 13 clips is left out: no file is there (the first is greetings/48")
    noted(source, "12 of 13 clips are without a signer")


def test_include_with_a_table(tmp_path: Path) -> None:
    root = mini.include(tmp_path)
    shutil.rmtree(root / "train_test_paths")
    assert {ref.split for ref in open_source(root).refs()} == {None}
    rows = [("FilePath", "Word"), ("Greetings/48. book/MVI_1000.MOV", "book")]
    mini.table(root / "train.csv", rows)
    assert Counter(ref.split for ref in open_source(root).refs()) == {None: 11, "train": 1}


def test_ms_asl_stretches_are_cut_out_of_whole_videos(tmp_path: Path) -> None:
    source = open_source(mini.ms_asl(tmp_path))
    for name, take in (("val/1", (0, 2, 1)), ("val/2", (1, 2, 0)), ("test/3", (1, 3, 1))):
        got = source.read(by_name(source)[name])
        np.testing.assert_array_equal(got.frames, mini.frames(*take))


def test_ms_asl_cut_clips_are_taken_by_their_number(tmp_path: Path) -> None:
    root = mini.ms_asl(tmp_path)
    mini.clip(root / "clips" / "val_00002.npz", 1, 2, 0)
    shutil.rmtree(root / "videos")
    source = open_source(root)
    (ref,) = source.refs()
    assert (ref.name, ref.span, ref.sign) == ("val/2", None, "drink")
    noted(source, "11 of 12 clips are left out: no file is there")


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"end_time": -1}, "left out: end_time lies before start_time"),
        ({"start_time": 10**400}, "left out: end_time lies before start_time"),
        ({"label": [1], "clean_text": ["x"], "text": 7}, "left out: the name of the sign"),
        ({"start_time": None}, "left out: end_time lies before start_time"),
        ({"signer_id": -1}, "1 of 12 clips is without a signer"),
        ({"url": "nothing"}, "left out: no file is there"),
        (
            {"label": 7, "clean_text": "", "text": None},
            "left out: the name of the sign or signer cannot be used",
        ),
    ],
)
def test_what_is_wrong_with_an_ms_asl_entry_is_counted(
    values: dict[str, object], words: str, tmp_path: Path
) -> None:
    path = mini.ms_asl(tmp_path) / "MSASL_val.json"
    entries = json.loads(path.read_text())
    entries[0].update(values)
    path.write_text(json.dumps(entries))
    noted(open_source(tmp_path), words)
    assert len(open_source(tmp_path).refs()) >= 11


@pytest.mark.parametrize("name", ["MSASL_val.json", "MSASL_classes.json"])
@pytest.mark.parametrize("content", ["[", "{}", "[[1]]", "7"])
def test_damaged_ms_asl_tables_are_refused(name: str, content: str, tmp_path: Path) -> None:
    (mini.ms_asl(tmp_path) / name).write_text(content)
    refused(tmp_path, name)


def test_karsl_signs_are_arabic_words_of_a_workbook_or_a_csv_or_numbers(tmp_path: Path) -> None:
    root = mini.karsl(tmp_path)
    assert set(open_source(root).signs) == {"كتاب", "يشرب"}
    (root / "KARSL-502_Labels.xlsx").unlink()
    assert open_source(root).signs == ("0001", "0002")
    rows = [("SignID", "Sign-Arabic", "Sign-English"), (1, "واحد", "a"), (2, "واحد", "b")]
    mini.table(root / "KARSL-502_Labels.csv", rows)
    assert open_source(root).signs == ("واحد (1)", "واحد (2)")


def test_karsl_folders_of_pictures_are_counted(tmp_path: Path) -> None:
    root = mini.karsl(tmp_path)
    folder = root / "01" / "train" / "0002" / "sample"
    folder.mkdir(parents=True)
    (folder / "1.jpg").write_bytes(b"")
    noted(open_source(root), "1 of 13 clips is left out: a folder of pictures")


@pytest.mark.parametrize("content", [b"", b"PK", b"no workbook"])
def test_a_damaged_workbook_is_refused(content: bytes, tmp_path: Path) -> None:
    path = mini.karsl(tmp_path) / "KARSL-502_Labels.xlsx"
    path.write_bytes(content)
    refused(tmp_path, "is no workbook that is read; save it as CSV")
    mini.workbook(path, [("a", "b")])
    refused(tmp_path, "lacks the columns SignID and Sign-Arabic")


def test_fingerspelling_sequences_lie_together_in_files(tmp_path: Path) -> None:
    source = open_source(mini.asl_fingerspelling(tmp_path))
    for name, take in (("10/110", (0, 1, 1)), ("11/301", (1, 3, 0))):
        got = source.read(by_name(source)[name])
        np.testing.assert_array_equal(got.frames, mini.frames(*take))


def test_a_fingerspelling_sequence_that_is_not_there_is_named(tmp_path: Path) -> None:
    root = mini.asl_fingerspelling(tmp_path)
    with (root / "train.csv").open("a") as file:
        file.write("train_landmarks/10.parquet,10,999,1,x\ntrain_landmarks/12.parquet,12,1,1,x\n")
    source = open_source(root)
    noted(source, "1 of 14 clips is left out: no file is there (the first is 12/1)")
    with pytest.raises(ClipError, match=r"10.parquet: holds no sequence 999"):
        source.read(by_name(source)["10/999"])


def test_a_fingerspelling_name_that_no_file_can_have_is_left_out(tmp_path: Path) -> None:
    root = mini.asl_fingerspelling(tmp_path)
    with (root / "train.csv").open("a") as file:
        file.write(f"train_landmarks/{'9' * 3000}.parquet,10,1,1,x\n")
    noted(open_source(root), "1 of 13 clips is left out: no file is there")


def test_fingerspelling_files_of_other_columns_are_refused(tmp_path: Path) -> None:
    root = mini.asl_fingerspelling(tmp_path)
    mini.clip(tmp_path / "other.parquet").replace(root / "train_landmarks" / "10.parquet")
    source = open_source(root)
    with pytest.raises(ClipError, match=r"has no column sequence_id"):
        source.read(source.refs()[0])


def with_layout(root: Path, page: str) -> list[str]:
    """Follow the page in a copy of the package below root; returns its blocks of Python."""
    package = root / "src" / "signlet"
    shutil.copytree(
        Path(signlet.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__", "web")
    )
    blocks = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    (package / "sources" / "datasets" / "my_set.py").write_text(blocks[0], encoding="utf-8")
    init = package / "sources" / "datasets" / "__init__.py"
    text = init.read_text(encoding="utf-8")
    for line, place in re.findall(r"`(    my_set[^`]*)`[^`]*`([^`]*)`", page):
        begin = {"LAYOUTS": "LAYOUTS = ("}.get(place, place)
        assert text.count(f"{begin}\n") == 1
        text = text.replace(f"{begin}\n", f"{begin}\n{line}\n")
    init.write_text(text, encoding="utf-8")
    return blocks


def test_a_layout_written_as_the_docs_say_is_taken(tmp_path: Path) -> None:
    page = (Path(__file__).parents[1] / "docs" / "datasets.md").read_text(encoding="utf-8")
    _, script = with_layout(tmp_path, page)
    (tmp_path / "my-set" / "hello").mkdir(parents=True)
    mini.clip(tmp_path / "clip.npz").replace(tmp_path / "my-set" / "hello" / "ada-1.mp4")
    shown = "print([(ref.name, ref.sign, ref.signer) for ref in source.refs()])\n"
    listed = 'from signlet.sources import open_source\nsource = open_source("my-set:my-set")\n'
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "src")}
    where = "import signlet\nprint(signlet.__file__)\n"
    for code in (where + script + shown, where + listed + shown):
        done = subprocess.run(
            [sys.executable, "-c", code],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        file, found = done.stdout.splitlines()
        assert Path(file).is_relative_to(tmp_path)
        assert found == "[('hello/ada-1.mp4', 'hello', 'ada')]"


def test_the_docs_name_every_layout() -> None:
    page = (Path(__file__).parents[1] / "docs" / "datasets.md").read_text(encoding="utf-8")
    missing = [layout.name for layout in LAYOUTS if f"--data {layout.name}:" not in page]
    assert missing == ["asl-fingerspelling"]  # which is looked at, not trained on
    assert "inspect asl-fingerspelling:" in page


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
    with pytest.raises(ClipError, match=r"does not tell the parts and their order; say it"):
        source.read(source.refs()[0])


@pytest.mark.parametrize(
    ("order", "words"),
    [
        ("pose33+left20", "left20 is no part"),
        ("left21+left21", "a part is there twice"),
        ("face400", "face400 is no part"),
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
        ({}, "holds no hands"),
        ([{"face": []}], "holds no hands"),
        ([{"path": "a.npz", "sign": "yes"}], "a table of clips, it seems; tell what its columns"),
        ([{"File": "a.npz", "n": 1}, {"File": "b.npz", "n": None}], "--columns path=HEADING"),
        ([1], "is no list of frames"),
        ("text", "is no list of frames"),
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
    assert any(f"{len(sizes)} people, the largest taken" in remark for remark in clip.remarks)
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
    with pytest.raises(ClipError, match=r"holds 2 people; there must be number 2, counted from 0"):
        source.read(source.refs()[0])


# --- tables with other columns -------------------------------------------------------------------
def recording(root: Path) -> Path:
    return mini.clip(root / "long.npz", 0, 3, 3)  # 17 frames, 25 a second


HEADED = [("Nr", "File name", "Gloss", "Person", "From", "To", "Part")]
COLUMNS = "path=File name,sign=Gloss,signer=Person,start=From,end=To,split=Part"


def test_a_table_with_other_headings(tmp_path: Path) -> None:
    recording(tmp_path)
    rows = [
        *HEADED,
        (1, "long.npz", "a", "ada", 0, 0.2, "Train"),
        (2, "long.npz", "b", "", 0.2, "", "dev"),
    ]
    source = open_source(mini.table(tmp_path / "t.csv", rows), COLUMNS)
    first, second = source.refs()
    assert (first.name, first.sign, first.signer) == ("long.npz#0-0.2", "a", "ada")
    assert (first.span, first.split) == (Span(0, 0.2), "train")
    assert (second.span, second.signer, second.split) == (Span(0.2, None), None, "val")
    whole = mini.frames(0, 3, 3)
    np.testing.assert_array_equal(source.read(first).frames, whole[:5])
    np.testing.assert_array_equal(source.read(second).frames, whole[5:])
    same_in_a_worker(source)


def test_a_json_table(tmp_path: Path) -> None:
    recording(tmp_path)
    rows = [
        {"file": "long.npz", "Label": "a", "who": 7, "first": 2, "last": 6},
        {"file": "long.npz", "Label": "b", "who": None, "first": 6, "last": None},
    ]
    path = mini.saved_json(tmp_path / "t.json", rows)
    columns = "path=file,sign=Label,signer=who,start_frame=first,end_frame=last"
    source = open_source(path, columns)
    assert [ref.span for ref in source.refs()] == [Span(2, 6, "frames"), Span(6, None, "frames")]
    assert [ref.signer for ref in source.refs()] == ["7", None]
    assert len(source.read(source.refs()[0]).frames) == 4


def test_a_manifest_whose_headings_are_start_and_end_uses_them(tmp_path: Path) -> None:
    recording(tmp_path)
    path = tmp_path / "clips.csv"
    path.write_text("path;sign;START;end;split\nlong.npz;a;0;0,2;train\nlong.npz;b;0,2;0,4;test\n")
    source = open_source(path)
    assert [ref.span for ref in source.refs()] == [Span(0, 0.2), Span(0.2, 0.4)]
    assert [ref.split for ref in source.refs()] == ["train", "test"]


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("long.npz,a,2,1,", "end 1 does not lie after start 2"),
        ("long.npz,a,x,1,", "line 2: long.npz: the start 'x' is no number"),
        ("long.npz,a,-1,1,", "line 2: long.npz: the start is -1, and must be 0 or more; leave it"),
        ("long.npz,a,-1,,", "empty for the beginning of the recording"),
        ("long.npz,a,0,1,\n\nlong.npz,a,1,-1,", "line 4: long.npz: the end is -1, and must be 0"),
        ("long.npz,a,nan,1,", "the start is nan, and must be 0 or more"),
        ("long.npz,a,0,inf,", "the end is inf, and must be 0 or more"),
        ("long.npz,a,0,1,holdout", "the split is 'holdout'; write train, val, test or nothing"),
        ("long.npz,a,0,1,\nlong.npz,b,0,1,", "lists long.npz#0-1 twice"),
    ],
)
def test_stretches_that_cannot_be_are_refused(row: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / "clips.csv"
    path.write_text(f"path,sign,start,end,split\n{row}\n")
    refused(path, words)


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ("path=a", "lacks the columns a; needed are a, sign"),
        ("sign=a", "lacks the columns a; needed are path, a"),
        ("path=a,signer=sign", "add sign=HEADING"),
        ("", "write path=HEADING,sign=HEADING"),
        ("path=a\nsign=b", "lacks the columns a sign=b"),
        ("path", "write path=HEADING,sign=HEADING"),
        ("path=a,sign=", "write path=HEADING"),
        ("path=a,sign=b,path=c", "each once"),
        ("path=a,sign=b,gloss=c", "or some of path, sign, signer, start"),
        ("path=path,sign=sign,signer=Who", "has no column Who; it has path, sign"),
        ("path=File,sign=sign", "lacks the columns File"),
    ],
)
def test_columns_that_are_not_there_are_refused(columns: str, words: str, tmp_path: Path) -> None:
    refused(mini.table(tmp_path / "t.csv", [("path", "sign"), ("x.npz", "a")]), words, columns)


HEADINGS = [("File", "Gloss"), ("file_name", "label", "who"), ("path", "word"), ("video", "sign")]


@pytest.mark.parametrize("headings", HEADINGS)
@pytest.mark.parametrize("ending", ["csv", "json"])
def test_other_headings_are_answered_by_columns(
    headings: tuple[str, ...], ending: str, tmp_path: Path
) -> None:
    cells = ("a.npz", "yes", "ann")[: len(headings)]
    if ending == "csv":
        where = mini.table(tmp_path / "t.csv", [headings, cells])
    else:
        where = mini.saved_json(tmp_path / "t.json", [dict(zip(headings, cells, strict=True))])
    missing = [name for name in ("path", "sign") if name not in headings]
    refused(where, f"lacks the columns {', '.join(missing)}; needed are path, sign")
    refused(where, "or tell what yours are called: --columns path=HEADING,sign=HEADING")
    refused(where, f" {', '.join(headings)}; or tell")
    known = open_source(where, f"path={headings[0].upper()},sign={headings[1]}")
    assert [(ref.path.name, ref.sign) for ref in known.refs()] == [("a.npz", "yes")]


def test_a_stretch_in_json_is_refused_with_its_object(tmp_path: Path) -> None:
    rows = [{"path": "a.npz", "sign": "a"}, {"path": "b.npz", "sign": "b", "start_frame": -1}]
    where = mini.saved_json(tmp_path / "t.json", rows)
    refused(where, "object 2: b.npz: the start_frame is -1, and must be 0 or more")


def test_columns_are_for_tables(tmp_path: Path) -> None:
    refused(tmp_path, "--columns is for .csv, .tsv and .json", "path=a,sign=b")


@pytest.mark.parametrize("content", ["", "[", "{}", "[1]", '{"a": [1', '"x"', "[[]]", "\xff"])
def test_json_that_is_no_table_is_refused(content: str, tmp_path: Path) -> None:
    path = tmp_path / "t.json"
    path.write_text(content, encoding="latin-1")
    refused(path, str(path), "path=a,sign=b")
