"""A made-up signer for the stream's tests, and a recogniser that answers by counting."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from signlet.landmarks import LEFT_HAND, POSE, RIGHT_HAND
from signlet.recognition.recogniser import Prediction
from signlet.stream import Segment, Segmenter, StreamSettings

Frames = NDArray[np.float32]
Key = tuple[float, float | None, float]
"""Seconds; height of the hand over the rest line's zero, the shoulders, in shoulder widths
(None: not found); shape of the hand. From one key to the next both change evenly."""

FINGERS = np.random.default_rng(1).uniform(-0.2, 0.2, (2, 21, 2))
FINGERS[:, 0], FINGERS[:, 9] = (0, 0.16), (0, -0.16)
"""Two shapes of a hand in shoulder widths, with a palm of 0.32; between them is a mixture."""
DOWN = -1.6
UP = 0.0


def person(
    height: float | None,
    shape: float = 0.0,
    *,
    right: bool = True,
    x: float = 0.5,
    width: float = 0.2,
    aspect: float = 1.0,
) -> Frames:
    """(543, 3): shoulders, nose and one hand. aspect: width / height of the picture."""
    frame = np.full((543, 3), np.nan, np.float32)
    unit = np.array([width, width * aspect])
    middle = np.array([x, 0.5])
    frame[POSE.start, :2] = middle - (0, 0.57 * unit[1])
    frame[POSE.start + 11, :2] = middle + unit * (0.5, 0)
    frame[POSE.start + 12, :2] = middle - unit * (0.5, 0)
    if height is not None:
        centre = middle + unit * (-0.3 if right else 0.3, -height)
        points = centre + unit * ((1 - shape) * FINGERS[0] + shape * FINGERS[1])
        frame[RIGHT_HAND if right else LEFT_HAND, :2] = points
    found = ~np.isnan(frame[:, 0])
    frame[found, 2] = 0
    return frame


@dataclass
class Recorded:
    """frames: of each moment (543, 3), or (N, 543, 3); times: seconds."""

    frames: list[Frames] = field(repr=False)
    times: list[float]

    def only(self, keep: Sequence[bool] | NDArray[np.bool_]) -> Recorded:
        pairs = [(f, t) for f, t, k in zip(self.frames, self.times, keep, strict=True) if k]
        return Recorded([f for f, _ in pairs], [t for _, t in pairs])


def act(*keys: Key, fps: float = 25.0, **look: float | bool) -> Recorded:
    """Record a signer who moves from key to key, as a camera sees it."""
    times = [i / fps for i in range(int(keys[-1][0] * fps + 1e-9) + 1)]
    return Recorded([person(*_at(keys, time), **look) for time in times], times)  # type: ignore[arg-type]


def _at(keys: Sequence[Key], time: float) -> tuple[float | None, float]:
    last = max(i for i, key in enumerate(keys) if key[0] <= time + 1e-9)
    one, other = keys[last], keys[min(last + 1, len(keys) - 1)]
    share = min(1.0, (time - one[0]) / max(other[0] - one[0], 1e-9))
    shape = one[2] + share * (other[2] - one[2])
    if one[1] is None or other[1] is None:
        return one[1], shape
    return one[1] + share * (other[1] - one[1]), shape


def sign(start: float, hold: float, shape: float = 0.0) -> list[Key]:
    """Up in 0.3 s, held, down in 0.3 s."""
    return [
        (start, DOWN, shape),
        (start + 0.3, UP, shape),
        (start + 0.3 + hold, UP, shape),
        (start + 0.6 + hold, DOWN, shape),
    ]


def segments_of(recorded: Recorded, settings: StreamSettings | None = None) -> list[Segment]:
    segmenter = Segmenter(settings)
    found = [
        segment
        for frame, time in zip(recorded.frames, recorded.times, strict=True)
        for segment in segmenter.push(frame, time)
    ]
    return found + segmenter.finish()


class Fake:
    """Four signs, likely as the count of numbers in frames (T, 543, 3) says."""

    max_frames = 64

    def __call__(self, frames: Frames) -> Prediction:
        found = int((~np.isnan(frames)).sum())
        parts = [1 + ((found + 7 * len(frames) + 11 * i * i) % 31) for i in range(4)]
        probabilities = (np.array(parts, float) / sum(parts)).astype(np.float32)
        return Prediction(("a", "b", "c", "d"), probabilities, threshold=0.36)


fake = Fake()


def random_stream(seed: int) -> Recorded:
    """Any mixture of people, hands, holes, rates, lost points and nonsense."""
    rng = np.random.default_rng(seed)
    count, time, people = (
        int(rng.integers(1, 160)),
        float(rng.uniform(-5, 5)),
        int(rng.integers(1, 4)),
    )
    states = [_Wanderer(rng) for _ in range(people)]
    frames, times = [], []
    for _ in range(count):
        time += float(
            rng.choice(
                [1 / 60, 1 / 25, 1 / 8, 0.0, -0.02, 0.4], p=[0.3, 0.4, 0.2, 0.04, 0.04, 0.02]
            )
        )
        if rng.random() < 0.005:
            time += float(rng.choice([3.0, -3.0]))
        seen = [state.frame() for state in states if rng.random() > 0.02]
        frames.append(np.array(seen, np.float32).reshape(-1, 543, 3))
        times.append(time)
    return Recorded(frames, times)


class _Wanderer:
    """A person whose hand rests, moves, holds still or is lost, as it happens."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng
        self._x, self._width = rng.uniform(0.2, 0.8), rng.uniform(0.05, 0.3)
        self._height, self._shape, self._speed = DOWN, 0.0, 0.0
        self._right = bool(rng.random() < 0.7)

    def frame(self) -> Frames:
        rng = self._rng
        if rng.random() < 0.08:
            self._speed = float(rng.choice([0.0, 0.0, 0.2, -0.2, 0.05]))
        self._height = float(np.clip(self._height + self._speed, DOWN, 1.0))
        self._shape = float(np.clip(self._shape + self._speed * rng.random(), 0, 1))
        height = None if rng.random() < 0.05 else self._height
        frame = person(height, self._shape, right=self._right, x=self._x, width=self._width)
        frame += rng.normal(0, 0.001, frame.shape).astype(np.float32)
        if rng.random() < 0.05:
            frame[rng.random(543) < 0.3] = rng.choice([np.nan, np.inf, -np.inf, 1e30, 0.0])
        return frame
