"""Row order in the competition's schema: rows of a file in, the same in canonical order out.

One row is one landmark of one frame, labelled by `frame`, `type` and `landmark_index`. The
canonical order is: frames increasing, in each frame face, left hand, pose and right hand,
in each part the indices from 0. A frame has 543 rows, or 553 where its face has 478 points.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from signlet.errors import ClipError
from signlet.landmarks import IRIS_FACE, RAW_PARTS

Ints = NDArray[np.integer[Any]]

_SIZES = {name: part.stop - part.start for name, part in RAW_PARTS.items()}
TYPES = tuple(_SIZES)
"""Names of the parts; a row's type code is a position in here."""


def _layout(sizes: list[int]) -> tuple[Ints, Ints]:
    codes = np.repeat(np.arange(len(sizes), dtype=np.int32), sizes)
    return codes, np.concatenate([np.arange(n, dtype=np.int16) for n in sizes])


_LAYOUTS = {
    sum(sizes): _layout(sizes)
    for sizes in (list(_SIZES.values()), [IRIS_FACE, *list(_SIZES.values())[1:]])
}
ROWS = tuple(_LAYOUTS)
"""Rows that a frame may have: 543 or 553."""


def frames_in_order(frame: Ints, points: int) -> bool:
    """Return True if each run of `points` rows is one frame and the frames increase."""
    by_frame = frame.reshape(-1, points)
    first = by_frame[:, 0]
    return bool((by_frame == first[:, None]).all() and (first[1:] > first[:-1]).all())


def canonical_points(frame: Ints, index: Ints, codes: Ints) -> int | None:
    """Rows a frame where all rows are there and in canonical order, else None.

    frame, index, codes: (rows,) frame number, landmark_index and type code of each row.
    """
    for points, (want_codes, want_index) in _LAYOUTS.items():
        if (
            len(frame) % points == 0
            and (index.reshape(-1, points) == want_index).all()
            and (codes.reshape(-1, points) == want_codes).all()
            and frames_in_order(frame, points)
        ):
            return points
    return None


def sorted_rows(frame: Ints, index: Ints, codes: Ints, path: Path) -> tuple[Ints, int]:
    """Order (rows,) that makes the rows canonical, and the rows a frame.

    Raises ClipError if no order does: a landmark is missing, in it twice or unknown.
    """
    refined = bool((index[codes == 0] >= _SIZES["face"]).any())
    points = ROWS[refined]
    sizes = np.bincount(_LAYOUTS[points][0])
    _refuse_unknown(frame, index, codes, sizes, path)
    position = (np.cumsum(sizes) - sizes)[codes] + index
    order: Ints = np.lexsort((position, frame))
    _refuse_incomplete(frame[order], position[order], points, path)
    return order, points


def _refuse_unknown(frame: Ints, index: Ints, codes: Ints, sizes: Ints, path: Path) -> None:
    unknown = np.flatnonzero((index < 0) | (index >= sizes[codes]))
    if len(unknown):
        row = unknown[0]
        raise ClipError(
            f"{path}: {TYPES[codes[row]]} of frame {frame[row]} has landmark_index "
            f"{index[row]}; allowed: 0 to {sizes[codes[row]] - 1}"
        )


def _refuse_incomplete(frame: Ints, position: Ints, points: int, path: Path) -> None:
    """frame, position: sorted. Every frame must have each position once."""
    numbers, counts = np.unique(frame, return_counts=True)
    wrong = np.flatnonzero(counts != points)
    if len(wrong):
        raise ClipError(
            f"{path}: frame {numbers[wrong[0]]} has {counts[wrong[0]]} rows instead of {points}; "
            "write every landmark of every frame, empty where it was not found"
        )
    twice = np.flatnonzero((position.reshape(-1, points) != np.arange(points)).any(1))
    if len(twice):
        raise ClipError(
            f"{path}: frame {numbers[twice[0]]} has a landmark twice and lacks another; "
            "write every landmark once"
        )
