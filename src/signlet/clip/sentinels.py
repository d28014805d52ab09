"""Sentinel values for "not found": frames (T, 543, 3) in, the same with NaN for them out.

Many programs write zeros, or -1, if MediaPipe found no hand. Read as positions, they are far
from the real hand, and the model sees a hand that stands still instead of no hand. No real
face, hand or body has all of its points at one place, so signlet recognises these numbers
without knowing which number a program writes. web/clips/sentinels.js does the same.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from signlet.landmarks import RAW_PARTS

TAKEN = "treated as not found"
ADVICE = "write NaN where a point was not found"
_PARTS = tuple(RAW_PARTS.values())
_STARTS = np.array([3 * part.start for part in _PARTS])
_FACE_ENDS = _PARTS[0].stop
_SMALL = np.array([part.start - _FACE_ENDS for part in _PARTS[1:]])
"""The starts of hands and pose among the points behind the face."""
_PROBES = np.concatenate([_STARTS, _STARTS + 3])
"""x of the first point of each part, then x of each second, in a frame of 1629 numbers."""

_Hits = list[tuple[NDArray[np.int64], slice]]


def without_numbers(frames: NDArray[np.float32]) -> tuple[NDArray[np.float32], str | None]:
    """NaN for every part whose points all have the same x and y in a frame.

    Where that is one number, single points of which x, y and z are that number were not found
    either. Where no part is at one place, but two points of a hand or pose are in one frame, x
    and y of which are one number, that number stands for points that were not found, unless
    other points have x and y that are equal, too, or z of these is another number.

    frames: (T, 543, 3) contiguous, NaN = not found; it is copied where something is changed.
        Points that are NaN already do not count; a part needs two others. z is not looked
        at: in flat recordings it is 0 everywhere, and no part is at one place by its z.
    Returns also what was done, as a phrase for `Clip.remarks`; None if nothing was.
    """
    hits = _hits(frames) if len(frames) else []
    if not hits:
        return _without_points(frames)
    numbers = np.concatenate([_place(frames[rows, part]) for rows, part in hits])
    frames = frames.copy()
    for rows, part in hits:
        frames[rows, part] = np.nan
    if (numbers == numbers[0, 0]).all():
        frames[(frames == numbers[0, 0]).all(2)] = np.nan
    return frames, f"{_named(numbers)} {TAKEN}"


def _without_points(frames: NDArray[np.float32]) -> tuple[NDArray[np.float32], str | None]:
    """The same for single points. In coarse positions x and y may be equal, of many numbers."""
    if not len(frames):
        return frames, None
    x = frames[:, _FACE_ENDS:, 0]
    alike = x == frames[:, _FACE_ENDS:, 1]
    if not alike.any():
        return frames, None
    number, z = x[alike][0], frames[:, _FACE_ENDS:, 2][alike]
    pairs = np.add.reduceat(alike, _SMALL, axis=1, dtype=np.int64) > 1
    if not pairs.any() or (x[alike] != number).any() or ((z != number) & (z == z)).any():
        return frames, None
    frames = frames.copy()
    frames[(frames[..., :2] == number).all(2)] = np.nan
    return frames, f"{_named(np.array([[number]]))} {TAKEN}"


def _hits(frames: NDArray[np.float32]) -> _Hits:
    """Frames and part of all that is to be NaN.

    Two points of each part are looked at first: in nearly every frame they are apart.
    """
    probes = frames.reshape(len(frames), -1).take(_PROBES, axis=1)
    first, second = probes[:, : len(_PARTS)], probes[:, len(_PARTS) :]
    near = ~((first < second) | (first > second))  # at one place, or NaN
    found = []
    for number, some in enumerate(near.any(0).tolist()):
        if some and (rows := _at_one_place(frames, near[:, number], _PARTS[number])).size:
            found.append((rows, _PARTS[number]))
    return found


def _at_one_place(
    frames: NDArray[np.float32], near: NDArray[np.bool_], part: slice
) -> NDArray[np.int64]:
    """Frames, among those `near`, of which the part's points that were found are one place."""
    x = frames[:, part, 0] if near.all() else frames[near, part, 0]
    low = np.fmin.reduce(x, axis=1)
    if np.isnan(low).all():  # not a point was found, as of a hand that is not there
        return np.empty(0, np.int64)
    rows = np.flatnonzero(near)[low == np.fmax.reduce(x, axis=1)]
    if not rows.size:
        return rows
    y = frames[rows, part, 1]
    same = np.fmin.reduce(y, axis=1) == np.fmax.reduce(y, axis=1)
    return rows[same & (np.count_nonzero(~np.isnan(y), axis=1) > 1)]


def _place(points: NDArray[np.float32]) -> NDArray[np.float32]:
    """(N, 2) x and y at which the points of (N, P, 3) are."""
    return np.fmin.reduce(points[:, :, :2], axis=1)


def _named(numbers: NDArray[np.float32]) -> str:
    first = float(numbers[0, 0])
    if (numbers != first).any():
        return "points at one place"
    if first == 0:
        return "zeros"
    if not 1e-4 <= abs(first) < 1e15:  # which would be a long number, or one with an exponent
        return "one number"
    return str(int(first)) if first.is_integer() else str(float(f"{first:.6g}"))
