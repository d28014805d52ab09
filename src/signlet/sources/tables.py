"""Small CSV tables that list clips."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

from signlet.errors import SignletError


def read_rows(path: Path, needed: Sequence[str]) -> list[dict[str, str]]:
    """Rows of a CSV file with a header, cells stripped, "" where a cell is missing.

    path: UTF-8, with or without a byte order mark.
    needed: columns that must be there and filled in every row.
    Raises SignletError naming the file, the line and the column.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            return _rows(csv.DictReader(file, strict=True), needed, path)
    except FileNotFoundError as error:
        raise SignletError(f"{path}: there is no such file; check the path") from error
    except OSError as error:
        raise SignletError(f"{path}: cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise SignletError(f"{path}: is not UTF-8 text; save the table as UTF-8 CSV") from error
    except csv.Error as error:
        raise SignletError(f"{path}: is not a CSV table ({error}); save it as CSV") from error


def _rows(reader: csv.DictReader[str], needed: Sequence[str], path: Path) -> list[dict[str, str]]:
    missing = [name for name in needed if name not in (reader.fieldnames or ())]
    if missing:
        raise SignletError(
            f"{path}: lacks the columns {', '.join(missing)}; needed are {', '.join(needed)}"
        )
    rows = []
    for raw in reader:
        row = {key: (value or "").strip() for key, value in raw.items() if key is not None}
        empty = [name for name in needed if not row[name]]
        if empty:
            raise SignletError(f"{path}: line {reader.line_num} has no {empty[0]}; fill it in")
        rows.append(row)
    return rows


def refuse_twice(names: Sequence[str], where: Path) -> None:
    """Raise SignletError where two clips of a table have the same name."""
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise SignletError(f"{where}: lists {name} twice; remove one of the rows")
        seen.add(name)
