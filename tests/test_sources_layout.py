"""Folders, archives and tables of clips: nothing vanishes, no container is taken for a sign."""

from __future__ import annotations

import os
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from signlet.cli import main
from signlet.clip import Clip
from signlet.errors import SignletError
from signlet.extract.folder import left_notes, plan
from signlet.pack import pack
from signlet.sources import Source, open_source, write_clip
from signlet.sources.pattern import NamePattern
from signlet_testing.clips import moving_hand
from signlet_testing.sources_data import same_in_a_worker

Made = Callable[..., Path]


@pytest.fixture(params=["folder", "zip"])
def made(request: pytest.FixtureRequest, tmp_path: Path) -> Made:
    """Makes a folder or an archive of empty files; a name that ends in / is an empty folder."""

    def make(*names: str) -> Path:
        if request.param == "folder":
            return folder(tmp_path / "set", *names)
        with zipfile.ZipFile(tmp_path / "set.zip", "w") as archive:
            for name in names:
                archive.writestr(name, b"")
        return tmp_path / "set.zip"

    return make


def folder(root: Path, *names: str) -> Path:
    root.mkdir(exist_ok=True)
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if name.endswith("/"):
            path.mkdir(exist_ok=True)
        elif path.suffix == ".npz":
            write_clip(Clip(np.ones((2, 543, 3), np.float32)), path)
        else:
            path.write_bytes(b"")
    return root


def told(source: Source) -> list[tuple[str, str | None, str | None, str | None]]:
    refs = source.refs()
    assert len({ref.name for ref in refs}) == len(refs)
    assert {ref.sign for ref in refs} == set(source.signs)
    return [(ref.name, ref.sign, ref.signer, ref.split) for ref in refs]


def notes(source: Source) -> str:
    assert all("\n" not in note and not note.endswith(".") for note in source.notes)
    return "; ".join(source.notes)


def refused(where: Path, *words: str, names: str | None = None) -> None:
    with pytest.raises(SignletError) as caught:
        open_source(where, names=names).refs()
    for word in words:
        assert word in str(caught.value)
    assert "\n" not in str(caught.value)


KEPT = ("no/ann_1.npz", "no/bob_1.npz")


# --- nothing vanishes ------------------------------------------------------------------------
@pytest.mark.parametrize("ending", [".txt", ".docx", ".jpg", ".bvh", ".fbx", ".json", ""])
def test_a_sign_whose_files_are_not_read_is_named(made: Made, ending: str) -> None:
    source = open_source(made(*KEPT, f"yes/ann_1{ending}", f"yes/bob_1{ending}"))
    assert source.signs == ("no",)
    said = notes(source)
    assert "no clip is read of 1 folder, which may be signs: yes (2 files: " in said
    assert (ending or "without ending") in said


def test_an_empty_folder_is_named(made: Made) -> None:
    said = notes(open_source(made(*KEPT, "empty/", "yes/.DS_Store", "void/deep/")))
    assert "3 folders, which may be signs: empty (empty), void (empty), yes (empty)" in said


def test_a_sign_may_be_called_like_a_backup(made: Made) -> None:
    source = open_source(made(*KEPT, "hello~/ann_1.npz", "~x/ann_1.npz"))
    assert source.signs == ("hello~", "no", "~x")


def test_files_beside_clips_are_counted_by_sign(made: Made) -> None:
    names = ("no/a.txt", "no/b.txt", "no/c.srt", "yes/ann_1.npz", "yes/x.wav")
    said = notes(open_source(made(*KEPT, *names)))
    assert "4 files left aside, of kinds that are not read: no 3 (.txt, .srt), yes 1 (.wav)" in said


@pytest.mark.parametrize("inner", ["old", "bad takes", "cam1", "1", "ann/day2"])
def test_clips_too_deep_are_counted(made: Made, inner: str) -> None:
    source = open_source(made(*KEPT, f"no/{inner}/x.npz", f"you/{inner}/y.npz"))
    assert source.signs == ("no",)
    said = notes(source)
    assert "you (1 clip in deeper folders)" in said
    assert (
        f"1 clip left aside, deeper than in a sign's folder: no/{inner} (1); move them up" in said
    )
    assert "--names" not in said  # no pattern keeps the others


def test_loose_clips_are_counted(made: Made) -> None:
    said = notes(open_source(made(*KEPT, "ann_7.npz", "intro.mp4", "readme.md")))
    assert "2 clips left aside, in no folder of a sign: ann_7.npz, intro.mp4" in said
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
    assert "1 file left aside, being pipes, sockets or devices: no/pipe_1.npz" in notes(source)


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
    assert f"the folders {', '.join(people)} are taken for signers" in notes(source)


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
    refused(where, "called like signers (signer1, signer2)", "--names '{signer}/{sign}_{any}'")
    source = open_source(where, names="{signer}/{sign}_{any}")
    assert [(ref.sign, ref.signer) for ref in source.refs()] == [
        ("hello", "signer1"),
        ("hello", "signer2"),
        ("thanks", "signer2"),
    ]


# --- splits and containers -----------------------------------------------------------------------
@pytest.mark.parametrize(
    ("train", "val", "test"),
    [
        ("train", "val", "test"),
        ("Training", "validation", "Testing"),
        ("TRAIN", "dev", "TEST"),
        ("train", "Valid", "test"),
    ],
)
@pytest.mark.parametrize("before", ["", "data/", "Videos/clips/"])
def test_folders_of_a_split(made: Made, train: str, val: str, test: str, before: str) -> None:
    names = [f"{part}/{sign}/ann_1.npz" for part in (train, val, test) for sign in ("no", "yes")]
    source = open_source(made(*[before + name for name in names]))
    assert source.signs == ("no", "yes")
    parts = {train: "train", val: "val", test: "test"}
    wanted = [(name, name.split("/")[1], "ann", parts[name.split("/")[0]]) for name in names]
    assert told(source) == sorted(wanted)
    assert source.notes == ()


def test_a_split_around_signers_and_containers(made: Made) -> None:
    source = open_source(made("train/videos/no/signer1/0.npz", "test/videos/no/signer2/0.npz"))
    assert [(ref.sign, ref.signer, ref.split) for ref in source.refs()] == [
        ("no", "signer2", "test"),
        ("no", "signer1", "train"),
    ]
    told(source)


@pytest.mark.parametrize(
    "names",
    [
        ("train/a.mp4", "test/b.mp4"),
        ("Train/ann_1.npz",),
        ("videos/ann_1.npz", "videos/bob_2.npz"),
        ("Clips/a.mp4",),
        ("data/a.mp4", "landmarks/a.npz"),
        ("dataset/train/a.mp4",),
    ],
)
def test_flat_clips_in_what_is_no_sign_are_refused(made: Made, names: tuple[str, ...]) -> None:
    where = made(*names)
    refused(where, "taken for no sign", "move them into")
    for pattern in offered(where):
        assert len(open_source(where, names=pattern).refs()) == len(names)


def offered(where: Path) -> list[str]:
    """The patterns that the refusal of a set names."""
    with pytest.raises(SignletError) as caught:
        open_source(where)
    return re.findall(r"'([^']*\{[^']*)'", str(caught.value))


REFUSED = [
    (("hello_anna_0.npz", "hello_anna_1.npz", "thank_you_bob_0.npz"), ["{sign}_{signer}_{n}"]),
    (("hello-anna-0.npz", "yes-bob-1.npz"), ["{sign}-{signer}-{n}"]),
    (("hello_0.npz", "yes_1.npz"), ["{sign}_{n}"]),
    (("IMG_0001.npz", "VID 2.npz"), []),
    (("0001_002.npz", "a.npz"), []),
    (("train/hello_anna_0.npz", "test/yes_bob_0.npz"), ["{sign}_{signer}_{n}"]),
    (("videos/a.npz",), ["{sign}/{any}"]),
    (("data/videos/a.npz",), ["{any}/{sign}/{any}"]),
    (("a/b/c/ann_1.npz", "e/b/d/bob_1.npz"), ["{any}/{any}/{sign}/{signer}_{any}"]),
    (("a/b/c/1.npz", "e/b/d/2.npz"), ["{any}/{any}/{sign}/{any}"]),
    (("a/b/c/1.npz", "a/b/c/d/2.npz"), []),
    (("a/b/1.npz", "c/d/2.npz"), ["{sign}/{signer}/{any}", "{signer}/{sign}/{any}"]),
    (("a/b/1.npz", "c/d/2.npz", "c/d/e/3.npz"), []),
    (("a/b/1.npz", "c/d/2.npz", "3.npz"), []),
    (
        ("train/a/b/1.npz", "train/c/d/2.npz"),
        ["{split}/{sign}/{signer}/{any}", "{split}/{signer}/{sign}/{any}"],
    ),
    (("signer1/hello_1.npz", "signer2/yes_1.npz"), ["{signer}/{sign}_{any}"]),
    (("signer1/hello.npz", "signer2/yes.npz"), ["{signer}/{sign}"]),
    (
        ("hello/ann/train/1.npz", "yes/bob/test/1.npz"),
        ["{sign}/{signer}/{split}/{any}", "{signer}/{sign}/{split}/{any}"],
    ),
    (("signer1/train/no_1.npz", "signer2/test/no_2.npz"), ["{signer}/{split}/{sign}_{any}"]),
]


@pytest.mark.parametrize(("names", "patterns"), REFUSED)
def test_what_is_offered_fits_every_clip(
    made: Made, names: tuple[str, ...], patterns: list[str]
) -> None:
    where = made(*names)
    assert offered(where) == patterns
    for pattern in patterns:
        refs = open_source(where, names=pattern).refs()
        assert len(refs) == len(names)
        assert not {"train", "test"} & {word for ref in refs for word in (ref.sign, ref.signer)}


# --- a split in the folders of the signs ---------------------------------------------------------
INNER = [
    ("hello/train/ann_1.npz", "hello", "ann", "train"),
    ("hello/test/ann_1.npz", "hello", "ann", "test"),
    ("hello/Valid/0001.npz", "hello", None, "val"),
    ("hello/dev/signer3/0.npz", "hello", "signer3", "val"),
    ("signer1/hello/test/0.npz", "hello", "signer1", "test"),
    ("hello/signer1/training/0.npz", "hello", "signer1", "train"),
    ("signer1/test/hello/0.npz", "hello", "signer1", "test"),
]


@pytest.mark.parametrize("case", INNER, ids=lambda case: case[0])
@pytest.mark.parametrize("before", ["", "data/"])
def test_a_split_may_lie_in_the_folders_of_signs(
    made: Made, case: tuple[str, str, str | None, str], before: str
) -> None:
    path, *wanted = case
    more = path.replace("hello", "yes").replace("ann_1", "ann_2")
    source = open_source(made(before + path, before + more))
    assert told(source)[0] == (path, *wanted)
    assert [(ref.sign, ref.split) for ref in source.refs()][1] == ("yes", wanted[2])
    assert "are taken for a split" in notes(source)
    assert "left aside" not in notes(source)


def test_clips_beside_a_split_in_a_sign_are_in_none(made: Made) -> None:
    source = open_source(made("no/ann_1.npz", "no/test/ann_1.npz", "yes/test/bob_1.npz"))
    assert [ref.split for ref in source.refs()] == [None, "test", "test"]
    assert "the folders test are taken for a split; 1 clip lies in none of them" in notes(source)


SPLITS = ["train", "training", "val", "valid", "validation", "dev", "development", "test", "TEST"]


@pytest.mark.parametrize("split", SPLITS)
def test_names_make_no_signer_of_a_split(made: Made, split: str) -> None:
    where = made(f"no/{split}/1.npz", f"yes/{split}/1.npz", f"no/{split}/x/{split}_1.npz")
    known = {"tr": "train", "va": "val", "de": "val", "te": "test"}[split[:2].lower()]
    for pattern in ("{sign}/{signer}/{any}", "{sign}/{split}/{any}"):
        source = open_source(where, names=pattern)
        assert [(ref.signer, ref.split) for ref in source.refs()] == [(None, known)] * 2
        assert "1 of 3 clips left aside" in notes(source)
    assert {ref.signer for ref in open_source(made(f"no/{split}_1.npz")).refs()} == {None}


def test_names_make_no_sign_of_a_split_of_folders(made: Made) -> None:
    where = made("train/no/ann_1.npz", "test/no/bob_1.npz")
    refused(where, "takes test, train for signs", "write {split}", names="{sign}/{signer}/{any}")
    source = open_source(where, names="{split}/{sign}/{signer}_{n}")
    assert [(r.sign, r.signer, r.split) for r in source.refs()] == [
        ("no", "bob", "test"),
        ("no", "ann", "train"),
    ]
    refused(where, "none of 2 clips fits", names="{sign}/{split}/{any}")
    refused(where, "tells {split}, but no {sign}", names="{split}_{signer}")


def test_a_flat_part_of_a_split_is_left_aside(made: Made) -> None:
    source = open_source(made("train/no/ann_1.npz", "train/yes/ann_1.npz", "test/0001.mp4"))
    assert [ref.split for ref in source.refs()] == ["train", "train"]
    assert "1 clip left aside, in no folder of a sign: test/0001.mp4" in notes(source)


STRAYS = [
    ("no/ann_1.npz", "no/bob_1.npz", "yes/ann_1.npz"),
    ("no/day1/ann_1.npz",),
    ("no/signer1/0.npz",),
    ("unlabelled/0001.mp4",),
    ("videos/no/ann_1.npz",),
]


@pytest.mark.parametrize("strays", STRAYS)
@pytest.mark.parametrize("splits", [("test", "train", "val"), ("Valid", "training"), ("dev",)])
@pytest.mark.parametrize("inner", ["no/bob_1.npz", "no/signer1/0.npz", "signer1/no/0.npz"])
@pytest.mark.parametrize("before", ["", "data/"])
def test_folders_beside_those_of_a_split_are_refused(
    made: Made, strays: tuple[str, ...], splits: tuple[str, ...], inner: str, before: str
) -> None:
    where = made(*[before + x for x in (*strays, *(f"{part}/{inner}" for part in splits))])
    others = ", ".join(sorted({stray.split("/")[0] for stray in strays}))
    clips = f"{len(strays)} clip{'s'[: len(strays) > 1]}"
    refused(
        where,
        f"of a split ({', '.join(splits)})",
        f"with {clips} ({others}), which are in no split; move",
    )


@pytest.mark.parametrize("name", ["train", "test", "Dev"])
def test_a_sign_called_like_a_split_holds_signers(made: Made, name: str) -> None:
    for inner in ("ann_1.npz", "signer1/0.npz"):
        assert name in open_source(made(*KEPT, f"{name}/{inner}")).signs
    names = ("train/signer1/0.npz", "test/signer1/0.npz", "no/signer1/0.npz")
    assert open_source(made(*KEPT, *names)).signs[-2:] == ("test", "train")


@pytest.mark.parametrize("path", ["hello/train/ann_1.npz", "signer1/hello/ann_1.npz"])
def test_a_lone_sign_or_signer_is_no_wrapper_of_an_archive(made: Made, path: str) -> None:
    assert [(ref.name, ref.sign) for ref in open_source(made(path)).refs()] == [(path, "hello")]


def test_what_lies_around_the_signs_is_spoken_of(made: Made) -> None:
    names = ("data/train/no/a_1.npz", "data/x.npz", "data/more/b.txt", "data/train/y.npz")
    said = notes(open_source(made(*names)))
    assert "which may be signs: data/more (1 file: .txt)" in said
    assert "2 clips left aside, in no folder of a sign: data/train/y.npz, data/x.npz" in said


@pytest.mark.parametrize("name", ["videos", "Clips", "data", "DATASET", "landmarks"])
def test_a_lone_container_is_looked_into(made: Made, name: str) -> None:
    source = open_source(made(f"{name}/no/ann_1.npz", f"{name}/yes/ann_1.npz", "readme.txt"))
    assert source.signs == ("no", "yes")
    assert [ref.name for ref in source.refs()] == ["no/ann_1.npz", "yes/ann_1.npz"]


def test_an_unknown_name_in_a_split_is_told(made: Made) -> None:
    where = made("train/yes/a_1.npz", "holdout/yes/b_1.npz")
    refused(where, "the folders of a split are called train, val and test")


def test_two_containers_are_refused(made: Made) -> None:
    refused(made("videos/no/a_1.mp4", "landmarks/no/a_1.npz"), "no signs; give one of these")


@pytest.mark.parametrize("name", ["train", "test", "data", "video"])
def test_among_other_signs_such_a_name_is_a_sign(made: Made, name: str) -> None:
    assert name in open_source(made(*KEPT, f"{name}/ann_1.npz")).signs


def test_one_sign_alone_is_a_sign(made: Made) -> None:
    assert open_source(made("hello/ann_1.npz")).signs == ("hello",)


def test_where_the_clips_lie_is_said(tmp_path: Path) -> None:
    deep = folder(tmp_path / "set", "a/b/c/x.npz", "a/b/d/y.npz")
    refused(deep, "2 clips deeper, as a/b/c/x.npz", "--names")
    lone = folder(tmp_path / "lone", "mine/no/ann_1.npz", "mine/yes/ann_1.npz")
    refused(lone, f"give {lone}/mine")
    assert open_source(lone / "mine").signs == ("no", "yes")
    text = folder(tmp_path / "text", "a/x.txt", "b.pdf")
    refused(text, "holds no clips", ".pdf, .txt")


# --- how the files are named ---------------------------------------------------------------------
def test_names_tell_sign_and_signer(made: Made) -> None:
    where = made("hello_ann_1.npz", "more/thank_you_bob_2.npz", "odd.npz", "x.txt")
    source = open_source(where, names="{sign}_{signer}_{n}")
    assert told(source) == [
        ("hello_ann_1.npz", "hello", "ann", None),
        ("more/thank_you_bob_2.npz", "thank_you", "bob", None),
    ]
    said = notes(source)
    assert "1 of 3 clips left aside, since the names do not fit" in said
    assert "odd.npz" in said
    same_in_a_worker(source)


def test_names_may_tell_the_signer_alone(made: Made) -> None:
    where = made("train/no/IMG_ann_1.npz", "test/no/IMG_bob_2.npz", "test/yes/x.npz")
    assert {ref.signer for ref in open_source(where).refs()} == {None}
    source = open_source(where, names="img_{signer}_{n}")
    assert told(source) == [
        ("test/no/IMG_bob_2.npz", "no", "bob", "test"),
        ("test/yes/x.npz", "yes", None, "test"),
        ("train/no/IMG_ann_1.npz", "no", "ann", "train"),
    ]
    assert "the signer of 1 of 3 clips is unknown" in notes(source)


def test_names_keep_a_split(made: Made) -> None:
    where = made("train/hello_ann_1.npz", "val/yes_bob_2.npz")
    source = open_source(where, names="{sign}_{signer}_{n}")
    assert [ref.split for ref in source.refs()] == ["train", "val"]


def test_names_that_fit_nothing_are_refused(made: Made) -> None:
    where = made(*KEPT)
    refused(where, "none of 2 clips fits", "a name is ann_1", names="{sign}_{signer}_{n}")
    refused(where, "none of 2 clips fits", "a path is no/ann_1", names="{signer}/x/{sign}")
    refused(where, "has a slash, but no {sign}", names="{signer}/{any}")
    refused(where, "is no field", names="{gloss}_{n}")


@pytest.mark.parametrize("where", ["fingerspelling", "wlasl:nowhere"])
def test_names_are_for_own_files(where: str) -> None:
    with pytest.raises(SignletError, match="leave it out"):
        open_source(where, names="{sign}_{n}")


# --- tables --------------------------------------------------------------------------------------
def table(root: Path, text: str, name: str = "clips.csv") -> Path:
    (root / name).write_text(text, encoding="utf-8")
    return root / name


def test_missing_files_are_counted_up_front(tmp_path: Path) -> None:
    folder(tmp_path, "yes/a_1.npz")
    rows = "".join(f"no/gone{n}.npz,no\n" for n in range(8))
    source = open_source(table(tmp_path, f"path,sign\nyes/a_1.npz,yes\n{rows}"))
    said = notes(source)
    assert "lists 9 files, of which 8 cannot be found" in said
    assert "gone0.npz" in said
    assert "and 3 more" in said
    assert len(source.refs()) == 9
    assert open_source(table(tmp_path, "path,sign\nyes/a_1.npz,yes\n")).notes == ()


def test_backslashes_of_windows_are_read(tmp_path: Path) -> None:
    folder(tmp_path, "yes/a_1.npz")
    source = open_source(table(tmp_path, "path,sign\nyes\\a_1.npz,yes\n"))
    assert source.notes == ()
    assert source.read(source.refs()[0]).sign == "yes"


def test_names_tell_the_signers_that_a_table_does_not(tmp_path: Path) -> None:
    rows = "v/yes_ann_1.npz,yes,\nv/no_bob_1.npz,no,cleo\nv/odd.npz,no,\n"
    where = table(tmp_path, f"path,sign,signer\n{rows}")
    source = open_source(where, names="{sign}_{signer}_{n}")
    assert [ref.signer for ref in source.refs()] == ["ann", "cleo", None]
    assert "the signer of 1 of 2 clips is unknown" in notes(source)
    same_in_a_worker(source)
    refused(where, "add {signer}", names="{sign}_{n}")
    assert [r.signer for r in open_source(where, names="{any}/{sign}_{signer}_{n}").refs()] == [
        "ann",
        "cleo",
        None,
    ]


def test_a_table_may_be_tab_separated(tmp_path: Path) -> None:
    source = open_source(table(tmp_path, "Path\tSign\na.npz\tyes\n", "clips.tsv"))
    assert source.signs == ("yes",)


# --- archives ------------------------------------------------------------------------------------
def test_an_archive_with_backslashes_is_read(tmp_path: Path) -> None:
    inner = folder(tmp_path / "set", *KEPT)
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as archive:
        for name in KEPT:
            archive.writestr(f"set\\{name}".replace("/", "\\"), (inner / name).read_bytes())
    source = open_source(tmp_path / "set.zip")
    assert [ref.name for ref in source.refs()] == list(KEPT)
    assert source.read(source.refs()[0]).sign == "no"


PART = st.sampled_from(
    ["train", "test", "videos", "signer1", "signer2", "yes", "no", "ann_1.npz", "x.txt", "a.mp4"]
)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.lists(PART, min_size=1, max_size=4).map("/".join), max_size=6, unique=True))
def test_every_clip_is_read_or_counted(tmp_path: Path, names: list[str]) -> None:
    files = [name for name in names if not any(other.startswith(f"{name}/") for other in names)]
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as archive:
        for name in files:
            archive.writestr(name, b"")
    try:
        source = open_source(tmp_path / "set.zip")
    except SignletError as error:
        problem, source = str(error), None
    if source is None:
        assert problem.startswith(f"{tmp_path / 'set.zip'}: ")
        assert "\n" not in problem
        for pattern in re.findall(r"'([^']*\{[^']*)'", problem):
            assert open_source(tmp_path / "set.zip", names=pattern).refs()
        return
    assert not {"train", "test"} & {ref.signer for ref in source.refs()}
    clips = [name for name in files if name.endswith((".npz", ".mp4"))]
    counted = re.findall(r"(\d+) clips? (?:left aside|in deeper folders)", notes(source))
    assert len(told(source)) + sum(map(int, counted)) == len(clips)


# --- what the commands say -------------------------------------------------------------------
def words(root: Path, names: Callable[[str, int, int], str]) -> Path:
    for number, sign in enumerate(("hello", "yes")):
        for who in range(2):
            for take in range(2):
                path = root / names(sign, who, take)
                path.parent.mkdir(parents=True, exist_ok=True)
                write_clip(Clip(moving_hand(number, who, take), fps=25.0), path)
    return root


def test_pack_says_what_is_left_aside_and_takes_names(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = words(tmp_path / "set", lambda sign, who, take: f"{sign}/{sign}_p{who}_{take}.npz")
    folder(root, "empty/", "lost/a.xyz")
    assert main(["pack", str(root), "-o", str(tmp_path / "one"), "--jobs", "1"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "2 folders, which may be signs: empty (empty), lost (1 file: .xyz)" in said
    assert "the signer of 8 of 8 clips is unknown" in said
    assert "0 signers" in said
    names = ["--names", "{sign}_{signer}_{n}"]
    assert main(["pack", str(root), "-o", str(tmp_path / "two"), "--jobs", "1", *names]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "2 signers" in said
    assert "is unknown" not in said
    assert main(["train", "--data", str(tmp_path / "two"), *names]) == 2
    assert "is packed already" in capsys.readouterr().err


def test_a_pack_keeps_the_split_of_folders(tmp_path: Path) -> None:
    parts = ("train", "test")
    root = words(tmp_path / "set", lambda sign, who, take: f"{parts[take]}/{sign}/p{who}_1.npz")
    packed = pack(open_source(root), tmp_path / "packed", 12, jobs=1)
    assert sorted(packed.index["split"].to_pylist()) == ["test"] * 4 + ["train"] * 4


def test_extract_says_which_files_are_no_videos_and_whose_signer_is_unknown(tmp_path: Path) -> None:
    names = ("hello/hello_ann_1.mp4", "signer3/yes/1.mp4", "flat_2.mov", "hello/a.txt", "b_1.npz")
    root = folder(tmp_path / "set", *names)
    aside, unknown = left_notes(root)
    assert aside == "2 files left aside, no videos: b_1.npz, hello/a.txt"
    assert unknown.startswith("the signer of 1 of 3 clips is unknown")
    tasks = plan(root, tmp_path / "out", "npz")
    found = {task.name: task.signer for task in tasks}
    assert found == {
        "flat_2.mov": "flat",
        "hello/hello_ann_1.mp4": "",
        "signer3/yes/1.mp4": "signer3",
    }
    names_told = NamePattern("{sign}_{signer}_{n}")
    told = {task.name: task.signer for task in plan(root, tmp_path / "out", "npz", names_told)}
    assert told["hello/hello_ann_1.mp4"] == "ann"
    assert "the signer of 2 of 3 clips is unknown" in left_notes(root, names_told)[1]
    with pytest.raises(SignletError, match=r"tells no \{signer\}"):
        plan(root, tmp_path / "out", "npz", NamePattern("{sign}_{n}"))


def test_teach_says_what_is_left_aside_and_takes_names(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = words(tmp_path / "set", lambda sign, who, take: f"{sign}/{sign}_p{who}_{take}.npz")
    folder(root, "empty/")
    out = ["-o", str(tmp_path / "mine.onnx")]
    assert main(["teach", "fingerspelling", str(root), *out]) == 0
    said = capsys.readouterr()
    assert "empty (empty)" in said.err
    assert said.err.count("is unknown") == 1
    assert "by unknown people" in said.out
    assert main(["teach", "fingerspelling", str(root), *out, "--names", "{sign}_{signer}_{n}"]) == 0
    assert "by 2 signers" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("files", "words"),
    [
        (("hello/a.mp4", "thanks/a.npz", "thanks/b.npz"), "thanks (2 files: .npz)"),
        (
            ("hello/a.mp4", "thanks/a.txt", "thanks/deep/b.jpg"),
            "thanks (2 files: .txt, .jpg); make videos of single pictures",
        ),
        (("hello/a.mp4", "thanks/"), "thanks (empty)"),
        (("train/hello/a.mp4", "train/thanks/a.txt"), "train/thanks (1 file: .txt)"),
        (("train/hello/a.mp4", "val/"), "val (empty)"),
        (("hello/signer1/a.mp4", "hello/signer2/a.txt"), "hello/signer2 (1 file: .txt)"),
        (("hello/signer1/a.mp4", "thanks/signer1/a.pose"), "thanks (1 file: .pose)"),
        (("hello/a.mp4", "hello/notes/a.txt"), ""),
        (("a.mp4", "b.txt"), ""),
    ],
)
def test_extract_names_the_folders_of_which_nothing_is_read(
    tmp_path: Path, files: tuple[str, ...], words: str
) -> None:
    for name in files:
        path = tmp_path / name
        (path if name.endswith("/") else path.parent).mkdir(parents=True, exist_ok=True)
        if not name.endswith("/"):
            path.write_bytes(b"")
    said = [note for note in left_notes(tmp_path) if "may be signs" in note]
    assert [note.partition("signs: ")[2] for note in said] == ([words] if words else [])


CONTAINERS = (
    *("my_data", "dataset_v2", "Videos (1)", "New folder", "raw_videos", "SignVideos", "Our Clips"),
    *("fold1", "batch_1", "Batch-02", "session 3", "day1", "part2", "2024-01-03", "03.01.2024"),
    *("20240103_120000", "landmarks_npz", "Aufnahmen", "camera2"),
)


@pytest.mark.parametrize("name", CONTAINERS)
def test_folders_that_hold_any_clips_are_no_signs(tmp_path: Path, name: str) -> None:
    nested = empty_files(tmp_path / "nested", f"{name}/hello/anna_1.npz", f"{name}/yes/ben_1.npz")
    assert open_source(nested).signs == ("hello", "yes")
    flat = empty_files(tmp_path / "flat", f"{name}/hello_anna_1.npz", f"{name}/yes_ben_1.npz")
    with pytest.raises(SignletError, match=r"taken for no sign.*'\{sign\}_\{signer\}_\{n\}'"):
        open_source(flat)


@pytest.mark.parametrize(
    "pair",
    ["fold1 fold2", "batch_1 batch_2", "day1 day2", "train_data test_data", "trainset testset"],
)
def test_several_of_them_are_refused_with_a_remedy_that_works(tmp_path: Path, pair: str) -> None:
    signs = ("hello", "yes")
    names = [f"{top}/{sign}/anna_1.npz" for top in pair.split() for sign in signs]
    with pytest.raises(SignletError, match="no signs; give one") as caught:
        open_source(empty_files(tmp_path / "nested", *names))
    pattern = str(caught.value).split("--names '")[1].split("'")[0]
    source = open_source(tmp_path / "nested", names=pattern)
    assert source.signs == signs
    assert {ref.signer for ref in source.refs()} == {"anna"}
    flat = [f"{top}/{sign}_anna_1.npz" for top in pair.split() for sign in signs]
    with pytest.raises(SignletError, match="taken for no sign"):
        open_source(empty_files(tmp_path / "flat", *flat))


@pytest.mark.parametrize("sign", ["day", "part", "file", "data", "set", "group", "all", "video"])
def test_a_sign_beside_others_may_be_called_like_one(tmp_path: Path, sign: str) -> None:
    root = empty_files(tmp_path, f"{sign}/anna_1.npz", "hello/ben_1.npz")
    assert open_source(root).signs == tuple(sorted((sign, "hello")))


def test_a_link_to_a_folder_that_is_gone_is_said(tmp_path: Path) -> None:
    root = empty_files(tmp_path / "clips", "hello/anna_1.npz", "yes/ben_1.npz")
    (root / "thanks").symlink_to(tmp_path / "elsewhere")
    assert any("thanks (empty)" in note for note in open_source(root).notes)


def empty_files(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"")
    return root
