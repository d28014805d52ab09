"""A few frames of a clip, looked at as geometry."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from signlet.landmarks import LEFT_HAND, RIGHT_HAND

Floats = NDArray[np.float32]

MOST = 12
"""Frames that are looked at: enough to be sure, few enough to cost next to nothing."""

_HANDS = (LEFT_HAND.start, RIGHT_HAND.start)
_TRACKED = np.array(
    [3 * (hand + point) + column for point in (0, 9) for column in (0, 1) for hand in _HANDS]
)


def tracks(frames: Floats) -> Floats:
    """(2, 2, 2, T): wrist and middle knuckle, x and y, of both hands in (T, 543, 3)."""
    taken = frames.reshape(len(frames), -1).take(_TRACKED, axis=1)
    return taken.T.copy().reshape(2, 2, 2, -1)


def few_frames(frames: Floats) -> Floats:
    """At most `MOST` frames of (T, 543, 3), evenly spaced, those with a hand if there are any.

    Points of zeros only are NaN, as they were not found.
    """
    hands = ~np.isnan(frames[:, [LEFT_HAND.start, RIGHT_HAND.start], 0]).all(1)
    rows = np.flatnonzero(hands) if hands.any() else np.arange(len(frames))
    if len(rows) > MOST:
        rows = rows[np.linspace(0, len(rows) - 1, MOST).round().astype(np.int64)]
    few: Floats = frames[rows]
    zero = few[..., 0] == 0
    if zero.any():
        zero &= (few[..., 1:] == 0).all(-1)
        # A hand's wrist alone may be the point from which the others are counted.
        for hand in (LEFT_HAND.start, RIGHT_HAND.start):
            zero[:, hand] &= zero[:, hand + 1]
        few[zero] = np.nan
    return few


def middle(values: Floats) -> Floats:
    """The middle one of (N, ...) over the rows in which all is known; NaN if there is none."""
    missing = np.isnan(values)
    if missing.any():
        values = values[~missing.reshape(len(values), -1).any(1)]
    if not len(values):
        return np.full(values.shape[1:], np.nan, np.float32)
    found: Floats = np.sort(values, axis=0)[len(values) // 2]  # quicker than np.median
    return found


def length(vectors: Floats) -> Floats:
    """Length of (..., 2)."""
    found: Floats = np.hypot(vectors[..., 0], vectors[..., 1])
    return found
