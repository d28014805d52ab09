"""The first sheet of an .xlsx workbook, for tables that are published as nothing else."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

from signlet.errors import SignletError

_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_MOST_BYTES = 1 << 26
_DAMAGED = (zipfile.BadZipFile, ElementTree.ParseError, KeyError, ValueError, IndexError, EOFError)


def sheet_rows(path: Path) -> list[list[str]]:
    """Cells of the first sheet, row by row, as text; "" where one is empty.

    Raises SignletError where the file is no such workbook.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            if any(entry.file_size > _MOST_BYTES for entry in archive.infolist()):
                raise SignletError(f"{path}: is too large for a table of labels; save it as CSV")
            names = set(archive.namelist())
            shared: list[str] = []
            if "xl/sharedStrings.xml" in names:
                root = ElementTree.fromstring(archive.read("xl/sharedStrings.xml"))
                shared = [_text(item) for item in root.iter(f"{_MAIN}si")]
            sheet = min(name for name in names if re.fullmatch(r"xl/worksheets/sheet\d+.xml", name))
            rows = ElementTree.fromstring(archive.read(sheet)).iter(f"{_MAIN}row")
            return [list(_cells(row, shared)) for row in rows]
    except OSError as error:
        raise SignletError(f"{path}: cannot be read ({error.strerror})") from error
    except _DAMAGED as error:
        raise SignletError(f"{path}: is no workbook that is read; save it as CSV") from error


def _cells(row: ElementTree.Element, shared: list[str]) -> Iterator[str]:
    """Cells of a row; those that are left out before one are empty."""
    count = 0
    for cell in row.iter(f"{_MAIN}c"):
        place = _column(cell.get("r", ""))
        while place is not None and count < min(place, 99):
            yield ""
            count += 1
        text = _text(cell)
        yield (shared[int(text)] if cell.get("t") == "s" else text).strip()
        count += 1


def _column(reference: str) -> int | None:
    """ "B7" -> 1; None where there is no reference."""
    letters = re.match(r"[A-Z]+", reference)
    if letters is None:
        return None
    number = 0
    for letter in letters[0]:
        number = 26 * number + ord(letter) - ord("A") + 1
    return number - 1


def _text(element: ElementTree.Element) -> str:
    """Of a cell's value, or of a shared text with its differently formatted pieces."""
    return "".join(e.text or "" for e in element.iter() if e.tag in (f"{_MAIN}v", f"{_MAIN}t"))
