"""INCLUDE: 263 signs of Indian Sign Language, filmed by 7 signers whom nothing names.

    <category>/<number>. <word>/     Greetings/48. Hello/MVI_0039.MOV
    include_train.txt, _val, _test   a video in each line (also in train_test_paths/, as in the
                                     authors' repository), or train.csv with the column FilePath

The sign is the word without its number.
"""

from __future__ import annotations

import re
from pathlib import Path

from signlet.errors import SignletError
from signlet.sources.datasets.layout import Layout, Listing, clip_files, subfolders
from signlet.sources.encoding import table_text
from signlet.sources.splits import SPLITS
from signlet.sources.tables import read_rows

_WORD = re.compile(r"\d+\.\s*(.+)")
_TABLES = (
    *("include_{}.txt", "train_test_paths/include_{}.txt", "include_{}.csv"),
    *("{}_include.csv", "{}.csv"),
)


def known_by(root: Path) -> str | None:
    """Folders in folders that are all called "48. Hello"."""
    words = [word for category in subfolders(root) for word in subfolders(category)]
    holding = [word for word in words if clip_files(word)]
    if holding and all(_WORD.fullmatch(word.name) for word in holding):
        return f"its folders <category>/{holding[0].name}"
    return None


def clips(root: Path) -> Listing:
    """All videos, and those that a table names and that are not there."""
    split_of = _splits(root)
    listing = Listing()
    seen = set()
    for category in subfolders(root):
        for folder in subfolders(category):
            word = _WORD.fullmatch(folder.name)
            for path in clip_files(folder).values() if word else ():
                name = path.relative_to(root).as_posix()
                seen.add(_key(name))
                listing.add(name, path, _word(folder.name), None, split=split_of.get(_key(name)))
    for key in split_of:
        if key not in seen:
            listing.leave_out("the file is missing", key)
    return listing


def _splits(root: Path) -> dict[str, str]:
    """Video without its ending, in lower case -> split, of all tables that are there."""
    found: dict[str, str] = {}
    for split in SPLITS:
        tables = (root / name.format(split) for name in _TABLES)
        table = next((path for path in tables if path.is_file()), None)
        if table is not None:
            found |= {_key(video): split for video in _videos(table)}
    return found


def _videos(table: Path) -> list[str]:
    if table.suffix == ".csv":
        return [row["FilePath"] for row in read_rows(table, ("FilePath",))]
    lines = [line.strip() for line in table_text(table)[0].splitlines()]
    if not any(lines):
        raise SignletError(f"{table}: is empty; copy it again")
    return [line for line in lines if line]


def _key(video: str) -> str:
    """Of a video, however far above its category its path begins."""
    return "/".join(Path(video.replace("\\", "/")).with_suffix("").parts[-3:]).lower()


def _word(folder: str) -> str:
    match = _WORD.fullmatch(folder)
    return match[1].strip() if match else folder


LAYOUT = Layout("include", known_by, clips)
