"""Units and origin of x and y: a few frames in, faults such as pixels or percent out.

Only what was seen is looked at. MediaPipe guesses legs and elbows far outside the picture.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from signlet.landmarks import FACE, LEFT_HAND, POSE, RIGHT_HAND
from signlet.meaning import axes, faults, hands
from signlet.meaning.faults import Fault
from signlet.meaning.points import Floats, length, middle

PIXELS = 5.0
"""If half of all points are above this, they are not fractions of a picture."""
BEYOND = 1e5
"""If half of all points are above this, they are not pixels either."""
OUTSIDE, HAND_OUTSIDE = 0.02, 0.1
"""So far beyond its edge, as a share of the picture, is what is seen in it: a head, and the
middle of a hand. In none of 5,800 real clips does a face are beyond 0, or a hand beyond this."""
FAR_FROM_MIDDLE = 0.6, 1.1
"""Face or hands are beyond the one in some frame, and never beyond the other, where coordinates
run from -1 to 1."""
_SHOULDERS = POSE.start + 11, POSE.start + 12
_ENOUGH = 6
"""In this many frames, MediaPipe does not miss the same point every time."""
_UPPER = [*range(POSE.start, POSE.start + 17), LEFT_HAND.start, RIGHT_HAND.start]


def scale(few: Floats) -> Iterator[Fault]:
    """Pixels, or percent. few: (T, 543, 3), as for all below."""
    sizes = np.abs(few[:, _UPPER, :2]).max(-1)
    sizes = sizes[~np.isnan(sizes)]
    size = float(middle(sizes)) if len(sizes) else 0.0
    if size > BEYOND:
        yield faults.BEYOND
    elif size > PIXELS:
        yield faults.PERCENT if _is_percent(few) else faults.PIXELS


def _is_percent(few: Floats) -> bool:
    """Return True if faces and hands are between 0 and 100, and not between 0 and 1."""
    low, high = _ends(few)
    return low > 0 and 1 + PIXELS < high < 100


def _ends(few: Floats) -> tuple[float, float]:
    """Least and greatest x or y of the middle of face and hands, which are in the picture."""
    centres = np.stack([*_centres(few), few[:, 1, :2]])  # of a face in part, its nose
    return float(np.fmin.reduce(centres, None)), float(np.fmax.reduce(centres, None))


def _centres(few: Floats) -> list[Floats]:
    """(T, 2) of the face and of each hand."""
    return [few[:, part, :2].mean(1) for part in (FACE, LEFT_HAND, RIGHT_HAND)]


def origin(few: Floats) -> Iterator[Fault]:
    """The middle of the picture, or a point of the body, for 0."""
    z = _z_of_wrists(few)
    if abs(z + 1) < axes.MOVED:  # 0 by itself: all three coordinates were moved
        yield faults.FROM_MIDDLE
    elif _is_fixed(few):
        yield faults.FROM_THE_BODY
    elif _head_is_above(few) or _seen_is_outside(few):
        yield faults.FROM_MIDDLE_HALF if abs(z + 0.5) < axes.MOVED else _from(few)


def _from(few: Floats) -> Fault:
    """Return the fault for the likely origin, by the distance of face and hands from it."""
    low, high = _ends(few)
    near, far = FAR_FROM_MIDDLE
    farthest = max(-low, high)
    if farthest >= far:
        return faults.FROM_AFAR
    return faults.FROM_MIDDLE if farthest > near else faults.FROM_A_POINT


def _head_is_above(few: Floats) -> bool:
    """Heads are in the picture; otherwise MediaPipe would not have found them."""
    face, nose, shoulders = (float(middle(few[:, of, 1])) for of in (1, POSE.start, _SHOULDERS[1]))
    guessed = np.isnan(face)  # of a head that is outside, a pose has a guess
    if guessed and float(middle(few[:, _SHOULDERS[1], 0])) > -OUTSIDE:
        return False
    head = float(np.fmax(face, nose))
    return head < -OUTSIDE and not shoulders < head


def _seen_is_outside(few: Floats) -> bool:
    """Return True if a face or a hand is left of the picture or above it, and in its place.

    Hands alone may be counted from anything.
    """
    if np.isnan(few[:, (1, POSE.start), 0]).all():
        return False
    face, *both = (middle(centres) for centres in _centres(few))
    if (face < -OUTSIDE).any():
        return not hands.face_elsewhere(few)
    if not any((hand < -HAND_OUTSIDE).any() for hand in both):
        return False
    return not (hands.far_from_wrists(few) or hands.counted_from_itself(few))


def _z_of_wrists(few: Floats) -> float:
    """NaN if z is one number everywhere."""
    roots, z = few[:, (LEFT_HAND.start, RIGHT_HAND.start), 2], few[..., 2]
    if np.fmin.reduce(z, None) == np.fmax.reduce(z, None):
        return float("nan")
    return float(middle(roots[~np.isnan(roots)]))


def _is_fixed(few: Floats) -> bool:
    """Return True if the nose, the middle of the shoulders, or their width never changes."""
    left, right, nose = (few[:, point, :2] for point in (*_SHOULDERS, POSE.start))
    width = length(left - right)
    if len(few) < 3 or np.isnan(width).all():
        return False
    if np.isnan(nose).all():
        return len(few) >= _ENOUGH  # all of it was 0
    least = hands.ANCHORED * float(middle(width))
    anchors = ((left + right) / 2, nose, width[:, None])
    moved = [float((np.fmax.reduce(one) - np.fmin.reduce(one)).max()) for one in anchors]
    return min(moved) < least < max(moved)
