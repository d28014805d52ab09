"""LSA64: 64 signs of Argentinian Sign Language by 10 signers.

    all/    <sign>_<signer>_<repetition>.mp4, three digits each: 001_002_003.mp4

A sign is called by its number, as in the files. The set has no splits.
"""

from __future__ import annotations

import re
from pathlib import Path

from signlet.errors import SignletError
from signlet.sources.datasets.layout import Layout, Listing, clip_files

_FILE = re.compile(r"(\d{3})_(\d{3})_(\d{3})")
_PLACES = ("all", "all_cut", "lsa64_raw/all", "lsa64_cut/all", "lsa64_preprocessed/all", ".")


def known_by(root: Path) -> str | None:
    """Files that are all called 001_002_003, in one of its folders and nowhere else."""
    place = _place(root)
    if place is None or not all(_FILE.fullmatch(stem) for stem in clip_files(place)):
        return None
    return "its files sign_signer_repetition"


def clips(root: Path) -> Listing:
    """All videos of that name."""
    place = _place(root)
    if place is None:
        raise SignletError(f"{root}: neither it nor its folder all contains 001_001_001.mp4")
    listing = Listing()
    for stem, path in clip_files(place).items():
        name = _FILE.fullmatch(stem)
        if name is None:
            listing.leave_out("the name is not sign_signer_repetition", path.name)
        else:
            listing.add(path.name, path, name[1], name[2])
    return listing


def _place(root: Path) -> Path | None:
    """The first folder that holds such a file."""
    folders = (root / place for place in _PLACES)
    return next((f for f in folders if any(map(_FILE.fullmatch, clip_files(f)))), None)


LAYOUT = Layout("lsa64", known_by, clips)
