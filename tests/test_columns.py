"""Tables with other headings: columns are told, and what they cannot be is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from signlet.clip.span import Span
from signlet.sources import open_source
from signlet_testing import miniatures as mini
from signlet_testing.listed_clips import refused
from signlet_testing.sources_data import same_in_a_worker


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
        ("long.npz,a,2,1,", "end 1 is not after start 2"),
        ("long.npz,a,x,1,", "line 2: long.npz: the start 'x' is not a number"),
        ("long.npz,a,-1,1,", "line 2: long.npz: the start is -1; it must be 0 or more; leave it"),
        ("long.npz,a,-1,,", "empty for the beginning of the recording"),
        ("long.npz,a,0,1,\n\nlong.npz,a,1,-1,", "line 4: long.npz: the end is -1; it must be 0"),
        ("long.npz,a,nan,1,", "the start is nan; it must be 0 or more"),
        ("long.npz,a,0,inf,", "the end is inf; it must be 0 or more"),
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
        ("path=a", "lacks the columns a; it needs a, sign"),
        ("sign=a", "lacks the columns a; it needs path, a"),
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
    refused(where, f"lacks the columns {', '.join(missing)}; ")
    refused(where, "or name your columns: --columns path=HEADING,sign=HEADING")
    refused(where, f" {', '.join(headings)}; or name")
    known = open_source(where, f"path={headings[0].upper()},sign={headings[1]}")
    assert [(ref.path.name, ref.sign) for ref in known.refs()] == [("a.npz", "yes")]


def test_a_stretch_in_json_is_refused_with_its_object(tmp_path: Path) -> None:
    rows = [{"path": "a.npz", "sign": "a"}, {"path": "b.npz", "sign": "b", "start_frame": -1}]
    where = mini.saved_json(tmp_path / "t.json", rows)
    refused(where, "object 2: b.npz: the start_frame is -1; it must be 0 or more")


def test_columns_are_for_tables(tmp_path: Path) -> None:
    refused(tmp_path, "--columns is for .csv, .tsv and .json", "path=a,sign=b")


@pytest.mark.parametrize("content", ["", "[", "{}", "[1]", '{"a": [1', '"x"', "[[]]", "\xff"])
def test_json_that_is_no_table_is_refused(content: str, tmp_path: Path) -> None:
    path = tmp_path / "t.json"
    path.write_text(content, encoding="latin-1")
    refused(path, str(path), "path=a,sign=b")
