"""Longer steps of `Change`: frames (T, 543, 3) in, corrected frames out."""

from __future__ import annotations

import numpy as np

from signlet.landmarks import LEFT_HAND, RIGHT_HAND
from signlet.meaning import hands
from signlet.meaning.filled_frames import filled_hands
from signlet.meaning.points import Floats, middle

_Z_COUNTS = 0.003
"""z counts as x does where that of hands, or of all, spreads by this share of the picture."""


def from_span(frames: Floats, low: float, high: float) -> Floats:
    """Fractions of the picture out of (T, 543, 3) whose x and y run from low to high across it.

    z was changed in the same way where that of the wrists, 0 by itself, is at `low`; it was
    scaled alone where the picture is 10 or more and z spreads too much for fractions of it.
    """
    found, wide = frames.copy(), np.float32(high - low)
    found[..., :2] = (frames[..., :2] - np.float32(low)) / wide
    z = frames[..., 2]
    roots, known = z[:, [LEFT_HAND.start, RIGHT_HAND.start]].ravel(), z[~np.isnan(z)]
    if low and abs(float(middle(roots[~np.isnan(roots)])) - low) < _Z_COUNTS * wide:
        found[..., 2] = (z - np.float32(low)) / wide
    elif wide >= 10 and len(known) and known.std() > _Z_COUNTS * wide:
        found[..., 2] = z / wide
    return found


def without_twin(frames: Floats) -> Floats:
    """NaN for one hand where both hold the same points: for that farther from its wrist."""
    twin = hands.twin(frames)
    if twin is None:
        return frames
    found, rows = frames.copy(), hands.twice(frames)
    found[rows, twin] = np.nan
    return found


def without_filled(frames: Floats) -> Floats:
    """NaN for hands in the frames in which they were filled in."""
    found = frames.copy()
    for hand, filled in filled_hands(frames):
        found[filled, hand] = np.nan
    return found
