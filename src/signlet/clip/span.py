"""A stretch of a recording: one sign out of a longer video or landmark file."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

USUAL_FPS = 25.0
"""The assumed frames a second of a recording without a rate."""
FASTEST_FPS = 250.0
"""No camera that films people takes more frames a second; a file that says so is not believed."""
SLOWEST_FPS = 0.1
"""Frames further apart than ten seconds are pictures, no recording of a sign."""
_FARTHEST = 1e15
"""No recording has more frames; beyond it a float no longer counts them."""


def believed_rate(value: Any) -> float | None:
    """Frames a second as a float; None if it is not a number, or too high for a camera."""
    try:
        rate = float(value)
    except Exception:  # arrays, tensors and words all refuse in ways of their own
        return None
    return rate if SLOWEST_FPS <= rate <= FASTEST_FPS else None


@dataclass(frozen=True)
class Span:
    """From `start` until before `end`, counted from the first frame that is shown.

    start: 0 or more. end: beyond start, None for the end of the recording.
    unit: "seconds", or "frames", of which the first is 0.
    """

    start: float = 0.0
    end: float | None = None
    unit: Literal["seconds", "frames"] = "seconds"

    def __post_init__(self) -> None:
        """Raises ValueError, with a message for the user, if the end is not after the start."""
        numbers = [self.start] if self.end is None else [self.start, self.end]
        if not all(math.isfinite(number) and number >= 0 for number in numbers):
            raise ValueError(f"start {self.start:g} and end {self.end} must be 0 or more")
        if self.end is not None and self.end <= self.start:
            raise ValueError(f"end {self.end:g} is not after start {self.start:g}")

    def rows(self, fps: float | None) -> slice:
        """The frames of a recording of `fps` frames a second, None for an unknown rate."""
        rate = 1.0 if self.unit == "frames" else believed_rate(fps) or USUAL_FPS
        start = math.floor(min(self.start * rate, _FARTHEST) + 1e-6)
        if self.end is None:
            return slice(start, None)
        return slice(start, max(math.ceil(min(self.end * rate, _FARTHEST) - 1e-6), 1))

    @property
    def length(self) -> float:
        """Of the stretch, in its unit; infinite where it goes on to the end of the recording."""
        return math.inf if self.end is None else self.end - self.start

    @property
    def needs_rate(self) -> bool:
        """True if it cuts by seconds, so that an unknown frame rate makes it a guess."""
        return self.unit == "seconds" and (self.start > 0 or self.end is not None)

    def __str__(self) -> str:
        end = "the end" if self.end is None else f"{self.end:g}"
        return f"{self.start:g} to {end} {self.unit}"
