"""Thresholds for the start and end of a sign in a stream, each with its unit."""

from __future__ import annotations

from dataclasses import dataclass, fields
from math import isfinite

from signlet.errors import SignletError


@dataclass(frozen=True)
class StreamSettings:
    """Thresholds of the stream recogniser; the defaults suit letters and words.

    Lengths are in shoulder widths of the signer, times in seconds.
    """

    rest_line: float = 1.0
    """A hand further below the shoulders than this is down, as if it had not been found."""
    gap: float = 0.25
    """Hands that are down or not found for so long end a sign; shorter holes are bridged."""
    change: float = 0.12
    """Hands hold still while their points stay, on average, within this of where they were."""
    hold: float = 0.35
    """Hands that held still for so long have said something: what follows is a new sign."""
    settle: float = 0.15
    """Hands that moved on and hold still for so long have begun the next sign."""
    leave: float = 0.6
    """Hands that moved on and are neither down nor still after so long have begun the next."""
    answer_after: float = 1.0
    """Hands that hold still for so long are answered without waiting for what they do next."""
    shortest: float = 0.3
    """Shorter than this is not a sign."""
    longest: float = 4.0
    """A sign is cut and answered after so long."""
    max_frames: int = 96
    """Frames kept of a sign; of more, every second one is dropped."""
    break_after: float = 1.0
    """After a hole in time longer than this, or a step back by more, a new stream begins."""
    lost_after: float = 1.0
    """A followed person who is not seen for so long is given up for another."""
    min_confidence: float = 0.0
    """A sign less sure than this is none of the signs; a model's own threshold holds besides."""

    def __post_init__(self) -> None:
        for setting in fields(self):
            value = getattr(self, setting.name)
            if not isfinite(value) or value < 0:
                raise SignletError(f"{setting.name}={value}: give a number of 0 or more")
        if self.max_frames < 4 or self.max_frames != int(self.max_frames):
            raise SignletError(f"max_frames={self.max_frames}: give a whole number of 4 or more")
        if self.longest <= max(self.shortest, self.hold):
            raise SignletError(f"longest={self.longest}: give more than shortest and hold")

    @property
    def latency(self) -> float:
        """Seconds from the end of a sign to its event, at most; one frame comes on top."""
        return max(self.gap, self.leave)
