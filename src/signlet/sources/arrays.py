"""Clips in numpy's own files, .npz and .npy. Pickled objects are refused."""

from __future__ import annotations

import math
import zipfile
from pathlib import Path
from typing import IO, Any

import numpy as np

from signlet.clip import MAX_FRAMES, Clip, validated
from signlet.errors import ClipError

KEY, FPS_KEY, EXTRACTOR_KEY = "landmarks", "fps", "extractor"
_MOST_BYTES = MAX_FRAMES * 553 * 3 * 8 + 4096
"""Of the longest clip in double precision with all 553 points, and its header."""


def read_npz(path: Path) -> Clip:
    """Array `landmarks`, or the only array beside `fps` and `extractor`; see `read_clip`."""
    with path.open("rb") as file:
        if not zipfile.is_zipfile(file):
            raise ClipError(f"{path}: is not an .npz archive; write it with numpy.savez")
        _refuse_large(file, path)
        file.seek(0)
        with np.load(file, allow_pickle=False) as archive:
            frames = validated(archive[_key(archive.files, path)], str(path))
            fps = checked_fps(archive[FPS_KEY]) if FPS_KEY in archive.files else None
    return Clip(frames, path.stem, fps=fps)


def _refuse_large(file: IO[bytes], path: Path) -> None:
    """A small archive may claim to hold arrays of any size."""
    with zipfile.ZipFile(file) as archive:
        if any(entry.file_size > _MOST_BYTES for entry in archive.infolist()):
            raise ClipError(f"{path}: holds an array that is too large for one sign; cut it")


def _key(keys: list[str], path: Path) -> str:
    if KEY in keys:
        return KEY
    others = [key for key in keys if key not in (FPS_KEY, EXTRACTOR_KEY)]
    if len(others) != 1:
        has = ", ".join(others[:5]) or "no arrays"
        raise ClipError(f"{path}: holds {has}; call the one with the landmarks {KEY!r}")
    return others[0]


def read_npy(path: Path) -> Clip:
    """The file's array; see `read_clip`."""
    # Mapped first: a damaged header that promises too much data is refused before it is read.
    mapped = np.lib.format.open_memmap(path, mode="r")
    return Clip(validated(np.array(mapped), str(path)), path.stem)


def checked_fps(value: Any) -> float | None:
    """Frames per second as a float; None where it is not one finite positive number."""
    try:
        fps = float(value)
    except (TypeError, ValueError):
        return None
    return fps if math.isfinite(fps) and fps > 0 else None
