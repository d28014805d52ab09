"""Landmarks that MediaPipe Tasks gave, saved as JSON: <sign>/<signer>_<number>.json.

What a file may look like: `signlet.sources.landmark_json`. In a folder that holds videos or
landmark files too, a `.json` beside them is taken for a description of theirs.
"""

from __future__ import annotations

import re
from pathlib import Path

from signlet.files.regular import blocked
from signlet.sources.datasets.layout import Layout, Listing, clip_files, subfolders
from signlet.sources.signers import signers_of

_LOOKED_AT = 4096


def known_by(root: Path) -> str | None:
    """JSON of landmarks in folders that hold nothing else to read."""
    folders = subfolders(root)
    files = [path for folder in folders for path in _files(folder)[:1]]
    if not files or any(clip_files(folder) for folder in folders):
        return None
    if blocked(files[0]):
        return None
    with files[0].open(encoding="utf-8", errors="replace") as file:
        start = file.read(_LOOKED_AT)
    named = re.search("face|pose|hand", start, re.IGNORECASE)
    landmarks = named and ('"x"' in start or "[[" in start)
    return f"its {files[0].relative_to(root).as_posix()}" if landmarks else None


def clips(root: Path) -> Listing:
    """All such files."""
    files = [path for folder in subfolders(root) for path in _files(folder)]
    signers, note = signers_of([(path.parent.name, path.name) for path in files])
    listing = Listing()
    for path, signer in zip(files, signers, strict=True):
        listing.add(f"{path.parent.name}/{path.name}", path, path.parent.name, signer)
    listing.say(note)
    return listing


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*.json") if not path.name.startswith("."))


LAYOUT = Layout("tasks-json", known_by, clips)
