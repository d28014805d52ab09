"""Columns that may mean something are never passed over without a word."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signlet.errors import SignletError
from signlet.sources import open_source
from signlet.sources.headings import columns, likely
from signlet.sources.rows import COLUMNS, parse_columns
from signlet_testing import miniatures as mini


def table(folder: Path, headings: tuple[str, ...], cells: tuple[str, ...], kind: str) -> Path:
    mini.clip(folder / "a.npz")
    if kind == "csv":
        return mini.table(folder / "t.csv", [headings, ("a.npz", "hello", *cells)])
    row = dict(zip(headings, ("a.npz", "hello", *cells), strict=True))
    (folder / "t.json").write_text(json.dumps([row]), encoding="utf-8")
    return folder / "t.json"


def advised(text: str) -> str:
    """What a message says to give to --columns."""
    return text.rsplit("--columns ", 1)[1].strip("'")


@pytest.mark.parametrize(
    ("path", "sign"),
    [
        *(("file", "label"), ("filename", "gloss"), ("Video", "Word"), ("video_path", "Sign")),
        *(("Path", "Label"), ("file name", "class"), ("Clip", "Gloss"), ("Video file", "target")),
        *(("Datei", "Wort"), ("FilePath", "sign name")),
    ],
)
def test_the_missing_columns_are_guessed_for_the_remedy(
    tmp_path: Path, path: str, sign: str
) -> None:
    where = table(tmp_path, (path, sign), (), "csv")
    with pytest.raises(SignletError, match="lacks the columns") as caught:
        open_source(where)
    (ref,) = open_source(where, advised(str(caught.value))).refs()
    assert (ref.path, ref.sign) == (tmp_path / "a.npz", "hello")


@pytest.mark.parametrize(
    ("more", "cells", "wanted"),
    [
        *(((who,), ("anna",), "anna") for who in ("participant", "User", "person", "signer_id")),
        *(((who,), ("anna",), "anna") for who in ("Participant ID", "subject", "Performer")),
        *(((part,), ("test",), "test") for part in ("set", "subset", "partition")),
        *(((a, b), ("0.2", "0.4"), 0.2) for a, b in [("begin", "stop"), ("from", "to")]),
        (("start_time", "end_time"), ("0.2", "0.4"), 0.2),
        (("frame_start", "frame_end"), ("2", "4"), 2),
        (("start frame", "end frame"), ("2", "4"), 2),
    ],
)
def test_a_column_that_may_tell_more_is_said_and_can_be_named(
    tmp_path: Path, more: tuple[str, ...], cells: tuple[str, ...], wanted: str | float
) -> None:
    where = table(tmp_path, ("path", "sign", *more), cells, "csv")
    (note,) = [one for one in open_source(where).notes if "not read" in one]
    (ref,) = open_source(where, advised(note)).refs()
    assert wanted in (ref.signer, ref.split, ref.span and ref.span.start)
    assert not [one for one in open_source(where, advised(note)).notes if "not read" in one]


@pytest.mark.parametrize("kind", ["csv", "json"])
@pytest.mark.parametrize(
    "pair",
    [
        "begin end",
        "start stop",
        "start duration",
        "from end",
        "start_frame frame_end",
        "start Dauer",
    ],
)
def test_one_end_alone_is_refused_where_another_column_may_be_the_other(
    tmp_path: Path, pair: str, kind: str
) -> None:
    where = table(tmp_path, ("path", "sign", *pair.split()), ("2", "4"), kind)
    with pytest.raises(SignletError, match="gives only one end of each clip"):
        open_source(where, None if kind == "csv" else _own(pair))


def _own(pair: str) -> str:
    ours = [name for name in pair.split() if name in COLUMNS]
    return ",".join(f"{name}={name}" for name in ("path", "sign", *ours))


@pytest.mark.parametrize("heading", ["start_ms", "start (ms)", "StartMs", "start milliseconds"])
def test_milliseconds_are_refused(tmp_path: Path, heading: str) -> None:
    where = table(tmp_path, ("path", "sign", heading), ("500",), "csv")
    with pytest.raises(SignletError, match="is in milliseconds"):
        open_source(where, f"path=path,sign=sign,start={heading}")


def test_a_rate_beside_frames_is_said(tmp_path: Path) -> None:
    headings = ("path", "sign", "start_frame", "end_frame", "FPS")
    notes = open_source(table(tmp_path, headings, ("2", "4", "50"), "csv")).notes
    assert any("the column fps is not read" in note for note in notes)


@pytest.mark.parametrize("more", ["notes", "id", "duration", "fps", "signer", "date"])
def test_other_columns_are_nobody_s_business(tmp_path: Path, more: str) -> None:
    assert open_source(table(tmp_path, ("path", "sign", more), ("1",), "csv")).notes == ()


@settings(max_examples=100, deadline=None)
@given(st.lists(st.text(min_size=1, max_size=12), max_size=6))
def test_any_headings_give_columns_that_parse(headings: list[str]) -> None:
    found = likely(headings, {name: name for name in COLUMNS})
    pairs = {"path": "path", "sign": "sign"} | found
    told = parse_columns(columns(pairs).strip("'"))
    assert set(told) == set(pairs)
