"""Clips in numpy's own files, .npz and .npy. Pickled objects are refused.

What the headers say, shape and type, is judged before any number is read.
"""

from __future__ import annotations

import zipfile
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from signlet.clip import MAX_FRAMES, Clip, require_shape, validated
from signlet.clip.points import KNOWN, Part, arrange, coordinates, joined, require_part
from signlet.clip.remarks import NO_RATE
from signlet.clip.span import believed_rate
from signlet.errors import ClipError
from signlet.files import archives
from signlet.files.npy import Judge, Shape, read_array, require_numbers, shown
from signlet.files.regular import open_regular, size_of
from signlet.landmarks import NUM_RAW, RAW_PARTS

KEY, FPS_KEY, EXTRACTOR_KEY = "landmarks", "fps", "extractor"
_MASK = "mask"
_HANDS = {"left_hand", "right_hand"}
_UNNAMED = {
    **dict.fromkeys((75, 75 * 2, 75 * 3, 75 * 4), "pose33+left21+right21"),
    **dict.fromkeys((42, 42 * 2, 42 * 3, 42 * 4), "left21+right21"),
}
"""Points, or numbers in a row, that some arrays have -> one of the orders that they may have."""
MOST_BYTES = MAX_FRAMES * 553 * 3 * 16 + 10_000
"""Of the longest clip with all 553 points, in numpy's widest numbers, and its header."""

Arrays = Mapping[str, zipfile.ZipInfo]


def read_npz(path: Path, parts: Sequence[Part] | None = None) -> Clip:
    """Array `landmarks`, or the only array beside `fps` and `extractor`; see `read_clip`.

    Or the arrays face, pose, left_hand and right_hand, of which both hands must be there.
    parts: what the array holds, where it is not all 543 points or one of `KNOWN`.
    """
    name = str(path)
    with archives.opened(path) as archive:
        arrays = _arrays(archive, path)
        _refuse_masks(list(arrays), path)

        def read(key: str, judge: Judge) -> NDArray[Any]:
            entry = arrays[key]
            with archives.unpacked(archive, entry, MOST_BYTES, name) as file:
                return read_array(file, entry.file_size, judge, name)

        if set(arrays) >= _HANDS:
            there = [part for part in RAW_PARTS if part in arrays]
            judges = {part: partial(_judge_part, part=part, name=name) for part in there}
            array = joined({part: read(part, judges[part]) for part in there}, name)
        else:
            array = read(_key(list(arrays), path), partial(_judge, parts=parts, name=name))
            array = array if parts is None else arrange(array, parts, name)
        fps, wrong = _rate(arrays, read, name)
    frames, remarks = validated(array, name)
    return Clip(frames, path.stem, fps=fps, remarks=remarks + wrong)


def _rate(
    arrays: Arrays, read: Callable[[str, Judge], NDArray[Any]], name: str
) -> tuple[float | None, tuple[str, ...]]:
    if FPS_KEY not in arrays:
        return None, ()
    try:
        return checked_fps(read(FPS_KEY, partial(_judge_rate, name=name)))
    except ClipError:  # words, or several numbers
        return None, (NO_RATE,)


def _arrays(archive: zipfile.ZipFile, path: Path) -> dict[str, zipfile.ZipInfo]:
    entries = archive.infolist()
    names = Counter(entry.filename.removesuffix(".npy") for entry in entries)
    if twice := [name for name, count in names.items() if count > 1]:
        raise ClipError(f"{path}: holds two arrays called {twice[0]!r}; write it again")
    return dict(zip(names, entries, strict=True))


def _refuse_masks(keys: list[str], path: Path) -> None:
    """numpy.savez keeps a masked array without its mask, so some save that beside it."""
    if masks := [key for key in keys if _MASK in key.lower()]:
        raise ClipError(
            f"{path}: holds {masks[0]!r} beside the landmarks, and it is unknown whether True "
            "means found or not found;  write NaN into the landmarks "
            "(for a masked array, save array.filled(numpy.nan)) and leave the mask out"
        )


def _key(keys: list[str], path: Path) -> str:
    if KEY in keys:
        return KEY
    others = [key for key in keys if key not in (FPS_KEY, EXTRACTOR_KEY)]
    if len(others) != 1:
        has = ", ".join(others[:5]) or "no arrays"
        parts = ", or call the parts left_hand and right_hand (both must be there), pose and face"
        raise ClipError(
            f"{path}: contains {has}; call the one with the landmarks {KEY!r}"
            + parts * (len(others) > 1)
        )
    return others[0]


def read_npy(path: Path, parts: Sequence[Part] | None = None) -> Clip:
    """The file's array; see `read_clip`. parts: as in `read_npz`."""
    name = str(path)
    with open_regular(path) as file:
        array = read_array(file, size_of(file), partial(_judge, parts=parts, name=name), name)
    frames, remarks = validated(array if parts is None else arrange(array, parts, name), name)
    return Clip(frames, path.stem, remarks=remarks)


def _judge(shape: Shape, kind: np.dtype[Any], parts: Sequence[Part] | None, name: str) -> None:
    """Raise ClipError if `arrange` or `validated` would, over the shape or the type."""
    require_numbers(kind, name)
    if parts is not None:
        coordinates(shape, parts, name)
    else:
        _refuse_unnamed(shape, name)
    in_a_row = parts is not None or (len(shape) == 2 and shape[1] in KNOWN)
    require_shape((shape[0], NUM_RAW, 3) if in_a_row else shape, name)


def _judge_part(shape: Shape, kind: np.dtype[Any], part: str, name: str) -> None:
    require_numbers(kind, name)
    require_part(part, shape, name)


def _judge_rate(shape: Shape, kind: np.dtype[Any], name: str) -> None:
    require_numbers(kind, name)
    if shape not in ((), (1,)):
        raise ClipError(f"{name}: holds {FPS_KEY} of shape {shown(shape)}; write one number")


def _refuse_unnamed(shape: Shape, name: str) -> None:
    if len(shape) in (2, 3) and shape[1] in _UNNAMED:
        raise ClipError(
            f"{name}: landmarks have shape {shape}, which does not show the parts and their "
            f"order; name the layout before the path, such as {_UNNAMED[shape[1]]}:{name}"
        )


def checked_fps(value: Any) -> tuple[float | None, tuple[str, ...]]:
    """Frames per second as a float, and remarks. value: None if the file has none.

    If the value is not the rate of a camera, the rate is None and a remark says so.
    """
    if value is None:
        return None, ()
    rate = believed_rate(value)
    return rate, (NO_RATE,) if rate is None else ()
