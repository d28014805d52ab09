"""Frames and hands that no camera saw: frames repeated, lost hands held still or interpolated."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from signlet.landmarks import LEFT_HAND, RIGHT_HAND
from signlet.meaning.points import Floats

LINE = 1e-6
"""No hand moves in so straight a line; a share of the largest coordinate."""
FEWEST, SEEN, MOST_OF = 3, 5, 0.9
"""Frames of a hand that must be filled in, and seen; share of frames that must be equally often
there."""

Rows = NDArray[np.bool_]


def may_be_filled(tracked: Floats) -> bool:
    """A first look: whether a hand stands still or moves in a straight line; of what
    `points.tracks` gives."""
    step = tracked[..., 1:] - tracked[..., :-1]
    bend = step[..., 1:] - step[..., :-1]
    straight = (np.abs(bend) <= LINE * _size(tracked)) | (step[..., 1:] == 0)
    straight = np.logical_and.reduce(straight, axis=(0, 1))
    return bool((np.count_nonzero(straight, axis=1) > 1).any())


def is_filled(frames: Floats) -> bool:
    """Return True if lost hands of (T, 543, 3) were filled in."""
    for hand, filled in filled_hands(frames):
        seen = np.count_nonzero(~np.isnan(frames[:, hand.start, 0]) & ~filled)
        if np.count_nonzero(filled) >= FEWEST and seen >= SEEN:
            return True
    return False


def _size(values: Floats) -> float:
    return max(1.0, float(np.fmax.reduce(np.abs(values), None)))


def repeats(frames: Floats) -> Rows:
    """(T,) frames that are the one before, to the last bit."""
    same = frames[1:] == frames[:-1]
    same |= np.isnan(frames[1:]) & np.isnan(frames[:-1])
    return np.concatenate([[False], same.all((1, 2))])


def is_repeated(frames: Floats) -> bool:
    """Return True if nearly every frame is repeated equally often, as in a slowed copy."""
    starts = np.flatnonzero(~repeats(frames))
    often = np.diff(starts)  # the last one may be cut
    if len(often) < FEWEST:
        return False
    usual = int(np.median(often))
    return usual > 1 and bool((often == usual).mean() >= MOST_OF)


def filled_hands(frames: Floats) -> Iterator[tuple[slice, Rows]]:
    """Each hand, and the frames (T,) in which it stands still or moves in a straight line while
    the rest does not."""
    limit = LINE * _size(frames)
    still = _still(frames)
    bend = np.full(frames.shape[:2], np.nan, np.float32)
    bend[1:-1] = np.abs(frames[2:] - 2 * frames[1:-1] + frames[:-2]).max(-1)
    for hand in (LEFT_HAND, RIGHT_HAND):
        line = (bend[:, hand] <= limit).all(1)
        held = still[:, hand].all(1)
        if held[1:2].all():  # from the start on, the first place was taken from later ones
            until = len(held) if held[1:].all() else int(np.argmin(held[1:])) + 1
            held[:until] = np.arange(until) < until - 1
        rest = np.delete(bend, hand, axis=1)
        moves = (rest > limit).any(1) | np.isnan(rest).all(1) & _differs(still, frames, hand)
        there = (frames[:, hand, :2] != 0).any((1, 2))  # zeros stand for none
        yield hand, (line | held) & moves & there


def _still(frames: Floats) -> Rows:
    """(T, 543) points that are where they were the frame before."""
    still = np.zeros(frames.shape[:2], bool)
    still[1:] = (frames[1:] == frames[:-1]).all(-1)
    return still


def _differs(still: Rows, frames: Floats, hand: slice) -> Rows:
    """(T,) frames at an end, in which another point than those of a hand has moved."""
    moved = ~still & ~np.isnan(frames[..., 0])
    moved[:, hand] = False
    return moved.any(1)
