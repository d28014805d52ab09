"""ASL Citizen: 2,731 signs of American Sign Language by 52 signers at home.

    splits/train.csv, val.csv, test.csv     Participant ID, Video file, Gloss, ASL-LEX Code
    videos/                                 <Video file>

The gloss is the table's: what the files' names say is not always the same.
"""

from __future__ import annotations

from pathlib import Path

from signlet.errors import SignletError
from signlet.sources.datasets.layout import Layout, Listing, clip_files
from signlet.sources.splits import SPLITS
from signlet.sources.tables import read_rows

_COLUMNS = ("Participant ID", "Video file", "Gloss")


def known_by(root: Path) -> str | None:
    """Its tables, by their first line."""
    for split in SPLITS:
        table = root / "splits" / f"{split}.csv"
        if table.is_file():
            with table.open(encoding="utf-8-sig", errors="replace") as file:
                if file.readline().lstrip('"').startswith(_COLUMNS[0]):
                    return f"its splits/{split}.csv"
    return None


def clips(root: Path) -> Listing:
    """All videos of the splits that are there."""
    files, listing = clip_files(root / "videos"), Listing()
    tables = {split: root / "splits" / f"{split}.csv" for split in SPLITS}
    there = {split: table for split, table in tables.items() if table.is_file()}
    if not there:
        raise SignletError(f"{root}: holds no splits/train.csv; give the folder ASL_Citizen")
    for split, table in there.items():
        for row in read_rows(table, _COLUMNS[1:]):
            video = row["Video file"]
            signer = row.get("participant id")
            listing.add(video, files.get(Path(video).stem), row["Gloss"], signer, split=split)
    return listing


LAYOUT = Layout("asl-citizen", known_by, clips)
