"""A quick check, at an eighth of the cost of `checks`: frames (T, 543, 3) in, doubts out.

In nearly every clip nothing is. Three frames of it are looked at, and what `judge` asks of the
usual frame must hold in each of them, with something to spare. The price is the number of
operations, whatever their size; so a few numbers are compared without numpy.
"""

from __future__ import annotations

from math import hypot, nan
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from signlet.landmarks import FACE, LEFT_HAND, POSE, RAW_PARTS, RIGHT_HAND
from signlet.meaning import hands, parts
from signlet.meaning.axes import STILL
from signlet.meaning.points import Floats

FITS = 1.5
"""Of at most 2; from 1.4 on `axes` asks no more which way the coordinates run."""
SPARE = 0.8
"""Nothing may come nearer to a limit of `judge` than this share of it."""
LARGEST = 4.0
"""Coordinates larger than this may count pixels."""
MOVED_Z = -0.4
"""z of a wrist is about 0 by itself."""
DEEP = 0.04
"""A third coordinate that is not a z has at least this range, or is the same everywhere."""

Doubt = Literal["all", "ways", "origin", "hands", "anchors", "depth"]

_PARTS = tuple(RAW_PARTS)
_STARTS = np.array([rows.start for rows in RAW_PARTS.values()])
_SIZES = np.array([rows.stop - rows.start for rows in RAW_PARTS.values()])
_WHOLE = [{0, size} for size in _SIZES.tolist()]
_OF_HANDS = slice(1, 4, 2)
_ROOTS = slice(LEFT_HAND.start, None, RIGHT_HAND.start - LEFT_HAND.start)
_LINES = [parts.LINES[part] for part in _PARTS]
_COUNTS = np.array([len(lines) for lines in _LINES])
_LINE_STARTS = np.cumsum(_COUNTS) - _COUNTS
_RAGGED = np.array([2 * (SPARE * parts.MOST[part]) ** 2 for part in _PARTS], np.float32)

_NOSE, _LEFT, _RIGHT, _LEFT_WRIST, _RIGHT_WRIST = (POSE.start + n for n in (0, 11, 12, 15, 16))
_PAIRS = [
    *((FACE.start + 454, FACE.start + 234), (FACE.start + 10, FACE.start + 152)),
    *((_LEFT, _RIGHT), (_NOSE, _LEFT), (_NOSE, _RIGHT), (FACE.start + 1, _NOSE)),
    *((LEFT_HAND.start, _LEFT_WRIST), (RIGHT_HAND.start, _RIGHT_WRIST)),
    *((LEFT_HAND.start, _RIGHT_WRIST), (RIGHT_HAND.start, _LEFT_WRIST)),
    *((LEFT_HAND.start, LEFT_HAND.start + 9), (RIGHT_HAND.start, RIGHT_HAND.start + 9)),
    (LEFT_HAND.start, RIGHT_HAND.start),
]
_JOINED = np.concatenate([*_LINES, np.array(_PAIRS)])
_FROM, _TO = _JOINED[:, 0].copy(), _JOINED[:, 1].copy()
_NOSES = np.array([FACE.start + 1, _NOSE])
_NEXT = np.array([1, 2, 0])
_OTHERS = int(_COUNTS.sum())


def doubts(frames: Floats, wrists: Floats) -> set[Doubt]:
    """Return the doubts that `checks` has to look into; none if a clip is surely right.

    frames: (T, 543, 3), NaN if not found. wrists: x of those of both hands, (2, T).
    It does not check whether frames are in time order.
    """
    few = _three(frames, wrists)
    lost = np.isnan(few[0])
    missing = np.add.reduceat(lost, _STARTS, axis=1, dtype=np.int64)
    partly = not all(map(set.issuperset, _WHOLE, zip(*missing.tolist(), strict=True)))
    if not few[0].all() or (partly and _of_others(lost, missing)):
        return {"all"}  # zeros may stand for points that were not found
    found = _fits(few[:2], _SIZES - missing if partly else None)
    if any(z < MOVED_Z for z in few[2][:, _ROOTS].ravel().tolist()):
        found.add("origin")
    return found if _flat_or_z(few[2]) else found | {"depth"}


def _three(frames: Floats, wrists: Floats) -> Floats:
    """(3, 3, 543): coordinates of three frames, evenly spaced among those with a hand if any."""
    left, right = wrists
    rows = np.flatnonzero((left == left) | (right == right))
    if not rows.size:
        rows = np.arange(len(frames))
    count = len(rows)
    few: Floats = frames[rows[[count // 6, count // 2, 5 * count // 6]]]
    return few.transpose(2, 0, 1).copy()


def _of_others(lost: NDArray[np.bool_], missing: NDArray[np.int64]) -> bool:
    """Return True if hands are incomplete or faces end early, as if other points were there."""
    hand = missing[:, _OF_HANDS] % _SIZES[1]
    face = lost[:, FACE.start + parts.FACE_BEGINS : FACE.stop].all(1) & (missing[:, 0] < _SIZES[0])
    return bool(hand.any() or face.any())


def _flat_or_z(z: Floats) -> bool:
    """Return True if the third coordinate of (3, 543) may be z, or is 0 everywhere."""
    lows = np.fmin.reduce(np.fmin.reduceat(z, _STARTS, axis=1)).tolist()
    highs = np.fmax.reduce(np.fmax.reduceat(z, _STARTS, axis=1)).tolist()
    return not any(
        (low >= 0 and high - low > DEEP) or (low == high and low != 0)
        for low, high in zip(lows, highs, strict=True)
    )


def _fits(xy: Floats, count: NDArray[np.int64] | None) -> set[Doubt]:
    """xy: (2, 3, 543). count: points of each part that are there, (3, 4); None for all."""
    roots, low = xy[..., _ROOTS], np.fmin.reduceat(xy, _STARTS, axis=2)[..., _OF_HANDS]
    ways = xy.take(_FROM, 2) - xy.take(_TO, 2)
    lengths = np.hypot(ways[0], ways[1])
    lines, squares, known, points = lengths[:, :_OTHERS], xy * xy, _COUNTS, _SIZES
    if count is not None:
        known = np.add.reduceat(lines == lines, _LINE_STARTS, axis=1, dtype=np.int64)
        points = np.where(known < parts.FEWEST, 0, count)  # too few lines tell nothing
        lines, squares, xy = (np.where(of == of, of, 0) for of in (lines, squares, xy))
    mean = np.add.reduceat(xy, _STARTS, axis=2) / points
    size = (np.add.reduceat(squares, _STARTS, axis=2) / points - mean * mean).sum(0)
    lines = np.add.reduceat(lines, _LINE_STARTS, axis=1) / known
    centres = mean.ravel().tolist()
    if (lines * lines > _RAGGED * size).any() or _is_far(centres):
        return {"all"}
    pairs, apart = ways[..., _OTHERS:].transpose(1, 2, 0).tolist(), lengths[:, _OTHERS:].tolist()
    anchors = np.concatenate([roots, mean[..., _OF_HANDS], low], 2)
    right: dict[Doubt, bool] = {
        "ways": all(map(_upright, pairs, apart)),
        "origin": not any(one < 0 for one in (*centres, *xy[1][:, _NOSES].ravel().tolist())),
        "hands": all(map(_in_place, apart)),
        "anchors": _moves(anchors, apart),
    }
    return {doubt for doubt, certain in right.items() if not certain}


def _is_far(values: list[float]) -> bool:
    return any(not -LARGEST < value < LARGEST and value == value for value in values)


def _upright(pairs: list[list[float]], apart: list[float]) -> bool:
    """Left of face and pose at +x, up at -y. pairs: the way of each; apart: how long it is."""
    face, brow, shoulders, nose, other = pairs[:5]
    up = nose[0] + other[0], nose[1] + other[1]
    return not (
        face[0] / (apart[0] or nan) - brow[1] / (apart[1] or nan) < FITS
        or shoulders[0] / (apart[2] or nan) - up[1] / (hypot(*up) or nan) < FITS
    )


def _in_place(apart: list[float]) -> bool:
    """Hands at their own wrists, the face at its head, two hands in two places."""
    _, height, shoulders, _, _, off, *to_wrists, left_palm, right_palm, two = apart
    palm = right_palm if left_palm != left_palm else left_palm
    if off > SPARE * hands.FACE_OFF * height or two < 0.1 * palm:
        return False
    near, across = SPARE * hands.FAR_HANDS * palm, hands.CLEARLY * shoulders / 2
    if SPARE * hands.FAR_BODY * shoulders > near:
        near = SPARE * hands.FAR_BODY * shoulders
    left, right, left_other, right_other = to_wrists
    return not (
        left > near
        or right > near
        or (left_other + across == left_other + across and not left <= left_other + across)
        or (right_other + across == right_other + across and not right <= right_other + across)
    )


def _moves(anchors: Floats, apart: list[list[float]]) -> bool:
    """Hands move in the picture, whatever they may be counted from; True without any hand.

    anchors: (2, 3, 6), wrist, centre and edge of both hands.
    """
    x, y = np.fmax.reduce(np.abs(anchors - anchors[:, _NEXT]), 1).tolist()
    seen = False
    for hand in (0, 1):
        palms = [one[10 + hand] for one in apart if one[10 + hand] == one[10 + hand]]
        seen = seen or bool(palms)
        limit = 2 * hands.ANCHORED * max(palms, default=nan)
        moved = all(x[of] > limit or y[of] > limit for of in range(hand, 6, 2))
        if moved and x[hand] > 2 * STILL and y[hand] > 2 * STILL:
            return True
    return not seen
