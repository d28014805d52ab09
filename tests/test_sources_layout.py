"""Folders of own clips: nothing vanishes unsaid, and folders of signers are known."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from signlet.clip import Clip
from signlet.sources import open_source, write_clip
from signlet_testing.own_layouts import KEPT, Made, folder, made, notes, refused, told

__all__ = ["made"]


# --- nothing vanishes ------------------------------------------------------------------------
@pytest.mark.parametrize("ending", [".txt", ".docx", ".jpg", ".bvh", ".fbx", ".json", ""])
def test_a_sign_whose_files_are_not_read_is_named(made: Made, ending: str) -> None:
    source = open_source(made(*KEPT, f"yes/ann_1{ending}", f"yes/bob_1{ending}"))
    assert source.signs == ("no",)
    said = notes(source)
    assert "signlet reads no clip from 1 folder that may be signs: yes (2 files: " in said
    assert (ending or "without ending") in said


def test_an_empty_folder_is_named(made: Made) -> None:
    said = notes(open_source(made(*KEPT, "empty/", "yes/.DS_Store", "void/deep/")))
    assert "3 folders that may be signs: empty (empty), void (empty), yes (empty)" in said


def test_a_sign_may_be_called_like_a_backup(made: Made) -> None:
    source = open_source(made(*KEPT, "hello~/ann_1.npz", "~x/ann_1.npz"))
    assert source.signs == ("hello~", "no", "~x")


def test_files_beside_clips_are_counted_by_sign(made: Made) -> None:
    names = ("no/a.txt", "no/b.txt", "no/c.srt", "yes/ann_1.npz", "yes/x.wav")
    said = notes(open_source(made(*KEPT, *names)))
    assert (
        "4 files skipped (of kinds that signlet does not read): no 3 (.txt, .srt), yes 1 (.wav)"
    ) in said


@pytest.mark.parametrize("inner", ["old", "bad takes", "cam1", "1", "ann/day2"])
def test_clips_too_deep_are_counted(made: Made, inner: str) -> None:
    source = open_source(made(*KEPT, f"no/{inner}/x.npz", f"you/{inner}/y.npz"))
    assert source.signs == ("no",)
    said = notes(source)
    assert "you (1 clip in deeper folders)" in said
    assert f"1 clip skipped (deeper than a sign's folder): no/{inner} (1); move them up" in said
    assert "--names" not in said  # no pattern keeps the others


def test_loose_clips_are_counted(made: Made) -> None:
    said = notes(open_source(made(*KEPT, "ann_7.npz", "intro.mp4", "readme.md")))
    assert "2 clips skipped (not in a sign's folder): ann_7.npz, intro.mp4" in said
    assert "readme" not in said


SYSTEM = [
    *(".DS_Store", "no/.DS_Store", "no/Thumbs.db", "no/desktop.ini", "no/Desktop.ini"),
    *("__MACOSX/no/._ann_1.npz", ".git/objects/x.npz", ".ipynb_checkpoints/a/b_1.npz"),
    *("no/~$notes.docx", "no/.~lock.clips.csv#", "no/ann_1.npz~", "no/.hidden.npz"),
    *("@eaDir/no/a_1.npz", "__pycache__/x.pyc", "lost+found/", "System Volume Information/x"),
    *("$RECYCLE.BIN/a/b_1.npz", ".Trashes/x/y_1.npz"),
]


@pytest.mark.parametrize("name", SYSTEM)
def test_nothing_is_said_of_system_files(made: Made, name: str) -> None:
    source = open_source(made(*KEPT, name))
    assert [ref.name for ref in source.refs()] == list(KEPT)
    assert source.notes == ()


def test_many_names_are_cut_and_odd_ones_escaped(tmp_path: Path) -> None:
    odd = [f"sign{n:02}/x.txt" for n in range(30)] + ["a\nb\x1b[31m/x.txt"]
    said = notes(open_source(folder(tmp_path / "set", *KEPT, *odd)))
    assert "31 folders" in said
    assert "and 26 more" in said
    assert "a\\nb\\x1b" in said


def test_pipes_and_loops_are_no_clips(tmp_path: Path) -> None:
    root = folder(tmp_path / "set", *KEPT)
    os.mkfifo(root / "no" / "pipe_1.npz")
    (root / "no" / "loop").symlink_to(root, target_is_directory=True)
    (root / "no" / "gone_1.npz").symlink_to(root / "nowhere.npz")
    (tmp_path / "far").mkdir()
    write_clip(Clip(np.ones((2, 543, 3), np.float32)), tmp_path / "far" / "ann_1.npz")
    (root / "yes").symlink_to(tmp_path / "far", target_is_directory=True)
    source = open_source(root)
    assert [ref.name for ref in source.refs()] == [*KEPT[:2], "no/gone_1.npz", "yes/ann_1.npz"]
    assert ("1 file skipped (pipes, sockets or devices): no/pipe_1.npz") in notes(source)


def test_a_folder_that_cannot_be_listed_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, scandir = folder(tmp_path / "set", *KEPT, "shut/x.npz"), os.scandir

    def no_entry(path: Path) -> object:
        if Path(path).name == "shut":
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", no_entry)
    refused(root, f"{root / 'shut'}: cannot be listed (Permission denied)")


# --- folders of signers ------------------------------------------------------------------------
@pytest.mark.parametrize(
    "people", [("signer0", "signer1"), ("Signer_A", "Signer_B"), ("user 1", "user 2"), ("P-1",)]
)
def test_folders_of_signers_in_those_of_signs(made: Made, people: tuple[str, ...]) -> None:
    if people == ("P-1",):  # may be a signer, a position, a part
        refused(made("you/P-1/0.npz", "no/P-1/0.npz"), "either may be the signs", "--names")
        return
    names = [f"{sign}/{who}/{n}.npz" for sign in ("no", "you") for who in people for n in (0, 1)]
    source = open_source(made(*names))
    assert told(source) == [(name, *name.split("/")[:2], None) for name in names]
    assert f"the folders {', '.join(people)} are taken as signers" in notes(source)


def test_folders_of_signers_beside_flat_clips(made: Made) -> None:
    source = open_source(made("no/ann_1.npz", "you/signer0/0.npz", "you/ann_1.npz"))
    assert told(source) == [
        ("no/ann_1.npz", "no", "ann", None),
        ("you/ann_1.npz", "you", "ann", None),
        ("you/signer0/0.npz", "you", "signer0", None),
    ]


def test_folders_of_signs_in_those_of_signers(made: Made) -> None:
    source = open_source(made("signer1/no/0.npz", "signer1/yes/0.npz", "signer2/no/0.npz"))
    assert source.signs == ("no", "yes")
    assert [ref.signer for ref in source.refs()] == ["signer1", "signer1", "signer2"]


@pytest.mark.parametrize("first", [("yes", "no"), ("001", "002")])
@pytest.mark.parametrize("second", [("ann", "bob"), ("01", "02"), ("hello", "thanks")])
def test_what_could_be_read_in_two_ways_is_refused(
    made: Made, first: tuple[str, ...], second: tuple[str, ...]
) -> None:
    where = made(*[f"{one}/{two}/0.npz" for one in first for two in second])
    refused(where, "either may be the signs", "--names '{sign}/{signer}/{any}'")
    source = open_source(where, names="{sign}/{signer}/{any}")
    assert set(source.signs) == set(first)
    assert {ref.signer for ref in source.refs()} == set(second)


def test_folders_called_like_signers_are_no_signs(made: Made) -> None:
    where = made("signer1/hello_1.mp4", "signer2/hello_1.mp4", "signer2/thanks_1.mp4")
    refused(where, "named like signers (signer1, signer2)", "--names '{signer}/{sign}_{any}'")
    source = open_source(where, names="{signer}/{sign}_{any}")
    assert [(ref.sign, ref.signer) for ref in source.refs()] == [
        ("hello", "signer1"),
        ("hello", "signer2"),
        ("thanks", "signer2"),
    ]
