"""KArSL: 502 signs of Arabic Sign Language by three signers.

    <signer>/<split>/<sign>/         01/train/0001/, or with a signer's folder in itself, and
                                     with folders of ranges such as 0001-0070 between
    KARSL-502_Labels.xlsx or .csv    SignID, Sign-Arabic, Sign-English

The sign is the Arabic word; without the table it is the number. The folders of pictures in
which the set also comes are not read: make videos of them, or landmarks.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from signlet.errors import SignletError
from signlet.sources.datasets.layout import Layout, Listing, clip_files, distinct, subfolders
from signlet.sources.datasets.workbook import sheet_rows
from signlet.sources.splits import split_name
from signlet.sources.tables import read_rows

_SIGN, _SIGNER = re.compile(r"\d{4}"), re.compile(r"\d{2}")
_TABLES = "[Kk][Aa][Rr][Ss][Ll]*[Ll]abels.*"
_DEPTH = 8
_PICTURES = (".jpg", ".jpeg", ".png")


def known_by(root: Path) -> str | None:
    """Its table, or a folder <signer>/<split>/<sign>."""
    table = _table(root)
    if table:
        return f"its {table.name}"
    signers = [folder for folder in subfolders(root) if _SIGNER.fullmatch(folder.name)]
    inner = [f for signer in signers for f in subfolders(signer) if _SIGNER.fullmatch(f.name)]
    for place in [*signers, *inner]:
        for split in filter(lambda folder: split_name(folder.name), subfolders(place)):
            if any(_SIGN.fullmatch(folder.name[:4]) for folder in subfolders(split)):
                return f"its folders {split.relative_to(root).as_posix()}/<four digits>"
    return None


def clips(root: Path) -> Listing:
    """All videos or landmark files in folders of signs."""
    names, listing = _names(root), Listing()
    for folder in _sign_folders(root):
        number = str(int(folder.name))
        for path in clip_files(folder).values():
            name = path.relative_to(root).as_posix()
            if names and number not in names:
                listing.leave_out("the sign is not in the table of labels", name)
                continue
            sign = names.get(number, folder.name)
            listing.add(name, path, sign, _signer(folder, root), split=_split(folder, root))
        for sample in _folders_of_pictures(folder):
            name = sample.relative_to(root).as_posix()
            listing.leave_out("a folder of pictures, which signlet does not read", name)
    return listing


def _sign_folders(root: Path) -> list[Path]:
    """Folders of four digits below one that is called like a split, sorted."""
    found = []
    for place, folders, _ in os.walk(root):
        folders.sort()
        path = Path(place)
        parts = path.relative_to(root).parts
        if parts and _SIGN.fullmatch(parts[-1]) and _split(path, root):
            found.append(path)
            folders.clear()
        elif len(parts) >= _DEPTH:
            folders.clear()
    return found


def _split(folder: Path, root: Path) -> str | None:
    parts = folder.relative_to(root).parts
    return next((part for part in parts if split_name(part)), None)


def _signer(folder: Path, root: Path) -> str | None:
    parts = folder.relative_to(root).parts
    return next((part for part in parts if _SIGNER.fullmatch(part)), None)


def _folders_of_pictures(folder: Path) -> list[Path]:
    inside = sorted(path for path in folder.iterdir() if path.is_dir())
    return [p for p in inside if any(f.suffix.lower() in _PICTURES for f in p.iterdir())]


def _table(root: Path) -> Path | None:
    found = sorted(root.glob(_TABLES))
    return next((path for path in found if path.suffix in (".csv", ".xlsx")), None)


def _names(root: Path) -> dict[str, str]:
    """Number of a sign without zeros before it -> Arabic word; {} without a table."""
    table = _table(root)
    if table is None:
        return {}
    if table.suffix == ".csv":
        rows = [(row["SignID"], row["Sign-Arabic"]) for row in read_rows(table, _COLUMNS)]
    else:
        rows = _of_sheet(table)
    return distinct({number.lstrip("0"): sign for number, sign in rows if sign})


_COLUMNS = ("SignID", "Sign-Arabic")


def _of_sheet(table: Path) -> list[tuple[str, str]]:
    heading, *rows = sheet_rows(table) or [[]]
    if not set(_COLUMNS) <= set(heading):
        raise SignletError(f"{table}: lacks the columns {' and '.join(_COLUMNS)}; copy it again")
    places = [heading.index(name) for name in _COLUMNS]
    long = [[*row, *[""] * len(heading)] for row in rows]
    return [(row[places[0]].split(".")[0], row[places[1]]) for row in long if row[places[0]]]


LAYOUT = Layout("karsl", known_by, clips)
