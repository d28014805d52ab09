"""Timestamps of pictures: the times of a file in, corrected increasing times in seconds out."""

from __future__ import annotations

from dataclasses import dataclass, field

from signlet.video.probe import VideoFacts

_HALVINGS = 4
"""This many pictures in a row may have no later time; with more the clock stands."""
_BACK = 5.5
"""Number of usual steps that a time may go back: files that store no times in the order of
showing."""
_PAUSE = 60.0
"""Seconds between two pictures, or 100 usual steps: more is a jump of the clock, no pause."""


@dataclass
class Clock:
    """Gives the times of the pictures one after the other, in seconds, always rising.

    A time that is missing, goes far back or jumps far is that of the picture before and the
    usual step; those after it go on from there. A picture of the same time as the one before,
    or of a little less, is half a step after it.
    origin: what time of the file is 0; None for that of the first picture.
    repaired: whether a time was repaired.
    """

    facts: VideoFacts
    origin: float | None = None
    mended: bool = field(default=False, init=False)
    _last: float | None = field(default=None, init=False)
    _shift: float = field(default=0.0, init=False)
    _same: int = field(default=0, init=False)

    def time(self, raw: float | None) -> float:
        """The time of the next picture; raw: what the file says, None if it says nothing."""
        if not self.facts.timed:
            raw = None
        if self._last is None:
            self.origin = raw if self.origin is None else self.origin
            time = 0.0 if raw is None or self.origin is None else raw - self.origin
        else:
            time = self._following(raw, self._last)
        self._last = time
        return time

    def _following(self, raw: float | None, last: float) -> float:
        step = self.facts.step
        if raw is None or self.origin is None:
            self.mended |= self.facts.timed
            return last + step
        time = raw - self.origin + self._shift
        if last < time <= last + max(_PAUSE, 100 * step):
            self._same = 0
            return time
        if last - _BACK * step <= time <= last and self._same < _HALVINGS:
            self._same += 1
            return last + step / 2**self._same
        self.mended, self._same = True, 0
        self._shift += last + step - time
        return last + step
