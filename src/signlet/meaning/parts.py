"""Order of the parts: points of a clip in, the likely order by the lengths of lines out.

In a face, a hand or a head, points that are joined by a line are close together. Where other
points are in their rows, the lines run to and fro.
"""

from __future__ import annotations

from itertools import permutations

import numpy as np
from numpy.typing import NDArray

from signlet.landmarks import EDGES, LEFT_HAND, POSE, RAW_PARTS
from signlet.meaning.change import Change
from signlet.meaning.points import Floats, length, middle

MOST = {"face": 0.2, "left_hand": 0.85, "pose": 0.2, "right_hand": 0.85}
"""Mean line of a part as a share of the usual distance of its points; above it, the points are
others. Of 5,800 real clips the face has at most 0.12, the pose 0.12, hands 0.7."""
NOISE, LEAST_NOISE = 0.75, 0.5
"""A clip is noise if the mean and the least of its parts' values exceed these; of random points it
is 0.89."""
_POSE_LINES = np.array(
    [
        *((0, 1), (1, 2), (2, 3), (3, 7), (0, 4), (4, 5), (5, 6), (6, 8), (9, 10), (11, 12)),
        *((15, 17), (15, 19), (15, 21), (17, 19), (16, 18), (16, 20), (16, 22), (18, 20)),
        *((27, 29), (29, 31), (27, 31), (28, 30), (30, 32), (28, 32)),
    ]
)
"""Short ones of the head, hands and feet, and the shoulders."""
LINES = {part: EDGES[part] for part in RAW_PARTS} | {"pose": _POSE_LINES + POSE.start}
FACE_BEGINS = 100
"""A pose and both hands in a face's rows fill fewer of them."""
_HAND = LEFT_HAND.stop - LEFT_HAND.start
FEWEST, _FRAMES = 3, 3
"""Lines that must be there to judge a part, and frames that are enough."""

_USUAL = [
    ("pose", "face", "left_hand", "right_hand"),
    ("face", "pose", "left_hand", "right_hand"),
    ("pose", "left_hand", "right_hand", "face"),
    ("face", "left_hand", "right_hand", "pose"),
    ("left_hand", "right_hand", "pose", "face"),
]
"""Orders to try first: if a part is missing, several may fit."""
_ORDERS = [
    order
    for order in dict.fromkeys([*_USUAL, *permutations(RAW_PARTS)])
    if order.index("left_hand") < order.index("right_hand") and order != tuple(RAW_PARTS)
]
"""Orders of the parts. The wrists decide which hand is which."""


def raggedness(frames: Floats) -> dict[str, float]:
    """Part -> its mean line, as a share of the usual distance of its points, for parts found.

    frames: (T, 543, 3), NaN if not found.
    """
    found = {}
    points = frames[:: -(-len(frames) // _FRAMES), :, :2]
    for part, rows in RAW_PARTS.items():
        value = _part(points, rows, LINES[part])
        if not np.isnan(value):
            found[part] = value
    return found


def _part(points: Floats, rows: slice, lines: NDArray[np.int64]) -> float:
    own = points[:, rows]
    there = ~np.isnan(own[..., 0])
    seen = there.any(1)
    if not seen.any():
        return float("nan")
    own, there, points = own[seen], there[seen], points[seen]
    if own.shape[1] == _HAND and _ends_early(there).mean() > 0.5:
        return float("inf")  # as where the end of another part is there
    if own.shape[1] > FACE_BEGINS and not there[:, FACE_BEGINS:].any():
        return float("inf")  # a face does not end after its first points
    lengths = length(points[:, lines[:, 0]] - points[:, lines[:, 1]])
    known = ~np.isnan(lengths)
    count = known.sum(1)
    if count.min() < FEWEST:
        return float("nan")
    mean_line = np.where(known, lengths, 0).sum(1) / count
    usual = np.sqrt(2 * (_variance(own[..., 0], there) + _variance(own[..., 1], there)))
    size = middle(usual)
    return float(middle(mean_line) / size) if size > 0 else float("nan")


def _ends_early(there: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """(N,) whether the points of (N, P) that are not there are the first or the last, no others.

    Or the same in all frames: points that are not found one by one differ from frame to frame.
    """
    changes = np.count_nonzero(there[:, 1:] != there[:, :-1], axis=1)
    same = len(there) > 1 and bool((there == there[0]).all())
    found: NDArray[np.bool_] = (changes == 1) | (same & ~there.all(1))
    return found


def _variance(values: Floats, there: NDArray[np.bool_]) -> Floats:
    """Of each row of (N, P), NaN left out."""
    if not there.all():
        values = np.where(there, values, 0)
    count = there.sum(1)
    found: Floats = (values**2).sum(1) / count - (values.sum(1) / count) ** 2
    return np.maximum(found, 0)


def is_hand(points: Floats) -> bool:
    """Return True if (T, 21, 3) has the shape of a hand; random points do not."""
    value = _part(points[..., :2], slice(0, _HAND), EDGES["left_hand"] - LEFT_HAND.start)
    return value < NOISE


def is_ragged(parts: dict[str, float]) -> bool:
    """Return True if some part holds other points than its own."""
    return any(value > MOST[part] for part, value in parts.items())


def is_noise(parts: dict[str, float]) -> bool:
    """Return True if no part has any shape, as with random numbers in tests of a program.

    Of them nothing can be said; a face or a hand in wrong rows still has some shape.
    """
    values = list(parts.values())
    return bool(values) and sum(values) > NOISE * len(values) and min(values) > LEAST_NOISE


def likely_order(frames: Floats) -> Change | None:
    """The order in which the parts are in frames (T, 543, 3) that are ragged as they are.

    None if they are ragged in every order.
    """
    best, least = None, np.inf
    for order in _ORDERS:
        change = Change(order=order)
        parts = raggedness(change(frames))
        score = float(np.mean([value / MOST[part] for part, value in parts.items()] or [np.inf]))
        if not is_ragged(parts) and score < least:
            best, least = change, score
    return best
