"""Hands of one frame (543, 3): positions in shoulder widths of the signer out."""

from __future__ import annotations

from math import isfinite, sqrt

import numpy as np
from numpy.typing import NDArray

from signlet.landmarks import LEFT_HAND, POSE, RIGHT_HAND

NOSE, LEFT_SHOULDER, RIGHT_SHOULDER = POSE.start, POSE.start + 11, POSE.start + 12
WRIST, KNUCKLE = 0, 9
NOSE_HEIGHT = 0.57
"""Nose above the shoulders, in shoulder widths: median of the fingerspelling lexicon, whose
pictures are square. It tells how much taller a unit is in pictures of another shape."""
PALM = 0.32
"""Wrist to middle knuckle in shoulder widths, where no shoulders were ever found."""
_SMOOTH = 1.0
"""Seconds over which the size of the body is averaged."""

Points = list[list[float]]
"""21 pairs of x and y, as fractions of the picture."""
Hands = tuple[Points | None, Points | None]
"""Left and right; None if not found, or down."""


class Body:
    """Size of the signer, followed from frame to frame."""

    def __init__(self) -> None:
        self.width: float | None = None
        """A shoulder width in x, as a fraction of the picture."""
        self.height: float | None = None
        """The same length in y."""
        self._shoulders: float | None = None
        self._time = 0.0

    def raised_hands(self, frame: NDArray[np.float32], time: float, rest_line: float) -> Hands:
        """Hands of frame (543, 3) that were found and are not down."""
        self._measure(frame, time)
        left, right = _points(frame, LEFT_HAND), _points(frame, RIGHT_HAND)
        if self.width is None:
            self._guess(left or right)
        return self._if_up(left, rest_line), self._if_up(right, rest_line)

    def distance(self, one: Points, other: Points) -> float:
        """Mean distance of the points of a hand, in shoulder widths."""
        width, height = self.width or 1.0, self.height or 1.0
        total = 0.0
        for a, b in zip(one, other, strict=True):
            x, y = (a[0] - b[0]) / width, (a[1] - b[1]) / height
            total += sqrt(x * x + y * y)
        return total / len(one)

    def _measure(self, frame: NDArray[np.float32], time: float) -> None:
        nose_y = float(frame[NOSE, 1])
        left_x, left_y = frame[LEFT_SHOULDER, :2].tolist()
        right_x, right_y = frame[RIGHT_SHOULDER, :2].tolist()
        x, y = left_x - right_x, left_y - right_y
        width, middle = sqrt(x * x + y * y), (left_y + right_y) / 2
        if not (isfinite(width) and width > 0):
            return
        height = (middle - nose_y) / NOSE_HEIGHT
        known = isfinite(height) and 0.3 * width <= height <= 3 * width
        self._blend(width, height if known else None, time)
        self._shoulders = middle

    def _blend(self, width: float, height: float | None, time: float) -> None:
        if self._shoulders is None or self.width is None or self.height is None:
            self.width, self.height = width, width if height is None else height
        else:
            share = (time - self._time) / (time - self._time + _SMOOTH)
            self.width += share * (width - self.width)
            if height is not None:
                self.height += share * (height - self.height)
        self._time = time

    def _guess(self, hand: Points | None) -> None:
        if hand is None:
            return
        x, y = (hand[WRIST][i] - hand[KNUCKLE][i] for i in (0, 1))
        size = sqrt(x * x + y * y) / PALM
        if size > 0:
            self.width = self.height = size

    def _if_up(self, hand: Points | None, rest_line: float) -> Points | None:
        if hand is None or self._shoulders is None or self.height is None:
            return hand
        y = 0.0
        for point in hand:
            y += point[1]
        low = (y / len(hand) - self._shoulders) / self.height > rest_line
        return None if low else hand


def _points(frame: NDArray[np.float32], part: slice) -> Points | None:
    points = frame[part, :2]
    return points.astype(np.float64).tolist() if np.isfinite(points).all() else None


class Stillness:
    """Since when the hands have held still.

    They do while no hand's points are, on average, further than `change` shoulder widths
    from where they were when they began to.
    """

    def __init__(self, change: float) -> None:
        self._change = change
        self.since = 0.0
        self.pose: Hands = (None, None)

    def update(self, hands: Hands, time: float, body: Body) -> bool:
        """See the next frame in which a hand is up; True if they do not hold still."""
        moved = not shares_hand(self.pose, hands) or self.moved(hands, self.pose, body)
        if moved:
            self.since, self.pose = time, hands
        else:  # a hand that comes in later is still from now on
            self.pose = (self.pose[0] or hands[0], self.pose[1] or hands[1])
        return moved

    def moved(self, one: Hands, other: Hands, body: Body) -> bool:
        """True if a hand of both is elsewhere, or has another shape."""
        return any(
            a is not None and b is not None and body.distance(a, b) >= self._change
            for a, b in zip(one, other, strict=True)
        )


def shares_hand(one: Hands, other: Hands) -> bool:
    """True if one hand at least is in both."""
    return any(a is not None and b is not None for a, b in zip(one, other, strict=True))
