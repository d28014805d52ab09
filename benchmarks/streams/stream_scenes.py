"""Streams for `stream_events.py`: real clips of one signer joined by made-up pauses and rests.

A stream is a row of utterances with rests between. An utterance is one to four signs: from one
to the next the hands stay up. Within an utterance clips are cut where their hand comes to its
first and last slow moment, and points glide from the one to the other; before and after it
clips are whole. In a rest the hands hang low in sight, or are not found, and now and then one
of them goes up, moves and comes back: that is no sign.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from signlet.clip import Clip
from signlet.landmarks import LEFT_HAND, MIRROR, POSE, RIGHT_HAND

SHOULDERS = [POSE.start + 11, POSE.start + 12]
SLOW = 1.5
"""Shoulder widths a second below which a hand is slow."""
JITTER, SWAY = 0.0015, 0.004
"""Of made-up frames, as fractions of the picture."""
LOW = 1.6
"""Shoulder widths below the shoulders at which a resting hand hangs."""
MOST_TOGETHER = 4

Frames = NDArray[np.float32]


@dataclass(frozen=True)
class TrueSign:
    """sign: None where the model was not taught it. start, end: seconds.

    frames: first and last frame of the stream that are the clip's own.
    """

    sign: str | None
    start: float
    end: float
    frames: tuple[int, int]


@dataclass(frozen=True)
class Truth:
    """The content of a stream. signs: in the order of time. rest: seconds without a sign."""

    signs: tuple[TrueSign, ...]
    rest: float


@dataclass(frozen=True)
class Scene:
    """frames: (T, 543, 3). times: (T,) seconds."""

    frames: Frames = field(repr=False)
    times: NDArray[np.float64] = field(repr=False)
    truth: Truth = field(repr=False)

    def thinned(self, keep: NDArray[np.bool_]) -> Scene:
        """Some of the frames only."""
        return replace(self, frames=self.frames[keep], times=self.times[keep])

    def dropping(self, share: float, seed: int) -> Scene:
        """A random share of the frames is lost."""
        keep = np.random.default_rng(seed).random(len(self.times)) >= share
        return self.thinned(keep)

    def slower(self, fps: float) -> Scene:
        """Frames taken only so often."""
        ticks = np.floor(self.times * fps + 1e-6)
        return self.thinned(np.diff(ticks, prepend=-1) > 0)

    def mirrored(self) -> Scene:
        """As a mirroring camera shows it."""
        frames = self.frames[:, MIRROR].copy()
        frames[..., 0] = 1 - frames[..., 0]
        return replace(self, frames=frames)


class SceneMaker:
    """Joins clips of one signer.

    known, unknown: clips of signs that the model was and was not taught.
    """

    def __init__(self, known: list[Clip], unknown: list[Clip], seed: int) -> None:
        self._rng = np.random.default_rng(seed)
        self._clips = [(clip, clip.sign) for clip in known] + [(clip, None) for clip in unknown]
        self._fps = float(self._clips[0][0].fps or 25.0)
        self._frames: list[Frames] = []
        self._truth: list[TrueSign] = []
        self._length = 0

    def make(self, together: int = MOST_TOGETHER) -> Scene:
        """Each clip once, in a random order, at most so many in an utterance."""
        order = self._rng.permutation(len(self._clips))
        self._rest(self._clips[order[0]][0].frames[0])
        while len(order):
            count = int(self._rng.integers(1, together + 1))
            self._utterance([self._clips[i] for i in order[:count]])
            order = order[count:]
            following = self._clips[order[0]][0].frames[0] if len(order) else None
            self._rest(following)
        frames = np.concatenate(self._frames)
        times = np.arange(len(frames)) / self._fps
        signing = sum(sign.end - sign.start for sign in self._truth)
        return Scene(frames, times, Truth(tuple(self._truth), float(times[-1]) - signing))

    def _add(self, frames: Frames) -> None:
        self._frames.append(frames)
        self._length += len(frames)

    def _utterance(self, items: list[tuple[Clip, str | None]]) -> None:
        for i, (clip, sign) in enumerate(items):
            first, last = slow_part(clip.frames, self._fps)
            start, stop = first if i else 0, last + 1 if i < len(items) - 1 else len(clip.frames)
            if i:
                begun: float = self._length
                self._glide(self._frames[-1][-1], clip.frames[start], 0.2, 0.4)
                begun = (begun + self._length) / 2
                self._truth[-1] = replace(self._truth[-1], end=begun / self._fps)
            else:
                begun = self._length
            own = self._length
            self._add(clip.frames[start:stop])
            last = self._length - 1
            self._truth.append(TrueSign(sign, begun / self._fps, last / self._fps, (own, last)))

    def _glide(self, one: Frames, other: Frames, low: float, high: float) -> None:
        """Move in `low` to `high` seconds."""
        self._add(self._noisy(glide(one, other, self._count(low, high))))

    def _rest(self, following: Frames | None) -> None:
        """Hands go down, rest, and come up to where the next clip begins."""
        before = self._frames[-1][-1] if self._frames else following
        assert before is not None
        down = lowered(before)
        if self._frames:
            self._glide(before, down, 0.1, 0.3)
        seen = self._rng.random() < 0.5
        self._add(self._idle(down, self._count(0.3, 2.0), seen))
        if self._rng.random() < 0.4:
            self._fidget(before, down)
            self._add(self._idle(down, self._count(0.3, 2.0), seen))
        if following is not None:
            start = lowered(following)
            self._glide(down, start, 0.2, 0.4)
            self._glide(start, following, 0.1, 0.2)

    def _fidget(self, before: Frames, down: Frames) -> None:
        """A relaxed hand goes up, wanders and comes back."""
        target = moved_hands(before, self._rng.uniform(-0.5, 0.5), self._rng.uniform(-1.2, 0.0))
        self._glide(down, target, 0.2, 0.5)
        nearby = moved_hands(target, *self._rng.uniform(-0.3, 0.3, 2))
        self._glide(target, nearby, 0.1, 0.8)
        self._glide(nearby, down, 0.2, 0.5)

    def _idle(self, frame: Frames, count: int, seen: bool) -> Frames:
        frames = np.repeat(frame[None], count, axis=0)
        if not seen:
            frames[:, LEFT_HAND], frames[:, RIGHT_HAND] = np.nan, np.nan
        return self._noisy(frames)

    def _noisy(self, frames: Frames) -> Frames:
        noise = self._rng.normal(0, JITTER, frames.shape)
        phase = self._rng.uniform(0, 2 * np.pi) + np.arange(len(frames)) / self._fps
        noise[..., 0] += SWAY * np.sin(phase)[:, None] - SWAY * np.sin(phase[:1])
        return (frames + noise).astype(np.float32)

    def _count(self, low: float, high: float) -> int:
        return max(1, round(self._fps * self._rng.uniform(low, high)))


def glide(one: Frames, other: Frames, count: int) -> Frames:
    """`count` frames between two, speeding up and slowing down; (T, 543, 3)."""
    share = np.arange(1, count + 1) / (count + 1)
    share = (share**2 * (3 - 2 * share))[:, None, None]
    return ((1 - share) * one + share * other).astype(np.float32)


def shoulder_width(frame: Frames) -> float:
    """As a fraction of the picture."""
    return float(np.linalg.norm(frame[SHOULDERS[0], :2] - frame[SHOULDERS[1], :2]))


def moved_hands(frame: Frames, right: float, down: float) -> Frames:
    """Both hands moved by so many shoulder widths."""
    moved, width = frame.copy(), shoulder_width(frame)
    for hand in (LEFT_HAND, RIGHT_HAND):
        moved[hand, :2] += np.array([right, down], np.float32) * width
    return moved


def lowered(frame: Frames) -> Frames:
    """The hands hang at rest."""
    moved, width = frame.copy(), shoulder_width(frame)
    line = frame[SHOULDERS, 1].mean() + LOW * width
    for hand in (LEFT_HAND, RIGHT_HAND):
        moved[hand, 1] += max(0.0, line - float(frame[hand, 1].mean()))
    return moved


def slow_part(frames: Frames, fps: float) -> tuple[int, int]:
    """First and last frame in which the hand that works is slow; the whole clip where none is."""
    hands = [frames[:, part, :2].mean(1) for part in (LEFT_HAND, RIGHT_HAND)]
    best = max(hands, key=lambda hand: np.isfinite(hand[:, 0]).sum())
    steps = np.linalg.norm(np.diff(best, axis=0), axis=1)
    slow = np.flatnonzero(steps * fps / shoulder_width(frames[len(frames) // 2]) < SLOW)
    if len(slow) < 2:
        return 0, len(frames) - 1
    return int(slow[0]), int(slow[-1]) + 1
