"""Axes of landmarks: frames (S, 543, 3) in, the order of x, y, z and their directions out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from signlet.landmarks import LEFT_HAND, POSE, RIGHT_HAND
from signlet.meaning.change import NOTHING, Change
from signlet.meaning.points import Floats, middle

SURE = 0.6
"""By so much must another reading of the axes fit better than the usual one, of at most 2."""
STILL, MOVED = 1e-4, 1e-3
"""MediaPipe counts a hand's z from its wrist, whose z is thus the same in every frame."""

_BROW, _CHIN, _FACE_LEFT, _FACE_RIGHT = 10, 152, 454, 234
_HEAD, _SHOULDERS = slice(POSE.start, POSE.start + 11), (POSE.start + 11, POSE.start + 12)

_READINGS = [
    (Change(axes=axes, flip_x=flip_x, flip_y=flip_y), axes, flip_x, flip_y)
    for axes in ("xyz", "yxz")
    for flip_x in (False, True)
    for flip_y in (False, True)
]

Way = tuple[Floats, Floats]
"""The directions of left and up, (2,) each, of length 1."""


def face_ways(frames: Floats) -> Way | None:
    """Left and up of the face in (T, 543, 3), None without one."""
    left = middle(frames[:, _FACE_LEFT] - frames[:, _FACE_RIGHT])
    return _ways(left, middle(frames[:, _BROW] - frames[:, _CHIN]))


def pose_ways(frames: Floats) -> Way | None:
    """Left and up of the pose, None without one; up is from the shoulders to the head."""
    left, right = (frames[:, point] for point in _SHOULDERS)
    head = frames[:, _HEAD].mean(1)
    return _ways(middle(left - right), middle(head - (left + right) / 2))


def _ways(left: Floats, up: Floats) -> Way | None:
    lengths = [float(np.hypot(*way[:2])) for way in (left, up)]
    if not all(value > 0 for value in lengths):  # NaN neither
        return None
    return left[:2] / lengths[0], up[:2] / lengths[1]


def likely_reading(way: Way) -> Change:
    """The change of x and y after which left is at +x and up at -y; none where that is so.

    A head may lean: only a reading that fits clearly better than the usual one is taken.
    """
    if _fit(way, "xyz", False, False) > 2 - SURE:
        return NOTHING
    scores = [_fit(way, *reading[1:]) for reading in _READINGS]
    best = int(np.argmax(scores))
    return _READINGS[best if scores[best] > scores[0] + SURE else 0][0]


def _fit(way: Way, axes: str, flip_x: bool, flip_y: bool) -> float:
    left, up = (part[::-1] if axes == "yxz" else part for part in way)
    return float((-left[0] if flip_x else left[0]) - (-up[1] if flip_y else up[1]))


def likely_axes(frames: Floats) -> str:
    """Guess the order of the coordinates from the wrists: "xyz", "xzy" or "zxy"."""
    z = _still_column(frames)
    return {0: "zxy", 1: "xzy"}.get(z, "xyz") if z is not None else "xyz"


def _still_column(frames: Floats) -> int | None:
    wrists = frames[:, [LEFT_HAND.start, RIGHT_HAND.start]].reshape(-1, 3)
    wrists = wrists[~np.isnan(wrists).any(1)]
    if len(wrists) < 2:
        return None
    spread: NDArray[np.float32] = np.ptp(wrists, 0)
    still = spread < STILL * max(1.0, float(np.abs(wrists).max()))
    return int(np.argmax(still)) if still.sum() == 1 and (spread[~still] > MOVED).all() else None
