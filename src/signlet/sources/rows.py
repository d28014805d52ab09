"""Rows of a table of clips, whatever its columns are called, to `ClipRef`s."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from signlet.clip.span import Span
from signlet.errors import SignletError
from signlet.files.json_pieces import read_json
from signlet.sources.headings import (
    also,
    half_a_time,
    in_milliseconds,
    likely,
    stretches_remedy,
    unread_note,
)
from signlet.sources.headings import columns as named
from signlet.sources.sign_names import SignNames
from signlet.sources.source import ClipRef
from signlet.sources.splits import SPLITS, split_name
from signlet.sources.tables import LacksError, Row, numbered_rows, plain
from signlet.sources.unused_files import one_line
from signlet.text.names import signer_name

COLUMNS = ("path", "sign", "signer", "start", "end", "start_frame", "end_frame", "split")
"""The columns that a table of clips may have; the first two are required."""
_NEEDED = COLUMNS[:2]
_TIMES = frozenset(COLUMNS[3:7])
_LONGEST = 200
"""Letters of a path that a message shows."""
_TELL = "or name your columns: --columns path=HEADING,sign=HEADING,signer=HEADING"

Columns = Mapping[str, str]
"""A key of `COLUMNS` -> the heading of that column in the table."""


def parse_columns(text: str) -> dict[str, str]:
    """ "path=File name,sign=Gloss" -> {"path": "File name", "sign": "Gloss"}.

    A heading with a comma stands between double quotes: "path=file","sign=Gloss, English".
    Anything else is read from the column of its own name, as without `--columns`.
    Raises SignletError if it is written otherwise, or takes the column of path or sign away.
    """
    text = " ".join(text.split())
    pairs = [cell.partition("=") for cell in next(csv.reader([text], skipinitialspace=True), [])]
    columns = {key.strip(): heading.strip() for key, _, heading in pairs}
    known = all(equals and heading.strip() for _, equals, heading in pairs)
    if not (columns and known and len(columns) == len(pairs) and set(columns) <= set(COLUMNS)):
        raise SignletError(
            f"--columns {text}: write path=HEADING,sign=HEADING, or some of "
            f"{', '.join(COLUMNS)}, each once; the other columns are found by their own names"
        )
    missing = [key for key in _NEEDED if key not in _headings(columns)]
    if missing:
        other = next(key for key, heading in columns.items() if plain(heading) == missing[0])
        raise SignletError(
            f"--columns {text}: reads the column {missing[0]} as the {other}, so no column is "
            f"left for {missing[0]}; add {missing[0]}=HEADING"
        )
    return columns


def clip_rows(table: Path, columns: Columns) -> list[dict[str, str]]:
    """Rows of a table under our own names, "" if a cell is empty or there is no column.

    table: CSV as `numbered_rows` reads it, or JSON: a list of objects.
    columns: headings of the columns that are called otherwise than ours.
    A row has its place, "line 2" or "object 1", under "at".
    Raises SignletError naming the table and the column.
    """
    headings = _headings(columns)
    is_json = table.suffix.lower() == ".json"
    rows = _rows(table, columns)
    if milli := in_milliseconds(headings):
        raise SignletError(
            f"{table}: the column {one_line(milli)} is in milliseconds, start and end are "
            "seconds; "
            "divide it by 1,000"
        )
    if half := half_a_time(rows[0][1], headings):
        raise SignletError(
            f"{table}: gives only one end of each clip, and the column {one_line(half)}, which "
            "may be the other, is not read; call the columns start and end (seconds), or name "
            "them with --columns; if there is no other end, remove that column"
        )
    names = {key: name if key in _NEEDED else plain(name) for key, name in headings.items()}
    there = rows[0][1]
    absent = [name for key, name in columns.items() if names[key] not in there]
    if absent:
        raise SignletError(
            f"{table}: has no column {absent[0]}; it has {', '.join(list(there)[:12])}"
        )
    signs, what = SignNames(), "object" if is_json else "line"
    found = [
        _named({key: row.get(name, "") for key, name in names.items()}, table, f"{what} {n}", signs)
        for n, row in rows
    ]
    signs.refuse()
    return found


def _headings(columns: Columns) -> Columns:
    """Ours -> heading, of all that may be there.

    No column is read twice, and if the times are given, columns of the other unit are not read.
    """
    taken = {plain(heading) for heading in columns.values()}
    if told := _TIMES.intersection(columns):
        framed = any(key.endswith("_frame") for key in told)
        taken |= {key for key in _TIMES if key.endswith("_frame") != framed}
    return {key: columns.get(key, key) for key in COLUMNS if key in columns or key not in taken}


def _rows(table: Path, columns: Columns) -> list[Row]:
    headings = _headings(columns)
    needed = [headings[key] for key in _NEEDED]
    read = _json_rows if table.suffix.lower() == ".json" else numbered_rows
    try:
        rows = read(table, needed, "" if columns else _TELL)
    except LacksError as error:
        pairs = likely(error.headings, headings)
        there = {*map(plain, error.headings)}
        if not all(key in pairs or {plain(headings[key]), key} & there for key in _NEEDED):
            raise
        known = {key: name for key, name in columns.items() if plain(name) in there}
        better = named(also(pairs, known))
        how = f"--columns {better}" if better else "without --columns"
        raise SignletError(f"{error}; perhaps {how}") from None
    if not rows:
        raise SignletError(f"{table}: lists no clips; write one row per clip: path,sign,signer")
    return rows


def repeated_remedy(table: Path, columns: Columns) -> str:
    """Return the remedy for a table that lists one clip twice. Raises as `clip_rows` does."""
    return stretches_remedy(_rows(table, columns)[0][1], _headings(columns))


def columns_note(table: Path, columns: Columns) -> str:
    """On columns that may tell more of the clips and are not read; "" for none.

    Raises SignletError as `clip_rows` does.
    """
    return unread_note(_rows(table, columns)[0][1], _headings(columns))


def _named(row: dict[str, str], table: Path, at: str, signs: SignNames) -> dict[str, str]:
    """With the names of sign and signer in their one form, and its place."""
    where = _where({**row, "at": at}, table)
    signer = signer_name(row.get("signer"), where)
    return {**row, "sign": signs.of(row["sign"], where), "signer": signer, "at": at}


def _where(row: Mapping[str, str], table: Path) -> str:
    """Return the beginning of an error: the table and its row."""
    name = row["path"] if len(row["path"]) <= _LONGEST else f"{row['path'][:_LONGEST]}..."
    return f"{table}: {row['at']}: {name}" if row.get("at") else f"{table}: {name}"


def _json_rows(path: Path, needed: list[str], remedy: str) -> list[Row]:
    """As `numbered_rows`, out of a JSON list of objects; null is an empty cell."""
    content = read_json(path)
    if not (isinstance(content, list) and all(isinstance(row, dict) for row in content)):
        raise SignletError(f"{path}: is not a list of objects; write one object for each clip")
    asked = {plain(name): name for name in needed}
    rows = [
        {asked.get(plain(key), plain(key)): _cell(x) for key, x in record.items()}
        for record in content
    ]
    for number, record in enumerate(content, 1):
        odd = [k for k, x in record.items() if plain(k) in asked and isinstance(x, list | dict)]
        if odd:
            raise SignletError(
                f"{path}: object {number}: {odd[0]} is not text; write one clip per object"
            )
    keys = sorted({key for row in rows for key in row})
    missing = [name for name in needed if name not in keys]
    if rows and missing:
        headings = dict.fromkeys(key for record in content for key in record)
        shown = one_line(", ".join(list(headings)[:12])) or "nothing"
        raise LacksError(
            f"{path}: lacks the columns {', '.join(missing)}; each object needs "
            f"{', '.join(needed)}, but the objects have "
            f"{shown}" + (f"; {remedy}" if remedy else ""),
            list(headings),
        )
    for number, row in enumerate(rows, 1):
        empty = [name for name in needed if not row.get(name)]
        if empty:
            raise SignletError(f"{path}: object {number} has no {empty[0]}; fill it in")
    return [(number, dict.fromkeys(keys, "") | row) for number, row in enumerate(rows, 1)]


def _cell(value: Any) -> str:
    return "" if value is None else str(value).strip()


def ref_of(row: Mapping[str, str], table: Path) -> ClipRef:
    """The clip of one row of `clip_rows`; its path is relative to the table or absolute.

    start and end are seconds, start_frame and end_frame numbers of frames, the first being 0;
    an empty end is the recording's. A stretch of a recording is called `<path>#<start>-<end>`.
    Raises SignletError if they are no numbers or nothing is between them.
    """
    where = _where(row, table)
    span = _span(row, where)
    name = row["path"] if span is None else f"{row['path']}#{_ends(span)}"
    split = row.get("split", "")
    if split and split_name(split) is None:
        raise SignletError(f"{where}: the split is {split!r}; write {', '.join(SPLITS)} or nothing")
    signer = row.get("signer") or None
    return ClipRef(name, table.parent / row["path"], row["sign"], signer, span, split_name(split))


def _ends(span: Span) -> str:
    unit = "f" if span.unit == "frames" else ""
    return f"{span.start:g}{unit}-" + ("" if span.end is None else f"{span.end:g}{unit}")


def _span(row: Mapping[str, str], where: str) -> Span | None:
    start, end = row.get("start", ""), row.get("end", "")
    first, last = row.get("start_frame", ""), row.get("end_frame", "")
    if (start or end) and (first or last):
        raise SignletError(f"{where}: has a start in seconds and one in frames; keep one of them")
    if not (start or end or first or last):
        return None
    if first or last:
        begin, stop = _number(row, "start_frame", where), _number(row, "end_frame", where)
    else:
        begin, stop = _number(row, "start", where), _number(row, "end", where)
    try:
        return Span(begin or 0.0, stop, "frames" if first or last else "seconds")
    except ValueError as error:
        raise SignletError(f"{where}: {error}; correct start and end") from None


def _number(row: Mapping[str, str], key: str, where: str) -> float | None:
    """A number of seconds or frames, with a decimal point or comma; None for ""."""
    text = row.get(key, "")
    if not text:
        return None
    try:
        number = float(text.replace(",", "."))
    except ValueError:
        raise SignletError(
            f"{where}: the {key} {text!r} is not a number; give start and end as seconds or frames"
        ) from None
    if not (math.isfinite(number) and number >= 0):
        edge = "beginning" if key.startswith("start") else "end"
        raise SignletError(
            f"{where}: the {key} is {text}; it must be 0 or more; leave it empty for the {edge} "
            "of the recording"
        )
    return number
