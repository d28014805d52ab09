"""AUTSL: 226 signs of Turkish Sign Language by 43 signers.

    train_labels.csv, validation_labels.csv, test_labels.csv    signer0_sample1,41: no heading
    SignList_ClassId_TR_EN.csv                                  ClassId, TR, EN
    train/, val/, test/                                         signer0_sample1_color.mp4

The depth videos beside them (`_depth.mp4`) are not read.
"""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

from signlet.errors import SignletError
from signlet.sources.datasets.layout import Layout, Listing, clip_files, distinct
from signlet.sources.encoding import encoding_note, table_text
from signlet.sources.tables import read_rows

_TABLES = {
    "train_labels.csv": "train",
    "validation_labels.csv": "val",
    "val_labels.csv": "val",
    "test_labels.csv": "test",
}
_FOLDERS = ("train", "val", "validation", "test", ".")
_CLASSES = "SignList_ClassId_TR_EN.csv"
_SAMPLE = re.compile(r"signer(\d+)_sample\d+")


def known_by(root: Path) -> str | None:
    """A table of labels whose first cell is signerN_sampleM."""
    for name in _TABLES:
        if (root / name).is_file():
            with (root / name).open(encoding="utf-8-sig", errors="replace") as file:
                if _SAMPLE.fullmatch(file.readline().split(",")[0].strip()):
                    return f"its {name}"
    return None


def clips(root: Path) -> Listing:
    """All samples of the tables that are there; the sign is the Turkish word, or the number."""
    listing, names = Listing(), _names(root / _CLASSES)
    listing.say(encoding_note(root / _CLASSES) if names else "")
    there = [name for name in _TABLES if (root / name).is_file()]
    if not there:
        raise SignletError(f"{root}: holds no train_labels.csv; put it beside the videos' folders")
    for table in there:
        split = _TABLES[table]
        files = clip_files(root / split, *(root / folder for folder in _FOLDERS))
        for number, cells in enumerate(_lines(root / table), 1):
            sample = _SAMPLE.fullmatch(cells[0]) if len(cells) == 2 else None
            if sample is None:
                listing.leave_out("the line is not signerN_sampleM,label", f"{table}:{number}")
                continue
            if names and cells[1] not in names:
                listing.leave_out(f"the label is not in {_CLASSES}", f"{cells[0]},{cells[1]}")
                continue
            path = files.get(f"{cells[0]}_color") or files.get(cells[0])
            sign = names.get(cells[1], cells[1])
            listing.add(f"{split}/{cells[0]}", path, sign, sample[1], split=split)
    return listing


def _lines(table: Path) -> list[list[str]]:
    try:
        rows = list(csv.reader(io.StringIO(table_text(table)[0], newline=""), strict=True))
    except csv.Error as error:
        raise SignletError(f"{table}: is not a CSV table ({error}); copy it again") from error
    return [[cell.strip() for cell in row] for row in rows if any(cell.strip() for cell in row)]


def _names(table: Path) -> dict[str, str]:
    """Number of a class -> Turkish word; nothing if the table is not there."""
    if not table.is_file():
        return {}
    return distinct({row["ClassId"]: row["TR"] for row in read_rows(table, ("ClassId", "TR"))})


LAYOUT = Layout("autsl", known_by, clips)
