"""`quality.csv` beside extracted landmarks: what each video gave, and what need not be redone."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from signlet.errors import SignletError
from signlet.files.atomic import require_writable, write_text
from signlet.files.regular import open_regular
from signlet.text.names import cell, from_cell
from signlet.video.quality import VideoQuality

FILE = "quality.csv"
_TEXT = ("leading", "extractor", "remarks")
_QUALITY = [field.name for field in fields(VideoQuality)]
_LOOKED_AT, _FIRST = 64, b"video,signer,file,"
_COLUMNS = ["video", "signer", "file", "warnings", "error", *_QUALITY, "key"]


@dataclass(frozen=True)
class Row:
    """One video. video, file: relative to the folders of videos and of landmarks.

    signer: "" if unknown. key: of the video's content and its extractor. quality: None
    if error says why. warnings: kinds of what is wrong with it.
    """

    video: str
    signer: str = ""
    file: str = ""
    key: str = ""
    quality: VideoQuality | None = None
    error: str = ""
    warnings: tuple[str, ...] = ()


class Record:
    """The table in a folder. Rows are added as videos are finished, so that none is lost.

    Raises SignletError if it cannot be written, before any work is done.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE
        require_writable(self.path, folder)
        self.rows: dict[str, Row] = {row.video: row for row in _read(self.path)}

    @contextmanager
    def begun(self) -> Iterator[None]:
        """Within, rows can be added, and clips be written.

        The table is there before the first clip is, so that the folder is known as extract's own
        however a command ends. It goes where nothing came of it. Raises SignletError.
        """
        self.write()  # what was there may end in half a line, or be another table
        try:
            yield
        finally:
            with suppress(OSError, SignletError):
                if not any(row.quality for row in self.rows.values()):
                    self._remove_alone()

    def _remove_alone(self) -> None:
        """Remove the table where the folder holds nothing else."""
        if _visible(self.path.parent) == [FILE]:
            self.path.unlink()

    def add(self, row: Row) -> None:
        """Take a row up and write it at once. Raises SignletError."""
        self.rows[row.video] = row
        try:
            with self.path.open("a", encoding="utf-8", newline="") as file:
                file.write(_text([row], header=False))
        except OSError as error:
            raise SignletError(
                f"{self.path}: cannot be written ({error.strerror}); free space or choose "
                "another place"
            ) from None

    def write(self) -> None:
        """Write the whole table, a row a video, sorted. Raises SignletError."""
        write_text(self.path, _text([self.rows[video] for video in sorted(self.rows)]))


def require_own(folder: Path) -> None:
    """Raise SignletError if a folder holds files that extract did not write.

    Its table tells that it did. Hidden files do not count.
    """
    if not folder.is_dir() or _begins_as_ours(folder / FILE):
        return
    if there := _visible(folder):
        raise SignletError(
            f"--out {folder}: holds {there[0]} and perhaps more that extract did not write; "
            "name a new folder, an empty one, or one that extract wrote"
        )


def _visible(folder: Path) -> list[str]:
    """Names of what a folder holds, without hidden ones, sorted. Raises SignletError."""
    try:
        return sorted(name for name in os.listdir(folder) if name[0] != ".")
    except OSError as error:
        raise SignletError(f"{folder}: cannot be listed ({error.strerror})") from None


def _begins_as_ours(table: Path) -> bool:
    """Return True if a table begins with the columns that any version of extract writes."""
    try:
        with open_regular(table) as file:
            return file.read(_LOOKED_AT).startswith(_FIRST)
    except (OSError, SignletError):
        return False


def _text(rows: Iterable[Row], header: bool = True) -> str:
    text = io.StringIO()
    table = csv.DictWriter(text, _COLUMNS, lineterminator="\n")
    if header:
        table.writeheader()
    for row in rows:
        table.writerow(_cells(row))
    return text.getvalue()


def _cells(row: Row) -> dict[str, Any]:
    quality = asdict(row.quality) if row.quality else {}
    return {
        "video": cell(row.video),
        "signer": cell(row.signer),
        "file": cell(row.file),
        "warnings": "; ".join(row.warnings),
        "error": cell(row.error),
        "key": row.key,
        **{name: value if name in _TEXT else json.dumps(value) for name, value in quality.items()},
    }


def _read(path: Path) -> list[Row]:
    """The complete rows; a corrupt table, or a line cut short, only costs time."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return [row for cells in csv.DictReader(file) if (row := _row(cells))]
    except (OSError, UnicodeDecodeError, csv.Error):
        return []


def _row(cells: dict[str, Any]) -> Row | None:
    try:
        values = {name: cells[name] for name in _QUALITY if not cells["error"]}
        quality = VideoQuality(
            **{name: v if name in _TEXT else json.loads(v) for name, v in values.items()}
        )
        warnings = tuple(filter(None, cells["warnings"].split("; ")))
        about = {name: from_cell(cells[name]) for name in ("video", "signer", "file", "key")}
        return Row(**about, quality=quality, warnings=warnings)
    except (KeyError, TypeError, ValueError, AttributeError):
        return None
