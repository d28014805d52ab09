"""A made-up set of the competition's full size, out of real clips.

Clip i is always the same: one of the real clips, resampled to another length, turned,
scaled and shifted a little, with jitter on every point and gaps in the hands. Clips of one
sign come from one real clip, so that there is something to learn.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.environment import SHARED
from signlet.clip import Clip
from signlet.errors import ClipError
from signlet.landmarks import LEFT_HAND, NUM_RAW, RIGHT_HAND
from signlet.sources import ClipRef, open_source

COMPETITION = SHARED / "data" / "aslsigns"
CLIPS, SIGNS, SIGNERS = 94_477, 250, 21
MEDIAN_FRAMES, SPREAD, SHORTEST, LONGEST = 22, 1.05, 4, 300
"""Lengths are lognormal, cut at both ends: mean about 35, one in a hundred above 230."""
_SEED = 20230501
_TURN, _SCALE, _SHIFT, _JITTER = 0.1, 0.1, 0.05, 0.002
"""Standard deviations: radians, share, and twice fractions of the image."""
_GAP = 0.5
"""Probability that the hands are lost for a while."""

Frames = NDArray[np.float32]


@dataclass(frozen=True)
class Synthetic:
    """A source of `clips` clips; every signer shows every sign equally often.

    real: directory of the competition, or "fingerspelling".
    """

    clips: int = CLIPS
    real: str = str(COMPETITION) if COMPETITION.exists() else "fingerspelling"
    signs: tuple[str, ...] = tuple(f"sign{number:03}" for number in range(SIGNS))
    name: str = field(default="synthetic", init=False)

    def refs(self) -> list[ClipRef]:
        return [self._ref(number) for number in range(self.clips)]

    def _ref(self, number: int) -> ClipRef:
        take, sign = divmod(number, len(self.signs))
        return ClipRef(str(number), Path(str(number)), self.signs[sign], f"s{take % SIGNERS}")

    def read(self, ref: ClipRef) -> Clip:
        number = int(ref.path.name)
        if not 0 <= number < self.clips:
            raise ClipError(f"{ref.name}: there are {self.clips} clips")
        real = real_clips(self.real)
        frames = perturbed(real[number % len(self.signs) % len(real)], number)
        return Clip.from_array(frames, ref.name, ref.sign, ref.signer, 30.0)


@cache
def real_clips(where: str) -> list[Frames]:
    """All clips of a source, each (T, 543, 3); read once a process."""
    source = open_source(where)
    return [source.read(ref).frames for ref in source.refs()]


@cache
def _noise() -> Frames:
    """Jitter of more frames than a clip has; each clip takes a piece of it."""
    noise = np.random.default_rng(_SEED).standard_normal((2 * LONGEST, NUM_RAW * 3), np.float32)
    return noise * np.float32(_JITTER)


def perturbed(real: Frames, number: int) -> Frames:
    """(T, 543, 3) -> (S, 543, 3): version `number` of a real clip, of a length of its own."""
    rng = np.random.default_rng([_SEED, number])
    length = round(MEDIAN_FRAMES * np.exp(SPREAD * rng.standard_normal()))
    frames = resampled(_moved(real, rng), min(max(length, SHORTEST), LONGEST), rng)
    start = int(rng.integers(LONGEST))
    frames += _noise()[start : start + len(frames)]
    frames = frames.reshape(-1, NUM_RAW, 3)
    if rng.random() < _GAP:
        first, last = sorted(rng.integers(len(frames) + 1, size=2))
        hand = (LEFT_HAND, RIGHT_HAND)[rng.integers(2)]
        frames[first:last, hand] = np.nan
    return frames


def _moved(real: Frames, rng: np.random.Generator) -> Frames:
    """Turned in the image plane, scaled and shifted about the image's middle; (T, 1629)."""
    turn, scale, *shift = rng.standard_normal(5)
    size = 1 + _SCALE * scale
    across, up = size * np.cos(_TURN * turn), size * np.sin(_TURN * turn)
    matrix = np.array([[across, up, 0], [-up, across, 0], [0, 0, size]])
    middle = np.array([0.5, 0.5, 0])
    offset = middle - middle @ matrix + _SHIFT * np.array(shift)
    moved: Frames = real.reshape(-1, 3) @ matrix.astype(np.float32)
    moved += offset.astype(np.float32)
    return moved.reshape(len(real), -1)


def resampled(frames: Frames, length: int, rng: np.random.Generator) -> Frames:
    """(T, N) -> (length, N): at places between the frames, the pace uneven; NaN spreads."""
    pace = rng.random(length) + 0.5
    place = np.cumsum(pace) / pace.sum() * (len(frames) - 1)
    before = np.minimum(place.astype(np.int64), max(len(frames) - 2, 0))
    share = (place - before).astype(np.float32)[:, None]
    result: Frames = frames[before]
    after = frames[np.minimum(before + 1, len(frames) - 1)]
    after -= result
    after *= share
    result += after
    return result
