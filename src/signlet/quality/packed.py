"""Handedness of packed clips, which have no full pose: frames (T, 100, 3) in, a `Look` out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from signlet.landmarks import PARTS
from signlet.meaning.handedness import Look, look_at_hands
from signlet.meaning.leading import leading_hand
from signlet.pack import PackedSet

MOST = 500
"""Clips of a set that are looked at: what is wrong with a set is wrong with most of it."""
_WRISTS = PARTS["arms"][4:6]


def looks_at_packed(packed: PackedSet) -> dict[int, Look]:
    """Row -> look, for some rows evenly spread over a packed set."""
    rows = np.unique(np.linspace(0, len(packed) - 1, min(len(packed), MOST)).astype(np.int64))
    return {int(row): look_at_row(packed, int(row)) for row in rows}


def look_at_row(packed: PackedSet, row: int) -> Look:
    """See `Look`; standardising keeps which way the coordinates run."""
    start = int(packed.offsets[row])
    return _look(packed.frames[start : start + int(packed.lengths[row])])


def _look(frames: NDArray[Any]) -> Look:
    """frames: (S, 100, 3)."""
    points = np.array(frames, np.float32)
    placed = not np.isnan(points[:, _WRISTS, 0]).all()
    left, right = points[:, PARTS["left_hand"]], points[:, PARTS["right_hand"]]
    leads = leading_hand(left[:, 0, :2], right[:, 0, :2])
    return replace(look_at_hands(left, right, placed), leads=leads)
