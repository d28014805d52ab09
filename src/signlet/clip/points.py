"""Arrays that hold other parts than all 543 points, or hold them in another order."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from signlet.clip.shapes import require_frames
from signlet.errors import ClipError, SignletError
from signlet.files.npy import shown
from signlet.landmarks import IRIS_FACE, NUM_RAW, RAW_PARTS

_NAMES = {"face": "face", "pose": "pose", "left": "left_hand", "right": "right_hand"}
_PART = re.compile(r"(face|pose|left|right)(\d+)(?:x([234]))?")


@dataclass(frozen=True)
class Part:
    """A part in a row of numbers. name: as in RAW_PARTS. coordinates: 2 (x, y), 3 (x, y, z) or
    4 (with visibility); None if the array's shape tells it."""

    name: str
    points: int
    coordinates: int | None = None


def parse_parts(text: str) -> tuple[Part, ...] | None:
    """ "pose33+left21+right21" -> the parts in this order; None if it is nothing of the kind.

    A part is face468, face478, pose33, left21 or right21, with x2, x3 or x4 behind it where the
    parts have different numbers of coordinates ("pose33x4+left21x3+right21x3").
    Raises SignletError if it is, but such a part does not exist or is in it twice.
    """
    found = [_PART.fullmatch(word) for word in text.split("+")]
    words = [match for match in found if match is not None]
    if len(words) < len(found):
        return None
    parts = tuple(Part(_NAMES[m[1]], int(m[2]), int(m[3]) if m[3] else None) for m in words)
    wrong = [m[0] for m in words if int(m[2]) not in points_of(_NAMES[m[1]])]
    if wrong or len({part.name for part in parts}) < len(parts):
        raise SignletError(
            f"{text}: {wrong[0] if wrong else 'a part'} "
            f"{'is not a part' if wrong else 'appears twice'}; the parts are "
            "face468, face478, pose33, left21 and right21, each once"
        )
    return parts


KNOWN: dict[int, str] = {
    1662: "pose33x4+face468x3+left21x3+right21x3",
    258: "pose33x4+left21x3+right21x3",
}
"""Numbers in a row -> what they are, as the tutorials write them that extract with Holistic."""


def in_a_row(raw: NDArray[Any], name: str) -> NDArray[Any]:
    """(T, 543, 3) out of (T, one of `KNOWN`), any other array as it is; see `arrange`."""
    known = KNOWN.get(raw.shape[1]) if raw.ndim == 2 else None
    parts = parse_parts(known) if known else None
    return arrange(raw, parts, name) if parts else raw


def arrange(raw: NDArray[Any], parts: Sequence[Part], name: str) -> NDArray[np.float32]:
    """Put an array of named parts into the order of the 543 points.

    raw: (T, points, coordinates), or (T, points * coordinates).
    Returns (T, 543, 3) float32, NaN for the parts that the array lacks. z is 0 if it has
    none. Zeros of parts that were not found are left to `validated`.
    Raises ClipError if the shape does not fit the parts. name: of the clip, for errors.
    """
    if raw.dtype.kind not in "fiu":
        raise ClipError(f"{name}: landmarks have type {raw.dtype}; give numbers (float32)")
    widths = coordinates(raw.shape, parts, name)
    require_frames(len(raw), name)
    flat = raw.reshape(len(raw), sum(p.points * c for p, c in zip(parts, widths, strict=True)))
    blocks, start = {}, 0
    for part, width in zip(parts, widths, strict=True):
        size = part.points * width
        blocks[part.name] = flat[:, start : start + size].reshape(len(raw), part.points, width)
        start += size
    return joined(blocks, name)


def coordinates(shape: tuple[int, ...], parts: Sequence[Part], name: str) -> list[int]:
    """Of each part. Raises ClipError if an array of such a shape does not hold these parts."""
    points = sum(part.points for part in parts)
    if len(shape) == 3 and shape[1] == points and shape[2] in (2, 3, 4):
        return [shape[2]] * len(parts)
    if len(shape) == 2:
        for width in (3, 4, 2):
            widths = [part.coordinates or width for part in parts]
            if shape[1] == sum(p.points * c for p, c in zip(parts, widths, strict=True)):
                return widths
    said = "+".join(f"{part.name} {part.points}" for part in parts)
    raise ClipError(
        f"{name}: landmarks have shape {shown(shape)}, which is not {said}; expected (frames, "
        f"{points}, 2 to 4), or the same numbers as one row per frame"
    )


def require_part(part: str, shape: tuple[int, ...], name: str) -> None:
    """Raise ClipError if an array of this shape does not hold a part, as in RAW_PARTS."""
    points = points_of(part)
    if len(shape) != 3 or shape[1] not in points or shape[2] not in (2, 3, 4):
        raise ClipError(
            f"{name}: {part} has shape {shown(shape)}; expected (frames, {points[0]}, 2 to 4)"
        )
    require_frames(shape[0], name)


def points_of(part: str) -> tuple[int, ...]:
    """Return the numbers of points that a part may have: a face with or without irises."""
    usual = RAW_PARTS[part].stop - RAW_PARTS[part].start
    return (usual, IRIS_FACE) if part == "face" else (usual,)


def joined(parts: Mapping[str, NDArray[Any]], name: str) -> NDArray[np.float32]:
    """Arrays of parts to one of all points.

    parts: name as in RAW_PARTS -> (T, points, 2 to 4), the same T; faces of 478 points are cut.
    Returns as `arrange`. Raises ClipError if the arrays do not fit. name: for errors.
    """
    lengths = sorted({len(block) for block in parts.values() if block.ndim})
    if len(lengths) != 1:
        raise ClipError(
            f"{name}: the parts have {lengths} frames; they must all have the same number"
        )
    for part, block in parts.items():
        require_part(part, block.shape, name)
    frames = np.full((lengths[0], NUM_RAW, 3), np.nan, np.float32)
    for part, block in parts.items():
        rows = RAW_PARTS[part]
        with np.errstate(over="ignore"):  # what is infinite then is refused later
            _put(frames[:, rows], block[:, : rows.stop - rows.start])
    return frames


def _put(place: NDArray[np.float32], block: NDArray[Any]) -> None:
    """(T, points, 2 to 4) into (T, points, 3), NaN if x is; z is 0 if there is none."""
    width = min(block.shape[2], 3)
    place[..., width:] = 0
    place[..., :width] = block[..., :3]
    place[np.isnan(place[..., 0])] = np.nan
