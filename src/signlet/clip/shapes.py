"""Wrong shapes: the shape of an array in, advice on how to make it (T, 543, 3) out."""

from __future__ import annotations

from itertools import permutations
from math import prod

from signlet.errors import ClipError
from signlet.landmarks import IRIS_FACE, NUM_RAW

MAX_FRAMES = 20_000
"""More frames than this (11 minutes at 30 a second) are not one isolated sign."""
_REFINED = NUM_RAW + IRIS_FACE - 468
_LAYOUT = {
    NUM_RAW: "face468+left21+pose33+right21",
    _REFINED: "face478+left21+pose33+right21",
}
"""Points of a whole frame -> their layout, as it can stand before a folder."""
_ROWS = (1662, 258)
"""Numbers of a frame as the tutorials write them, see `signlet.clip.points`."""
_ORDER = "in the order face 468, left hand 21, pose 33, right hand 21"


def shape_advice(shape: tuple[int, ...]) -> str:
    """Return the expected shape, and how to convert an array of this shape, if that is clear."""
    expected = f"expected (frames, {NUM_RAW}, 3)"
    if len(shape) == 4:
        which = "its only clip is array[0]" if shape[0] == 1 else "give one clip after the other"
        return f"{expected}; {which}"
    if _is_frame(shape):
        return (
            f"{expected}, this is one frame; stack the frames of a clip (numpy.stack), or write "
            "clips of files <sign>/<clip>/<frame>.npy: signlet convert mp-data:FOLDER OUT"
        )
    how = _of_row(shape) if len(shape) == 2 else _of_points(shape) if len(shape) == 3 else ""
    return f"{expected} {_ORDER}{how}"


def _is_frame(shape: tuple[int, ...]) -> bool:
    """A frame's numbers in a row, or its points."""
    points = prod(shape) / 3
    return (len(shape) == 1 and (points in _LAYOUT or shape[0] in _ROWS)) or (
        len(shape) == 2 and shape[0] in _LAYOUT and shape[1] in (2, 3, 4)
    )


def _of_row(shape: tuple[int, ...]) -> str:
    for points in _LAYOUT:
        if shape[1] == points * 3:
            return f"; give array.reshape(-1, {points}, 3)"
        if shape[1] in (points * 2, points * 4):
            width = shape[1] // points
            return f"; array.reshape(-1, {points}, {width}), and then {_of_width(points, width)}"
    return ""


def _of_points(shape: tuple[int, ...]) -> str:
    if shape[1] in _LAYOUT and shape[2] in (2, 4):
        return f"; {_of_width(shape[1], shape[2])}"
    for axes in permutations(range(3)):
        if shape[axes[1]] in _LAYOUT and shape[axes[2]] == 3:
            return f"; give array.transpose{axes}"
    return ""


def _of_width(points: int, width: int) -> str:
    how = "add a third coordinate of zeros" if width == 2 else "drop the fourth, array[..., :3]"
    return f"{how} (or name the layout of files: --data {_LAYOUT[points]}:FOLDER)"


def require_frames(count: int, name: str) -> None:
    """Raise ClipError if a clip cannot have this many frames."""
    if not 1 <= count <= MAX_FRAMES:
        advice = "record it again" if count == 0 else "cut it into single signs"
        raise ClipError(f"{name}: has {count} frames; 1 to {MAX_FRAMES} are allowed; {advice}")
