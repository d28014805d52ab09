"""Data sets of others are known by their layout, listed, and read with sign and signer."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from signlet.landmarks import LEFT_HAND, RIGHT_HAND
from signlet.sources import open_source
from signlet.sources.datasets import open_published
from signlet_testing import miniatures as mini
from signlet_testing.listed_clips import noted, refused
from signlet_testing.sources_data import same_in_a_worker

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
    noted(source, f"is read as {name} because of its")
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
        ("person", "is not a known layout"),
        ("karsl:", "no such file"),
        ("pose33+left2", "left2 is not a part"),
    ],
)
def test_a_name_that_no_layout_has_is_refused(name: str, words: str, tmp_path: Path) -> None:
    refused(f"{name}:{mini.wlasl(tmp_path)}", words)


@pytest.mark.parametrize("name", ["wlasl", "folder", "person1", "pose33", "x"])
def test_a_name_without_a_path_is_refused(name: str) -> None:
    refused(f"{name}:", f"has no path; give {name}:PATH")
