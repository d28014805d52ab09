"""What is refused or left aside is named whole, with the remedy that fits it."""

from __future__ import annotations

from pathlib import Path

import pytest

from signlet.cli import main
from signlet.errors import SignletError
from signlet.quality import data_quality
from signlet.sources import open_source
from signlet_testing import miniatures as mini

BAD = ("by\u200be", "hel\u202elo", "\u2063", "x" * 101)


def refused(where: Path) -> str:
    with pytest.raises(SignletError) as caught:
        open_source(where).refs()
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("count", [1, 2, 4])
def test_all_folders_of_bad_names_are_named(tmp_path: Path, count: int) -> None:
    for sign in ("good", *BAD[:count]):
        mini.clip(tmp_path / sign / "anna_1.npz")
        mini.clip(tmp_path / sign / "anna_2.npz")
    said = refused(tmp_path)
    assert said.count("refused: ") == (count > 1)
    for sign in BAD[:count]:
        assert ascii(sign[:19])[1:-1] in said
    assert "good" not in said


def test_all_bad_names_of_a_table_are_named(tmp_path: Path) -> None:
    rows = [("path", "sign"), ("a.npz", "good"), *((f"{n}.npz", s) for n, s in enumerate(BAD[:3]))]
    said = refused(mini.table(tmp_path / "t.csv", rows))
    assert "line 3" in said
    for sign in BAD[:3]:
        assert ascii(sign)[1:-1] in said


@pytest.mark.parametrize("name", ["a.npz.bak", "a.NPY.part", "a.parquet (1)", "a.pose_old"])
def test_landmarks_under_another_ending_are_named(tmp_path: Path, name: str) -> None:
    mini.clip(tmp_path / "hello" / "anna_1.npz")
    mini.clip(tmp_path / "hello" / "b.npz").rename(tmp_path / "hello" / name)
    (note,) = [one for one in open_source(tmp_path).notes if "skipped" in one]
    assert f"rename hello/{name} so that the ending of landmarks" in note


def test_other_endings_are_not_taken_for_landmarks(tmp_path: Path) -> None:
    mini.clip(tmp_path / "hello" / "anna_1.npz")
    for name in ("notes.txt", "poses.md", "npz.log", "a.posed.txt"):
        (tmp_path / "hello" / name).write_text("words", encoding="utf-8")
    assert not any("rename" in one for one in open_source(tmp_path).notes)


@pytest.mark.parametrize("name", ["clips.zip", "clips.csv", "clips.tsv"])
def test_a_set_is_no_clip_and_the_commands_that_take_it_are_said(
    tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    where = tmp_path / name
    where.write_bytes(b"PK\x05\x06" + bytes(18) if name.endswith("zip") else b"path,sign\n")
    assert main(["recognise", str(where)]) != 0
    said = capsys.readouterr().err
    assert "of clips, it seems, not one clip" in said
    assert "train --data" in said


def test_a_signer_who_signs_alone_is_said_once(tmp_path: Path) -> None:
    for number in range(5):
        for kind, sign in enumerate(("hello", "bye")):
            mini.clip(tmp_path / sign / f"omar_{number}.npz", kind, 0, number)
    notes = data_quality(open_source(tmp_path), jobs=1).notes
    (note,) = [one for one in notes if "signer" in one or "signs here" in one]
    assert note.startswith("only omar signs here")


@pytest.mark.parametrize("odd", [[], ["neutral.npz"]])
@pytest.mark.parametrize(
    ("name", "pattern"),
    [
        ("{sign}_{who}_{n}.npz", "{sign}_{signer}_{n}"),
        ("{sign}-{who}-{n}.npz", "{sign}-{signer}-{n}"),
        ("{sign}_{who}_take{n}.npz", "{sign}_{signer}_{any}"),
    ],
)
def test_a_flat_folder_is_told_the_pattern_of_its_names(
    tmp_path: Path, name: str, pattern: str, odd: list[str]
) -> None:
    names = [
        name.format(sign=sign, who=who, n=n)
        for sign in ("hello", "bye")
        for who in ("anna", "omar")
        for n in range(3)
    ]
    for one in [*names, *odd]:
        (tmp_path / one).write_bytes(b"not read")
    assert refused(tmp_path).endswith(f"--names '{pattern}'")
    source = open_source(tmp_path, names=pattern)
    assert source.signs == ("bye", "hello")
    assert {ref.signer for ref in source.refs()} == {"anna", "omar"}
