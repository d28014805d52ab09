"""Folders of splits and containers: each layout is read, or refused with a remedy."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from signlet.errors import SignletError
from signlet.sources import open_source
from signlet_testing.own_layouts import KEPT, Made, folder, made, notes, refused, told

__all__ = ["made"]


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
    refused(where, "does not take for", "move them into")
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
    (("w33_hello.npz", "w34_yes.npz"), ["{signer}_{sign}"]),
    (("w33_hello_1.npz", "w34_yes_2.npz"), ["{signer}_{sign}_{n}"]),
    (("ann_hello.npz", "bob_yes.npz"), ["{sign}_{signer}", "{signer}_{sign}"]),
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
    assert "are taken as a split" in notes(source)
    assert "skipped" not in notes(source)


def test_clips_beside_a_split_in_a_sign_are_in_none(made: Made) -> None:
    source = open_source(made("no/ann_1.npz", "no/test/ann_1.npz", "yes/test/bob_1.npz"))
    assert [ref.split for ref in source.refs()] == [None, "test", "test"]
    assert "the folders test are taken as a split; 1 clip is in none of them" in notes(source)


SPLITS = ["train", "training", "val", "valid", "validation", "dev", "development", "test", "TEST"]


@pytest.mark.parametrize("split", SPLITS)
def test_names_make_no_signer_of_a_split(made: Made, split: str) -> None:
    where = made(f"no/{split}/1.npz", f"yes/{split}/1.npz", f"no/{split}/x/{split}_1.npz")
    known = {"tr": "train", "va": "val", "de": "val", "te": "test"}[split[:2].lower()]
    for pattern in ("{sign}/{signer}/{any}", "{sign}/{split}/{any}"):
        source = open_source(where, names=pattern)
        assert [(ref.signer, ref.split) for ref in source.refs()] == [(None, known)] * 2
        assert "1 of 3 clips skipped" in notes(source)
    assert {ref.signer for ref in open_source(made(f"no/{split}_1.npz")).refs()} == {None}


def test_names_make_no_sign_of_a_split_of_folders(made: Made) -> None:
    where = made("train/no/ann_1.npz", "test/no/bob_1.npz")
    refused(where, "takes test, train for signs", "write {split}", names="{sign}/{signer}/{any}")
    source = open_source(where, names="{split}/{sign}/{signer}_{n}")
    assert [(r.sign, r.signer, r.split) for r in source.refs()] == [
        ("no", "bob", "test"),
        ("no", "ann", "train"),
    ]
    refused(where, "none of 2 clips matches", names="{sign}/{split}/{any}")
    refused(where, "contains {split}, but not {sign}", names="{split}_{signer}")


def test_a_flat_part_of_a_split_is_left_aside(made: Made) -> None:
    source = open_source(made("train/no/ann_1.npz", "train/yes/ann_1.npz", "test/0001.mp4"))
    assert [ref.split for ref in source.refs()] == ["train", "train"]
    assert ("1 clip skipped (not in a sign's folder): test/0001.mp4") in notes(source)


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
    assert "that may be signs: data/more (1 file: .txt)" in said
    assert ("2 clips skipped (not in a sign's folder): data/train/y.npz, data/x.npz") in said


@pytest.mark.parametrize("name", ["videos", "Clips", "data", "DATASET", "landmarks"])
def test_a_lone_container_is_looked_into(made: Made, name: str) -> None:
    source = open_source(made(f"{name}/no/ann_1.npz", f"{name}/yes/ann_1.npz", "readme.txt"))
    assert source.signs == ("no", "yes")
    assert [ref.name for ref in source.refs()] == ["no/ann_1.npz", "yes/ann_1.npz"]


def test_an_unknown_name_in_a_split_is_told(made: Made) -> None:
    where = made("train/yes/a_1.npz", "holdout/yes/b_1.npz")
    refused(where, "call the folders of a split train, val and test")


def test_two_containers_are_refused(made: Made) -> None:
    refused(made("videos/no/a_1.mp4", "landmarks/no/a_1.npz"), "not signs; give one of these")


@pytest.mark.parametrize("name", ["train", "test", "data", "video"])
def test_among_other_signs_such_a_name_is_a_sign(made: Made, name: str) -> None:
    assert name in open_source(made(*KEPT, f"{name}/ann_1.npz")).signs


def test_one_sign_alone_is_a_sign(made: Made) -> None:
    assert open_source(made("hello/ann_1.npz")).signs == ("hello",)


def test_where_the_clips_lie_is_said(tmp_path: Path) -> None:
    deep = folder(tmp_path / "set", "a/b/c/x.npz", "a/b/d/y.npz")
    refused(deep, "2 clips deeper, such as a/b/c/x.npz", "--names")
    lone = folder(tmp_path / "lone", "mine/no/ann_1.npz", "mine/yes/ann_1.npz")
    refused(lone, f"give {lone}/mine")
    assert open_source(lone / "mine").signs == ("no", "yes")
    text = folder(tmp_path / "text", "a/x.txt", "b.pdf")
    refused(text, "contains no clips", ".pdf, .txt")
