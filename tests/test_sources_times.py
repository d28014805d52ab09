"""Times and columns of a table: nothing that a table tells is dropped or misread in silence."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from signlet.errors import SignletError
from signlet.sources import open_source
from signlet.sources.rows import parse_columns
from signlet_testing import miniatures as mini

Rows = list[tuple[str, ...]]
TIMES = [("begin", "finish"), ("Start time", "End time"), ("from", "to"), ("in", "out")]


def recording(path: Path, frames: int = 75, fps: float = 25) -> str:
    rng = np.random.default_rng(0)
    np.savez(path, landmarks=rng.random((frames, 543, 3), np.float32), fps=fps)
    return path.name


def table(folder: Path, headings: str, *rows: str, kind: str = "csv") -> Path:
    """A table over anna.npz, three seconds long, in its first column."""
    if not (folder / "anna.npz").exists():
        recording(folder / "anna.npz")
    names, cells = headings.split(","), [("anna.npz", *row.split(",")) for row in rows]
    if kind == "csv":
        return mini.table(folder / "t.csv", [tuple(names), *cells])
    listed = [dict(zip(names, row, strict=True)) for row in cells]
    (folder / "t.json").write_text(json.dumps(listed), encoding="utf-8")
    return folder / "t.json"


def advised(text: str) -> str:
    return text.rsplit("--columns ", 1)[1].strip("'")


def told(where: Path, columns: str | None = None) -> list[tuple[object, ...]]:
    refs = open_source(where, columns).refs()
    return [(r.sign, r.signer, r.split, r.span and (r.span.start, r.span.end)) for r in refs]


@pytest.mark.parametrize("kind", ["csv", "json"])
@pytest.mark.parametrize(
    ("headings", "columns"),
    [
        ("file,sign,signer,start,end,split", "path=file"),
        ("file,sign,signer,start,end,split", "path=file,sign=sign"),
        ("file,Gloss,Signer,START,End,split", "path=file,sign=gloss"),
        ("path,sign,participant,begin,finish,split", "start=begin,end=finish,signer=participant"),
        ("path,sign,signer,start,end,part", "split=part"),
    ],
)
def test_columns_name_only_what_is_called_otherwise(
    tmp_path: Path, headings: str, columns: str, kind: str
) -> None:
    where = table(tmp_path, headings, "hello,anna,0,1,train", "bye,omar,1,2.5,test", kind=kind)
    assert told(where, columns) == [
        ("hello", "anna", "train", (0, 1)),
        ("bye", "omar", "test", (1, 2.5)),
    ]


@pytest.mark.parametrize(("begin", "finish"), TIMES)
def test_following_the_advice_loses_nothing(tmp_path: Path, begin: str, finish: str) -> None:
    headings = f"video,label,participant,{begin},{finish},subset"
    where = table(tmp_path, headings, "hello,anna,0,1,train", "bye,anna,1,2,val")
    with pytest.raises(SignletError, match="lacks the columns") as caught:
        open_source(where)
    assert told(where, advised(str(caught.value))) == [
        ("hello", "anna", "train", (0, 1)),
        ("bye", "anna", "val", (1, 2)),
    ]


def test_a_wrong_heading_is_mended_beside_the_right_ones(tmp_path: Path) -> None:
    where = table(tmp_path, "file,gloss,who", "hello,anna")
    with pytest.raises(SignletError, match="lacks the columns fil;") as caught:
        open_source(where, "path=fil,sign=gloss,signer=who")
    assert told(where, advised(str(caught.value))) == [("hello", "anna", None, None)]


def test_a_column_is_not_read_as_two_things() -> None:
    with pytest.raises(SignletError, match="add sign=HEADING"):
        parse_columns("signer=sign")
    with pytest.raises(SignletError, match="add path=HEADING"):
        parse_columns("split=path")
    assert parse_columns("path=sign,sign=path") == {"path": "sign", "sign": "path"}


def test_times_that_are_named_count_alone(tmp_path: Path) -> None:
    where = table(tmp_path, "path,sign,first,last,start,end", "hello,0,25,0,1")
    (ref,) = open_source(where, "start_frame=first,end_frame=last").refs()
    assert ref.span is not None
    assert (ref.span.end, ref.span.unit) == (25, "frames")


@pytest.mark.parametrize("kind", ["csv", "json"])
@pytest.mark.parametrize(("begin", "finish"), TIMES)
def test_a_recording_listed_twice_may_lack_its_times(
    tmp_path: Path, begin: str, finish: str, kind: str
) -> None:
    headings = f"file,sign,{begin},{finish},person"
    where = table(tmp_path, headings, "hello,0,1,anna", "bye,1,2,anna", kind=kind)
    with pytest.raises(SignletError, match="several clips of one recording need") as caught:
        open_source(where, "path=file").refs()
    assert told(where, advised(str(caught.value))) == [
        ("hello", "anna", None, (0, 1)),
        ("bye", "anna", None, (1, 2)),
    ]


def test_a_recording_listed_twice_without_times(tmp_path: Path) -> None:
    where = table(tmp_path, "path,sign", "hello", "bye")
    with pytest.raises(SignletError, match=r"remove one of the rows; .* add the columns start and"):
        open_source(where).refs()
    where = table(tmp_path, "path,sign,start_ms,end_ms", "hello,0,900", "bye,900,2000")
    with pytest.raises(SignletError, match="start_ms is in milliseconds: divide by 1,000"):
        open_source(where).refs()


@pytest.mark.parametrize(
    ("headings", "rows"),
    [
        ("path,sign,start", ("hello,0", "bye,1")),
        ("path,sign,start", ("hello,", "bye,1")),
        ("path,sign,start_frame", ("hello,0", "bye,20", "hello,40")),
        ("path,sign,start,end", ("hello,0,", "bye,1,")),
        ("path,sign,start,end", ("hello,0,1", "bye,1,", "bye,,")),
    ],
)
def test_clips_that_all_go_on_to_the_end_are_refused(
    tmp_path: Path, headings: str, rows: tuple[str, ...]
) -> None:
    with pytest.raises(SignletError, match=r"is a column end .* missing, or empty") as caught:
        open_source(table(tmp_path, headings, *rows)).refs()
    assert "\n" not in str(caught.value)


def test_one_clip_may_go_on_to_the_end(tmp_path: Path) -> None:
    recording(tmp_path / "omar.npz")
    where = table(tmp_path, "path,sign,start,end", "hello,0,1", "bye,1,")
    with where.open("a", encoding="utf-8") as file:
        file.write("omar.npz,hello,0.5,\n")
    source = open_source(where)
    assert len(source.refs()) == 3
    assert source.notes == ()


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (("hello,0,1", "bye,0.9,2"), False),
        (("hello,0,1", "bye,1,2"), False),
        (("hello,0,1", "bye,0.2,1.2"), True),
        (("hello,0,2.5", "bye,1,2"), True),
        (("hello,,", "bye,1,2"), True),
    ],
)
def test_stretches_that_share_most_are_said(
    tmp_path: Path, rows: tuple[str, ...], said: bool
) -> None:
    notes = open_source(table(tmp_path, "path,sign,start,end", *rows)).notes
    assert any("share most of one part" in note for note in notes) == said


@pytest.mark.parametrize("kind", ["csv", "json"])
@pytest.mark.parametrize(
    "rows",
    [
        ("hello,0,1000", "bye,1000,2000", "hello,2000,3000"),  # milliseconds
        ("hello,33.37,1033.7", "bye,1033.7,2100.2"),
        ("hello,0,900",),
        ("hello,0,25", "bye,25,50", "hello,50,75"),  # frames
    ],
)
def test_times_that_are_no_seconds_are_refused(
    tmp_path: Path, rows: tuple[str, ...], kind: str
) -> None:
    where = table(tmp_path, "path,sign,start,end", *rows, kind=kind)
    with pytest.raises(SignletError, match=r"look like milliseconds .divide by 1,000. or frames"):
        open_source(where).refs()


@pytest.mark.parametrize(
    "rows",
    [
        ("hello,0,1", "bye,1,2", "hello,2,3"),
        ("hello,0,1", "bye,1,2", "hello,20,21"),  # one slip is said when the clip is read
        ("hello,0.5,1.5",),
        ("hello,0,4",),  # rounded up
    ],
)
def test_seconds_are_taken(tmp_path: Path, rows: tuple[str, ...]) -> None:
    assert len(open_source(table(tmp_path, "path,sign,start,end", *rows)).refs()) == len(rows)


def test_whole_frames_and_missing_recordings_are_not_measured(tmp_path: Path) -> None:
    where = table(tmp_path, "path,sign,start_frame,end_frame", "hello,0,25", "bye,25,50")
    assert len(open_source(where).refs()) == 2
    where = mini.table(tmp_path / "gone.csv", [("path", "sign", "start"), ("no.npz", "a", "9")])
    assert len(open_source(where).refs()) == 1
