"""Clips in numpy's own files, .npz and .npy. Pickled objects are refused."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from signlet.clip import MAX_FRAMES, Clip, validated
from signlet.errors import ClipError
from signlet.landmarks import RAW_PARTS
from signlet.sources.points import Part, arrange, joined
from signlet.span import FASTEST_FPS
from signlet.video.remarks import NO_RATE

KEY, FPS_KEY, EXTRACTOR_KEY = "landmarks", "fps", "extractor"
_MASK = "mask"
_HANDS = {"left_hand", "right_hand"}
_UNNAMED = {
    **dict.fromkeys((75, 75 * 2, 75 * 3, 75 * 4), "pose33+left21+right21"),
    **dict.fromkeys((42, 42 * 2, 42 * 3, 42 * 4), "left21+right21"),
}
"""Points, or numbers in a row, that some arrays have -> one of the orders that they may have."""
_MOST_BYTES = MAX_FRAMES * 553 * 3 * 8 + 4096
"""Of the longest clip in double precision with all 553 points, and its header."""


def read_npz(path: Path, parts: Sequence[Part] | None = None) -> Clip:
    """Array `landmarks`, or the only array beside `fps` and `extractor`; see `read_clip`.

    Or the arrays face, pose, left_hand and right_hand, of which both hands must be there.
    parts: what the array holds, where it is not all 543 points or one of `KNOWN`.
    """
    with path.open("rb") as file:
        if not zipfile.is_zipfile(file):
            raise ClipError(
                f"{path}: is no .npz archive, or not all of one; copy it again, or write it with "
                "numpy.savez"
            )
        _refuse_large(file, path)
        file.seek(0)
        with np.load(file, allow_pickle=False) as archive:
            _refuse_masks(archive.files, path)
            array = _parts_joined(archive, path)
            if array is None:
                array = _all_points(archive[_key(archive.files, path)], parts, str(path))
            frames, remarks = validated(array, str(path))
            fps, wrong = checked_fps(archive[FPS_KEY] if FPS_KEY in archive.files else None)
    return Clip(frames, path.stem, fps=fps, remarks=remarks + wrong)


def _parts_joined(archive: Any, path: Path) -> NDArray[Any] | None:
    """The archive's arrays face, pose, left_hand, right_hand as one; None where it has no hands."""
    if not set(archive.files) >= _HANDS:
        return None
    return joined({part: archive[part] for part in RAW_PARTS if part in archive.files}, str(path))


def _refuse_large(file: IO[bytes], path: Path) -> None:
    """A small archive may claim to hold arrays of any size."""
    with zipfile.ZipFile(file) as archive:
        if any(entry.file_size > _MOST_BYTES for entry in archive.infolist()):
            raise ClipError(f"{path}: holds an array that is too large for one sign; cut it")


def _refuse_masks(keys: list[str], path: Path) -> None:
    """numpy.savez keeps a masked array without its mask, so some save that beside it."""
    if masks := [key for key in keys if _MASK in key.lower()]:
        raise ClipError(
            f"{path}: holds {masks[0]!r} beside the landmarks, and whether it is true where a "
            "point was found or where it was not, nobody can tell; write NaN into the landmarks "
            "(of a masked array, save array.filled(numpy.nan)) and leave the mask out"
        )


def _key(keys: list[str], path: Path) -> str:
    if KEY in keys:
        return KEY
    others = [key for key in keys if key not in (FPS_KEY, EXTRACTOR_KEY)]
    if len(others) != 1:
        has = ", ".join(others[:5]) or "no arrays"
        raise ClipError(f"{path}: holds {has}; call the one with the landmarks {KEY!r}")
    return others[0]


def read_npy(path: Path, parts: Sequence[Part] | None = None) -> Clip:
    """The file's array; see `read_clip`. parts: as in `read_npz`."""
    # Mapped first: a damaged header that promises too much data is refused before it is read.
    mapped = np.lib.format.open_memmap(path, mode="r")
    frames, remarks = validated(_all_points(np.array(mapped), parts, str(path)), str(path))
    return Clip(frames, path.stem, remarks=remarks)


def _all_points(raw: NDArray[Any], parts: Sequence[Part] | None, name: str) -> NDArray[Any]:
    """(T, 543, 3) out of an array of these parts, any other as it is."""
    if parts is not None:
        return arrange(raw, parts, name)
    if raw.ndim in (2, 3) and raw.shape[1] in _UNNAMED:
        raise ClipError(
            f"{name}: landmarks have shape {raw.shape}, which does not tell the parts and their "
            f"order; say it, as in --data {_UNNAMED[raw.shape[1]]}:FOLDER"
        )
    return raw


def checked_fps(value: Any) -> tuple[float | None, tuple[str, ...]]:
    """Frames per second as a float, and remarks.

    None where it is not one finite positive number, and where no camera is that quick, which a
    remark says.
    """
    try:
        fps = float(value)
    except (TypeError, ValueError):
        return None, ()
    if fps > FASTEST_FPS:
        return None, (NO_RATE,)
    return (fps if fps > 0 else None), ()
