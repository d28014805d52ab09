"""The first sheet of an .xlsx workbook, for tables that are published as nothing else."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

from signlet.errors import ClipError, SignletError
from signlet.files import archives

_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_MOST_BYTES = 1 << 24
_MOST_ROWS, _MOST_SHORT = 200_000, 99
"""Rows of a sheet; cells that may be left out before one."""
_DAMAGED = (*archives.DAMAGED, ElementTree.ParseError, IndexError, NotImplementedError)
_SHEET = re.compile(r"xl/worksheets/sheet\d+\.xml")
_SHARED = "xl/sharedStrings.xml"


def sheet_rows(path: Path) -> list[list[str]]:
    """Cells of the first sheet, row by row, as text; "" if one is empty.

    Raises SignletError if the file is not a workbook.
    """
    try:
        with archives.opened(path, error=SignletError) as archive:
            names = set(archive.namelist())
            shared: list[str] = []
            if _SHARED in names:
                shared = [_text(item) for item in _elements(archive, _SHARED, "si", path)]
            sheet = min(name for name in names if _SHEET.fullmatch(name))
            rows = []
            for row in _elements(archive, sheet, "row", path):
                rows.append(list(_cells(row, shared)))
                if len(rows) > _MOST_ROWS:
                    raise SignletError(f"{path}: has more than {_MOST_ROWS:,} rows; save it as CSV")
            return rows
    except (ClipError, *_DAMAGED):
        raise SignletError(
            f"{path}: is not a workbook that signlet can read; save it as CSV"
        ) from None


def _elements(
    archive: zipfile.ZipFile, name: str, kind: str, path: Path
) -> Iterator[ElementTree.Element]:
    """Elements of a kind in an entry, one after the other; none is kept.

    A workbook declares no types and entities of its own, which could stand for any length of text.
    """
    with archives.unpacked(archive, archive.getinfo(name), _MOST_BYTES, str(path)) as file:
        text = file.read().decode("utf-8-sig")
    if "<!DOCTYPE" in text:
        raise ValueError(name)
    above: list[ElementTree.Element] = []
    for event, element in ElementTree.iterparse(io.StringIO(text), ("start", "end")):
        if event == "start":
            above.append(element)
            continue
        above.pop()
        if element.tag == f"{_MAIN}{kind}":
            yield element
            if above:
                above[-1].remove(element)


def _cells(row: ElementTree.Element, shared: list[str]) -> Iterator[str]:
    """Cells of a row; those that are left out before one are empty."""
    count = 0
    for cell in row.iter(f"{_MAIN}c"):
        place = _column(cell.get("r", ""))
        while place is not None and count < min(place, _MOST_SHORT):
            yield ""
            count += 1
        text = _text(cell)
        if cell.get("t") == "s":
            number = int(text)
            text = shared[number if number >= 0 else len(shared)]
        yield text.strip()
        count += 1


def _column(reference: str) -> int | None:
    """ "B7" -> 1; None if there is no reference."""
    letters = re.match(r"[A-Z]{1,3}(?![A-Z])", reference)
    if letters is None:
        return None
    number = 0
    for letter in letters[0]:
        number = 26 * number + ord(letter) - ord("A") + 1
    return number - 1


def _text(element: ElementTree.Element) -> str:
    """Of a cell's value, or of a shared text with its differently formatted pieces."""
    return "".join(e.text or "" for e in element.iter() if e.tag in (f"{_MAIN}v", f"{_MAIN}t"))
