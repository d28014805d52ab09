"""Order of frames: frames (T, 543, 3) in, faults of their order in time out."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from signlet.meaning import faults
from signlet.meaning.change import by_number
from signlet.meaning.faults import Fault
from signlet.meaning.points import Floats

SHORTEST = 12
"""With fewer frames the order cannot be determined: 0 to 9 are the same as text, and so are 0 to
10."""
SMOOTHER = 0.65
"""The way of the hands is shorter than this share of what it was, sorted by number."""
MIXED = 0.9
"""Steps as long as this share of the way between any two frames are not movement."""
MOVED, MOVED_MUCH = 1.0, 2.0
"""Palms that a hand must move to tell whether its frames are sorted as text, or mixed up."""

_BOTH = np.array([0, 1])


def check(hands: Floats) -> Iterator[Fault]:
    """Faults of time, of hands whose coordinates can be relied on.

    hands: (2, 2, 2, T), see `points.tracks`.
    """
    if hands.shape[-1] < SHORTEST:
        return
    moved = _palms_moved(hands).tolist()
    if not any(one >= MOVED for one in moved):
        return
    steps = _steps(hands[0]).tolist()
    given, by_text, _ = _of(steps, moved, MOVED)
    if by_text < SMOOTHER * given:
        yield faults.UNSORTED
        return
    given, _, between = _of(steps, moved, MOVED_MUCH)
    if given > MIXED * between:
        yield faults.MIXED


def _palms_moved(hands: Floats) -> Floats:
    """Return how far each wrist moves, in palms; NaN for hands found in too few frames."""
    wrists = hands[0]
    x, y = wrists - hands[1]
    palms = np.sort(np.hypot(x, y), axis=1)  # NaN last
    found = np.count_nonzero(palms == palms, axis=1)
    usual = palms[_BOTH, np.minimum(found // 2, palms.shape[1] - 1)]
    across = (np.fmax.reduce(wrists, 2) - np.fmin.reduce(wrists, 2)).max(0)
    return np.where(found >= SHORTEST, across / usual, np.nan)


def _steps(wrists: Floats) -> Floats:
    """Mean step of each hand as given, sorted by number, and between any two frames."""
    taken = wrists.take(_orders(wrists.shape[-1]), 2)
    x, y = taken[..., 1:] - taken[..., :-1]
    steps = np.hypot(x, y)  # (hands, 3, T - 1)
    known = steps == steps
    mean: Floats = np.add.reduce(steps, 2, where=known) / np.count_nonzero(known, 2)
    return mean


def _of(steps: list[list[float]], moved: list[float], least: float) -> list[float]:
    """The three of `_steps`, of all hands that moved so many palms; 0 if none did."""
    moving = [of for of, palms in zip(steps, moved, strict=True) if palms >= least]
    return [sum(of) for of in zip(*moving, strict=True)] or [0.0, 0.0, 0.0]


@lru_cache(512)
def _orders(count: int) -> NDArray[np.int64]:
    """(3, count) rows: as given, sorted by number, at random."""
    any_two = np.random.default_rng(0).permutation(count)
    return np.stack([np.arange(count), by_number(count), any_two])
