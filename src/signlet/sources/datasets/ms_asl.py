"""MS-ASL: 1,000 signs of American Sign Language in videos on YouTube, by 222 signers.

    MSASL_train.json, MSASL_val.json, MSASL_test.json
                          [{"url", "start_time", "end_time", "label", "clean_text", ...}]
    MSASL_classes.json    the sign of each label
    videos/               <id on YouTube>.mp4, whole: start_time to end_time is read
    clips/                <split>_<number>.mp4, cut: the entry of that number, the first being 0

The set itself holds no videos. Its `box` around the signer is not used.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from signlet.clip.span import Span
from signlet.errors import SignletError
from signlet.files.json_pieces import read_json
from signlet.sources.datasets.layout import Layout, Listing, clip_files, person
from signlet.sources.splits import SPLITS

_CLASSES = "MSASL_classes.json"
_VIDEO_ID = re.compile(r"(?:v=|youtu\.be/|embed/)([\w-]{11})")
_CUT = re.compile(r"(train|val|test)_0*(\d+)")


def known_by(root: Path) -> str | None:
    """One of its tables."""
    names = (f"MSASL_{split}.json" for split in SPLITS)
    found = next((name for name in names if (root / name).is_file()), None)
    return found and f"its {found}"


def clips(root: Path) -> Listing:
    """All entries of the tables that are there."""
    whole, cut = clip_files(root / "videos", root), _cut_clips(root / "clips")
    signs, listing = _signs(root / _CLASSES), Listing()
    tables = {split: root / f"MSASL_{split}.json" for split in SPLITS}
    if not any(table.is_file() for table in tables.values()):
        raise SignletError(f"{root}: holds no MSASL_train.json; put it beside the folder videos")
    for split, table in tables.items():
        for number, entry in enumerate(_entries(table)):
            name, span = f"{split}/{number}", None
            path = cut.get(name)
            if path is None:
                try:
                    span = Span(float(entry["start_time"]), float(entry["end_time"]))
                except (KeyError, ValueError, TypeError, ArithmeticError):
                    listing.leave_out(
                        "end_time is before start_time, or one of them is not a number", name
                    )
                    continue
                path = _video(entry, whole)
            signer = person(entry.get("signer_id"))
            listing.add(name, path, _sign(entry, signs), signer, span=span, split=split)
    return listing


def _video(entry: dict[str, Any], whole: dict[str, Path]) -> Path | None:
    found = _VIDEO_ID.search(str(entry.get("url", "")))
    return whole.get(found[1]) if found else None


def _sign(entry: dict[str, Any], signs: list[str]) -> str:
    """By the label, which counts the synonyms of a sign as one; else by its text."""
    label = entry.get("label")
    if isinstance(label, int) and 0 <= label < len(signs):
        return signs[label]
    texts = (entry.get("clean_text"), entry.get("text"))
    return next((text for text in texts if isinstance(text, str) and text), "")


def _entries(table: Path) -> list[dict[str, Any]]:
    content = read_json(table) if table.is_file() else []
    if not (isinstance(content, list) and all(isinstance(entry, dict) for entry in content)):
        raise SignletError(f"{table}: is not a list of entries; download the set's file again")
    return content


def _signs(table: Path) -> list[str]:
    """Signs by their labels; none where the table is not there."""
    content = read_json(table) if table.is_file() else []
    if not (isinstance(content, list) and all(isinstance(sign, str) for sign in content)):
        raise SignletError(f"{table}: is not a list of signs; download the set's file again")
    return content


def _cut_clips(folder: Path) -> dict[str, Path]:
    """<split>/<number> -> file."""
    named = ((_CUT.fullmatch(stem), path) for stem, path in clip_files(folder).items())
    return {f"{match[1]}/{match[2]}": path for match, path in named if match}


LAYOUT = Layout("ms-asl", known_by, clips)
