"""The pictures of one stretch of a video, without decoding everything before it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from signlet.clip.span import Span
from signlet.errors import ClipError
from signlet.video.decoding import Decoding
from signlet.video.probe import VideoFacts, picture_times
from signlet.video.timestamps import Clock

Timed = tuple[Any, float]
"""A frame of PyAV and its time in seconds."""

_NEAR = 0.001
"""Seconds that a time may be off: many files round them to milliseconds."""
_DEEP = 10.0
"""A stretch that begins within this many seconds is decoded from the start."""
_EARLIER = 0.0, 3.0, 15.0
"""Seconds before a stretch at which decoding begins; the next where the last was too late."""


@dataclass
class Stretch:
    """The pictures of a video from `span.start` until before `span.end`; all without a span.

    The first is the one that is shown at the start. decoding: how the file held up.
    clock: when pictures were taken. seen: the end of the last one that was looked at, and how
    many there were, where that was counted.
    """

    path: Path
    facts: VideoFacts
    span: Span | None = None
    decoding: Decoding = field(init=False)
    clock: Clock = field(init=False)
    length: float = field(default=0.0, init=False)

    def __post_init__(self) -> None:
        self._begin(None)

    def frames(self) -> Iterator[Timed]:
        """Frames with rising times. Raises ClipError if nothing is in the stretch."""
        count = 0
        for timed in self._frames():
            count += 1
            yield timed
        if not count:
            raise ClipError(
                f"{self.path}: lasts {self.length:.1f} seconds, so it has nothing from "
                f"{self.span}; "
                "correct start and end"
            )

    def missing(self) -> float:
        """Seconds of the stretch that are beyond the end of the recording."""
        if self.span is None or self.span.end is None or not self.decoding.last:
            return 0.0
        step = self.facts.step
        end = self.span.end * (step if self.span.unit == "frames" else 1)
        return max(0.0, end - self.length)

    def _begin(self, seek: float | None) -> None:
        self.decoding, self.clock = Decoding(self.path, seek), Clock(self.facts)

    def _frames(self) -> Iterator[Timed]:
        bounds = self._bounds()
        for earlier in _EARLIER if bounds else ():
            assert bounds is not None
            if bounds[0] - earlier <= bounds[2]:
                break
            self._begin(bounds[0] - earlier)
            sought = self._sought(bounds)
            if sought is not None:
                yield from sought
                return
        self._begin(None)
        yield from self._counted()

    def _counted(self) -> Iterator[Timed]:
        """Decoded from the start of the file on."""
        frames = self._watched(self.decoding.frames())
        if self.span is None:
            yield from frames
        elif self.span.unit == "frames":
            rows = self.span.rows(None)
            yield from islice(frames, rows.start, rows.stop)
        else:
            yield from _between(frames, self.span.start, self.span.end, self.facts.step)

    def _watched(self, frames: Iterable[Any]) -> Iterator[Timed]:
        for frame in frames:
            time = self.clock.time(frame.time)
            self.length = time + self.facts.step
            yield frame, time

    def _bounds(self) -> tuple[float, float | None, float] | None:
        """(start, end, first picture) by the file's clock; None if seeking does not pay."""
        span = self.span
        if span is None or not self.facts.seekable:
            return None
        seconds = span.start * (self.facts.step if span.unit == "frames" else 1)
        if seconds < _DEEP:
            return None
        first = next(self.decoding.frames()).time
        if first is None:
            return None
        if span.unit == "seconds":
            return first + span.start, None if span.end is None else first + span.end, first
        rows = span.rows(None)
        times = [time for time in picture_times(self.path) if time >= first]
        if rows.start >= len(times):
            return None
        end = times[rows.stop] if rows.stop is not None and rows.stop < len(times) else None
        return times[rows.start], end, first

    def _sought(self, bounds: tuple[float, float | None, float]) -> Iterator[Timed] | None:
        """Decoded from a keyframe on; None if that is beyond the start."""
        start, end, first = bounds
        frames = self.decoding.frames()
        head = next(frames, None)
        if head is None or head.time is None or head.time > start + _NEAR:
            return None
        return self._from(head, frames, (start, end), first)

    def _from(
        self, head: Any, frames: Iterator[Any], bounds: tuple[float, float | None], first: float
    ) -> Iterator[Timed]:
        def raw() -> Iterator[Timed]:
            yield head, head.time
            for frame in frames:
                if frame.time is not None:
                    self.length = frame.time - first + self.facts.step
                    yield frame, frame.time

        self.length = head.time - first + self.facts.step
        for frame, time in _between(raw(), *bounds, self.facts.step):
            yield frame, self.clock.time(time)


def _between(
    frames: Iterable[Timed], start: float, end: float | None, step: float
) -> Iterator[Timed]:
    """From the picture that is shown at `start` until before `end`."""
    stop = math.inf if end is None else end
    shown: Timed | None = None
    for frame, time in frames:
        if time <= start + _NEAR:
            shown = frame, time
            continue
        if shown is not None:
            yield shown
            shown = None
        if time >= stop - _NEAR:
            return
        yield frame, time
    if shown is not None and start < shown[1] + step - _NEAR:
        yield shown
