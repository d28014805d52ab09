"""ASL Citizen, AUTSL, LSA64, INCLUDE, MS-ASL, KArSL, fingerspelling: what each one says is kept."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

import signlet
from signlet.errors import ClipError
from signlet.sources import open_source
from signlet.sources.datasets import LAYOUTS
from signlet_testing import miniatures as mini
from signlet_testing.listed_clips import by_name, noted, refused


# --- ASL Citizen, AUTSL, LSA64 ---------------------------------------------------------------
def test_the_gloss_is_that_of_the_table(tmp_path: Path) -> None:
    assert open_source(mini.asl_citizen(tmp_path)).signs == ("BOOK", "DRINK")


def test_an_asl_citizen_video_that_is_missing_is_counted(tmp_path: Path) -> None:
    next((mini.asl_citizen(tmp_path) / "videos").iterdir()).unlink()
    noted(open_source(tmp_path), "1 of 12 clips is left out: the file is missing")


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
    noted(source, "1 of 13 clips is left out: the file is missing (the first is greetings/48")
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
    noted(source, "11 of 12 clips are left out: the file is missing")


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"end_time": -1}, "left out: end_time is before start_time"),
        ({"start_time": 10**400}, "left out: end_time is before start_time"),
        ({"label": [1], "clean_text": ["x"], "text": 7}, "left out: the name of the sign"),
        ({"start_time": None}, "left out: end_time is before start_time"),
        ({"signer_id": -1}, "1 of 12 clips is without a signer"),
        ({"url": "nothing"}, "left out: the file is missing"),
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
    refused(tmp_path, "is not a workbook that signlet can read; save it as CSV")
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
    noted(source, "1 of 14 clips is left out: the file is missing (the first is 12/1)")
    with pytest.raises(ClipError, match=r"10.parquet: holds no sequence 999"):
        source.read(by_name(source)["10/999"])


def test_a_fingerspelling_name_that_no_file_can_have_is_left_out(tmp_path: Path) -> None:
    root = mini.asl_fingerspelling(tmp_path)
    with (root / "train.csv").open("a") as file:
        file.write(f"train_landmarks/{'9' * 3000}.parquet,10,1,1,x\n")
    noted(open_source(root), "1 of 13 clips is left out: the file is missing")


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
