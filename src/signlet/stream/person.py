"""Follow one of several people: the landmarks of each in, those of the largest person out."""

from __future__ import annotations

from math import inf, isfinite, sqrt

import numpy as np
from numpy.typing import NDArray

from signlet.stream.hands import LEFT_SHOULDER, RIGHT_SHOULDER

STEP = 1.5
"""Within this many shoulder widths, a person is the one of the frame before."""
LARGER = 1.5
"""A person this many times larger takes over while the followed one rests."""

Place = tuple[float, float, float]
"""x and y of the middle of the shoulders, and their distance."""


class Follower:
    """Choose a person in each frame."""

    def __init__(self, lost_after: float) -> None:
        self._lost_after = lost_after
        self._place: Place | None = None
        self._seen = -inf
        self._rival = inf
        """Since when a much larger person has been there."""
        self.switched = False
        """True if the last frame shows another person than the one before."""

    def choose(
        self, people: NDArray[np.float32], time: float, resting: bool
    ) -> NDArray[np.float32] | None:
        """The followed person's (543, 3) out of (N, 543, 3), None if they are not seen.

        resting: nothing is being signed; only then may a larger person take over.
        """
        places = [_place(person) for person in people]
        self.switched = False
        if self._place is not None and time - self._seen > self._lost_after:
            self._place, self.switched = None, True
        index = self._nearest(places) if self._place else _largest(places)
        index = self._overtaken(places, index, time, resting)
        if index is None:
            return people[0] if len(people) == 1 and places[0] is None else None
        self._place, self._seen = places[index], time
        person: NDArray[np.float32] = people[index]
        return person

    def _nearest(self, places: list[Place | None]) -> int | None:
        steps = [_step(self._place, place) for place in places]
        best = min(range(len(steps)), key=steps.__getitem__, default=None)
        return best if best is not None and steps[best] <= STEP else None

    def _overtaken(
        self, places: list[Place | None], index: int | None, time: float, resting: bool
    ) -> int | None:
        largest = _largest(places)
        if index is None or largest is None or largest == index:
            self._rival = inf
            return index
        if not _size(places[largest]) > LARGER * _size(places[index]):
            self._rival = inf
            return index
        self._rival = min(self._rival, time)
        if not resting or time - self._rival < self._lost_after:
            return index
        self._rival, self.switched = inf, True
        return largest


def _place(person: NDArray[np.float32]) -> Place | None:
    left_x, left_y = person[LEFT_SHOULDER, :2].tolist()
    right_x, right_y = person[RIGHT_SHOULDER, :2].tolist()
    x, y = left_x - right_x, left_y - right_y
    size = sqrt(x * x + y * y)
    if not (isfinite(size) and size > 0):
        return None
    return (left_x + right_x) / 2, (left_y + right_y) / 2, size


def _size(place: Place | None) -> float:
    return place[2] if place else 0.0


def _largest(places: list[Place | None]) -> int | None:
    best = max(range(len(places)), key=lambda i: _size(places[i]), default=None)
    return best if best is not None and places[best] else None


def _step(one: Place | None, other: Place | None) -> float:
    if one is None or other is None:
        return inf
    x, y = one[0] - other[0], one[1] - other[1]
    return sqrt(x * x + y * y) / one[2]
