"""Hands and wrists: points (T, 543, C) in, whether the hands are at the wrists of the pose out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from signlet.landmarks import LEFT_HAND, POSE, RIGHT_HAND
from signlet.meaning.points import Floats, length, middle

CLEARLY, MOSTLY = 0.1, 0.6
"""Hands are swapped if they are nearer to the other wrist, by this share of the shoulders' width,
in this share of the frames."""
FAR_BODY, FAR_HANDS = 0.6, 2.5
"""A hand is not at a wrist if it is farther away than this many shoulder widths and palms."""
FACE_OFF = 0.8
"""A face is not at the head of the pose if it is farther away than this many face heights."""
ONE_HAND = 1e-4
"""Both hands are one where no point differs by more than this share of a palm."""
ANCHORED, ALIVE = 3e-4, 2e-2
"""A hand is counted from a point of its own where that point never moves, in palms, while
others do."""

_HANDS = (LEFT_HAND, RIGHT_HAND)
_WRISTS = (POSE.start + 15, POSE.start + 16)
_SHOULDERS = (POSE.start + 11, POSE.start + 12)
_NOSE, _FACE_NOSE, _BROW, _CHIN = POSE.start, (1, 2), 10, 152


def exchanged(points: Floats) -> bool:
    """Return True if the hands of (T, 543, 2 or more) are at each other's wrists of the pose.

    Where only one wrist is known, a hand is taken to be the other one's if it is far from it.
    """
    nearer = _nearer_other(points[..., :2])
    if not len(nearer):
        return False
    return bool(float(middle(nearer)) > CLEARLY and (nearer > 0).mean() >= MOSTLY)


def _shoulders(points: Floats) -> float:
    return float(middle(length(points[:, _SHOULDERS[0]] - points[:, _SHOULDERS[1]])))


def _to_wrists(points: Floats) -> tuple[Floats, Floats]:
    """Distance of each hand to its own and to the other wrist, (2 T,) each."""
    own, other = [], []
    for side, hand in enumerate(_HANDS):
        root = points[:, hand.start]
        own.append(length(root - points[:, _WRISTS[side]]))
        other.append(length(root - points[:, _WRISTS[1 - side]]))
    return np.concatenate(own), np.concatenate(other)


def _nearer_other(points: Floats) -> Floats:
    """Return how much nearer a hand is to the other wrist, in shoulder widths."""
    width = _shoulders(points)
    if not width > 0:
        return np.empty(0, np.float32)
    own, other = _to_wrists(points)
    own, other = np.where(np.isnan(own), width, own), np.where(np.isnan(other), width, other)
    known = np.tile(~np.isnan(points[:, _WRISTS, 0]).all(1), 2)
    roots = np.concatenate([points[:, hand.start, 0] for hand in _HANDS])
    found: Floats = ((own - other) / width)[known & ~np.isnan(roots)]
    return found


def far_from_wrists(points: Floats) -> bool:
    """Return True if the hands are at no wrist of the pose, in most frames."""
    nearest = np.fmin(*_to_wrists(points[..., :2]))
    nearest = nearest[~np.isnan(nearest)]
    limit = max(FAR_BODY * _shoulders(points[..., :2]), FAR_HANDS * _palm(points))
    return len(nearest) > 0 and bool(float(middle(nearest)) > limit)


def face_elsewhere(points: Floats) -> bool:
    """Return True if the face is elsewhere than the head of the pose."""
    xy = points[..., :2]
    height = float(middle(length(xy[:, _BROW] - xy[:, _CHIN])))
    off = float(middle(length(xy[:, _FACE_NOSE].mean(1) - xy[:, _NOSE])))
    return off > FACE_OFF * height


def _palm(points: Floats) -> float:
    """Usual distance from wrist to the middle finger's knuckle; NaN without hands."""
    palms = [length(points[:, hand.start, :2] - points[:, hand.start + 9, :2]) for hand in _HANDS]
    return float(middle(np.concatenate(palms)))


def one_hand_twice(points: Floats) -> bool:
    """Return True if left and right hand hold the same points, in most frames with both."""
    both = ~np.isnan(points[:, (LEFT_HAND.start, RIGHT_HAND.start), 0]).any(1)
    return bool(both.sum() > 1 and twice(points)[both].mean() > 0.5)


def twice(points: Floats) -> NDArray[np.bool_]:
    """(T,) frames in which left and right hand hold the same points."""
    off = np.abs(points[:, LEFT_HAND, :2] - points[:, RIGHT_HAND, :2]).max((1, 2))
    palm = _palm(points)
    found: NDArray[np.bool_] = off <= ONE_HAND * palm if palm > 0 else np.zeros(len(off), bool)
    return found


def twin(points: Floats) -> slice | None:
    """Return the duplicated hand, if both hold the same points: the one farther from its wrist.

    None if no pose with both wrists tells.
    """
    xy = points[twice(points)][..., :2]
    off = [length(xy[:, hand.start] - xy[:, _WRISTS[side]]) for side, hand in enumerate(_HANDS)]
    left, right = (float(middle(one)) for one in off)
    if left == right or np.isnan(left + right):
        return None
    return LEFT_HAND if left > right else RIGHT_HAND


def counted_from_itself(points: Floats) -> bool:
    """Return True if the hands' points are relative to their wrist, centre or edge.

    Their place in the picture is then lost.
    """
    seen = [points[:, hand, :2] for hand in _HANDS]
    whole = [one[~np.isnan(one).any((1, 2))] for one in seen]
    whole = [one for one in whole if len(one) > 2]
    return bool(whole) and all(map(_anchored, whole))


def _anchored(hand: Floats) -> bool:
    palm = float(middle(length(hand[:, 0] - hand[:, 9])))
    anchors = (hand[:, 0], hand.mean(1), hand.min(1))
    if min(float(np.ptp(one, 0).max()) for one in anchors) > ANCHORED * palm:
        return False
    return float(np.ptp(hand - hand[:, :1], 0).max()) > ALIVE * palm
