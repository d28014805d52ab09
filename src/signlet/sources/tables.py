"""Small CSV tables that list clips, as spreadsheets write them."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from signlet.errors import SignletError
from signlet.sources.encoding import table_text

if TYPE_CHECKING:
    from _csv import Reader

TABLE_SUFFIXES = (".csv", ".tsv")
"""Endings of tables, in lower case."""
_DELIMITERS = (",", ";", "\t", "|")
_EXCEL = re.compile(r'\s*"?sep=(.)"?\s*')
"""The first line by which Excel tells itself the separator."""
_SHOWN = 12
_MOST_ROWS, _MOST_COLUMNS = 1_000_000, 1000

Line = tuple[int, list[str]]
"""Number of a line, counted from 1, and its cells."""


class LacksError(SignletError):
    """A table lacks a column. headings: that it has."""

    def __init__(self, message: str, headings: Sequence[str]) -> None:
        super().__init__(message)
        self.headings = list(headings)


Row = tuple[int, dict[str, str]]
"""Number of a row's line, counted from 1, and its cells by the name of the column."""


def read_rows(path: Path, needed: Sequence[str]) -> list[dict[str, str]]:
    """Rows of a CSV file as `numbered_rows` reads it, without the numbers. Raises SignletError."""
    return [row for _, row in numbered_rows(path, needed)]


def numbered_rows(path: Path, needed: Sequence[str], remedy: str = "") -> list[Row]:
    """Rows of a CSV file with a header, cells stripped, "" if a cell is missing.

    path: cells between commas, semicolons, tabs or bars; UTF-8, UTF-16 or Windows-1252.
    needed: columns that must be there, in any capitals, and filled in every row.
    remedy: what else to do where one is not there, in words for the user.
    Returns a number and a dict for each row, without the rows that are empty: the needed columns
    under the name asked for, the others under their heading in lower case.
    Raises SignletError naming the file, the line and the column.
    """
    text = table_text(path)[0]
    try:
        return _rows(text, needed, path, remedy)
    except csv.Error as error:
        raise SignletError(f"{path}: is not a CSV table ({error}); save it as CSV") from error


def _rows(text: str, needed: Sequence[str], path: Path, remedy: str) -> list[Row]:
    lines = _lines(text, needed)
    headings = _headings(next(lines, (1, []))[1], needed, path, remedy)
    rows: list[Row] = []
    for number, cells in lines:
        if len(cells) > len(headings) and any(cells[len(headings) :]):
            raise SignletError(
                f"{path}: line {number} has {len(cells)} cells, but there are {len(headings)} "
                "headings; put a cell that contains the separator between double quotes"
            )
        padded = [*cells, *[""] * (len(headings) - len(cells))]
        row = {name: cell for name, cell in zip(headings, padded, strict=False) if name}
        _check_filled(row, needed, number, path)
        if len(rows) == _MOST_ROWS:
            raise SignletError(f"{path}: has more than {_MOST_ROWS:,} rows; split the table")
        rows.append((number, row))
    return rows


def _check_filled(row: dict[str, str], needed: Sequence[str], number: int, path: Path) -> None:
    for name in needed:
        if not row[name]:
            raise SignletError(f"{path}: line {number} has no {name}; fill it in")
        if len(row[name].splitlines()) > 1:
            raise SignletError(f"{path}: line {number} has a line break in {name}; remove it")


def _lines(text: str, needed: Sequence[str]) -> Iterator[Line]:
    """Lines that are not empty, the header first, their cells stripped."""
    first, _, rest = text.partition("\n")
    told = _EXCEL.fullmatch(first)
    delimiter = told[1] if told else _delimiter(text, needed)
    reader = _reader(rest if told else text, delimiter)
    for cells in reader:
        stripped = [cell.strip() for cell in cells]
        if any(stripped):
            yield reader.line_num + bool(told), stripped


def _reader(text: str, delimiter: str) -> Reader:
    return csv.reader(
        io.StringIO(text, newline=""), delimiter=delimiter, strict=True, skipinitialspace=True
    )


def _delimiter(text: str, needed: Sequence[str]) -> str:
    """Return the delimiter that gives the most needed columns, then the most cells."""
    wanted = {plain(name) for name in needed}

    def found(delimiter: str) -> tuple[int, int]:
        try:
            cells = next((cells for cells in _reader(text, delimiter) if any(cells)), [])
        except csv.Error:
            return 0, 0
        return len(wanted & {plain(cell) for cell in cells}), len(cells)

    return max(_DELIMITERS, key=found)


def _headings(cells: Sequence[str], needed: Sequence[str], path: Path, remedy: str) -> list[str]:
    """The columns' names: as asked for, or in lower case. Raises SignletError."""
    if len(cells) > _MOST_COLUMNS:
        raise SignletError(
            f"{path}: has {len(cells):,} columns; signlet reads at most {_MOST_COLUMNS:,}"
        )
    asked = {plain(name): name for name in needed}
    names = [asked.get(plain(cell), plain(cell)) for cell in cells]
    missing = [name for name in needed if name not in names]
    if missing:
        shown = ", ".join(cells[:_SHOWN]) + (" ..." if len(cells) > _SHOWN else "")
        found = "it has no first line"
        if cells:
            found = f"its first line has {_one_line(shown)}" + (f"; {remedy}" if remedy else "")
        raise LacksError(
            f"{path}: lacks the columns {', '.join(missing)}; it needs {', '.join(needed)} as "
            f"headings, {found}",
            cells,
        )
    twice = [name for name in names if name and names.count(name) > 1]
    if twice:
        raise SignletError(
            f"{path}: has two columns called {_one_line(twice[0])}; rename or remove one"
        )
    return names


def plain(heading: str) -> str:
    """A heading as `read_rows` gives it, and as it is compared."""
    return " ".join(heading.split()).lower()


def _one_line(text: str) -> str:
    return " ".join(text.split())


def refuse_twice(
    names: Sequence[str], where: Path, remedy: Callable[[], str] = lambda: "remove one of the rows"
) -> None:
    """Raise SignletError if two clips of a table have the same name. remedy: what to do."""
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise SignletError(f"{where}: lists {name} twice; {remedy()}")
        seen.add(name)
