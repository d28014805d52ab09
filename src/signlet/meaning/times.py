"""Whether frames lie in the order of time."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from signlet.landmarks import LEFT_HAND, RIGHT_HAND
from signlet.meaning import faults
from signlet.meaning.change import by_number
from signlet.meaning.faults import Fault
from signlet.meaning.points import Floats, length, middle

SHORTEST = 12
"""Of fewer frames the order cannot be told: 0 to 9 are the same as text, and so are 0 to 10."""
SMOOTHER = 0.65
"""The way of the hands is shorter than this share of what it was, sorted by number."""
MIXED = 0.9
"""Steps as long as this share of the way between any two frames are no movement."""
MOVED, MOVED_MUCH = 1.0, 2.0
"""Palms that a hand must move to tell whether its frames are sorted as text, or mixed up."""


def check(frames: Floats) -> Iterator[Fault]:
    """Faults of time in frames (T, 543, 3) whose coordinates can be relied on."""
    if len(frames) < SHORTEST:
        return
    tracks = list(_tracks(frames))
    given, by_text, _ = _paths(tracks, MOVED)
    if by_text < SMOOTHER * given:
        yield faults.UNSORTED
        return
    given, _, between = _paths(tracks, MOVED_MUCH)
    if given > MIXED * between:
        yield faults.MIXED


def _tracks(frames: Floats) -> Iterator[tuple[Floats, float]]:
    """Way (T, 2) of each wrist, and a palm."""
    for hand in (LEFT_HAND, RIGHT_HAND):
        palm = length(frames[:, hand.start, :2] - frames[:, hand.start + 9, :2])
        palm = palm[~np.isnan(palm)]
        if len(palm) >= SHORTEST:
            yield frames[:, hand.start, :2], float(middle(palm))


def _paths(tracks: list[tuple[Floats, float]], moved: float) -> tuple[float, float, float]:
    """Mean step of both hands as given, sorted by number, and between any two frames.

    NaN where no hand moves by so many palms.
    """
    moving = [
        points
        for points, palm in tracks
        if np.nanmax(np.nanmax(points, 0) - np.nanmin(points, 0)) >= moved * palm
    ]
    steps = np.array([_steps(points) for points in moving]).reshape(-1, 3).sum(0)
    return tuple(steps) if moving else (np.nan, np.nan, np.nan)


def _steps(points: Floats) -> list[float]:
    any_two = points[np.random.default_rng(0).permutation(len(points))]
    return [_step(way) for way in (points, points[by_number(len(points))], any_two)]


def _step(points: Floats) -> float:
    steps = length(np.diff(points, axis=0))
    steps = steps[~np.isnan(steps)]
    return float(steps.mean()) if len(steps) else float("nan")
