"""The widespread tutorial "action detection" (N. Renotte): one file a frame.

    <sign>/<sequence>/<frame>.npy    1662 numbers: pose 33 x (x, y, z, visibility), face 468 x
                                     (x, y, z), left hand 21 x (x, y, z), right hand 21

Zeros are parts that were not found. Variants without the face have 258 numbers. Who signs is
not written down.
"""

from __future__ import annotations

from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from signlet.clip import MAX_FRAMES, Clip, validated
from signlet.clip.points import KNOWN, arrange, parse_parts
from signlet.errors import ClipError
from signlet.files.npy import read_array, require_numbers, shown
from signlet.files.regular import open_regular, size_of
from signlet.sources.datasets.layout import Layout, Listing, subfolders
from signlet.sources.source import ClipRef, read_ref


def known_by(root: Path) -> str | None:
    """Folders in folders that hold arrays called by numbers."""
    for sign in subfolders(root):
        for sequence in islice(subfolders(sign), 3):
            if _frames(sequence):
                return "its arrays <sign>/<sequence>/<frame>.npy"
    return None


def clips(root: Path) -> Listing:
    """All sequences, in the order of their numbers."""
    listing = Listing()
    for sign in subfolders(root):
        for sequence in sorted(subfolders(sign), key=_number):
            name = f"{sign.name}/{sequence.name}"
            if _frames(sequence):
                listing.add(name, sequence, sign.name, None)
            else:
                listing.leave_out("the folder holds no 0.npy", name)
    return listing


def _frames(sequence: Path) -> list[Path]:
    """Arrays in a folder, in the order of their numbers."""
    return sorted((p for p in sequence.glob("*.npy") if p.stem.isdecimal()), key=_number)


def _number(path: Path) -> tuple[int, str]:
    return (int(path.stem) if path.stem.isdecimal() else -1, path.stem)


def read(ref: ClipRef) -> Clip:
    """One sequence. Raises ClipError."""
    return read_ref(ref, _read_sequence)


def _read_sequence(sequence: Path) -> Clip:
    rows: list[NDArray[Any]] = []
    for path in _frames(sequence)[: MAX_FRAMES + 1]:
        with open_regular(path) as file:
            row = read_array(file, size_of(file), partial(_judge, path=path), str(path))
        if rows and row.shape != rows[0].shape:
            raise ClipError(
                f"{path}: has {len(row)} numbers, but the frames before it have {len(rows[0])}"
            )
        rows.append(row)
    parts = parse_parts(KNOWN[len(rows[0])]) or ()
    name = str(sequence)
    frames, remarks = validated(arrange(np.stack(rows), parts, name), name)
    return Clip(frames, sequence.name, remarks=remarks)


def _judge(shape: tuple[int, ...], kind: np.dtype[Any], path: Path) -> None:
    """Raise ClipError if an array is not a frame."""
    require_numbers(kind, str(path))
    if shape not in [(width,) for width in KNOWN]:
        raise ClipError(
            f"{path}: has shape {shown(shape)}; expected {' or '.join(map(str, KNOWN))} numbers, "
            "a frame of pose, face and hands"
        )


LAYOUT = Layout("mp-data", known_by, clips, read)
