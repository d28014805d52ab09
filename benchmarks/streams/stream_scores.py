"""Scores of a stream: true signs and found events in, counts and F1 out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.streams.stream_scenes import TrueSign, Truth

IOU = 0.5
"""Event and sign are one where they overlap for at least this share of their union."""


@dataclass(frozen=True)
class Found:
    """An event. told: time of the frame with which it was known; sign None: none of the signs."""

    sign: str | None
    start: float
    end: float
    told: float


@dataclass
class Tally:
    """Counts over streams.

    hits: signs found, whichever they are. right: found and named rightly. unknown_named:
    unknown signs in which a name was said. false: of events whose middle lies in a rest.
    """

    truth: int = 0
    events: int = 0
    hits: int = 0
    known: int = 0
    named: int = 0
    right: int = 0
    unknown: int = 0
    unknown_named: int = 0
    rest: float = 0.0
    false_events: int = 0
    false_named: int = 0
    delays: tuple[float, ...] = ()

    def add(self, other: Tally) -> None:
        """Join the counts of another stream."""
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) + value)

    def figures(self) -> dict[str, float]:
        """Rates out of the counts, seconds of delay; NaN where there is nothing to count."""
        delays = self.delays or (float("nan"),)
        minutes = self.rest / 60
        return {
            "f1": ratio(2 * self.hits, self.truth + self.events),
            "precision": ratio(self.hits, self.events),
            "recall": ratio(self.hits, self.truth),
            "f1_sign": ratio(2 * self.right, self.known and self.known + self.named),
            "unknown_named": ratio(self.unknown_named, self.unknown),
            "delay_median": float(np.median(delays)),
            "delay_95": float(np.percentile(delays, 95)),
            "false_per_minute": ratio(self.false_events, minutes),
            "false_named_per_minute": ratio(self.false_named, minutes),
        }


def ratio(part: float, whole: float) -> float:
    """NaN where there is nothing to divide by."""
    return part / whole if whole else float("nan")


def tally(truth: Truth, events: Sequence[Found]) -> Tally:
    """Count one stream.

    Each event is matched with at most one sign, the largest overlap first. A false event has
    its middle in a rest.
    """
    signs = truth.signs
    pairs = matched(signs, events)
    false = [event for event in events if in_rest(event, signs)]
    unknown = [sign for sign in signs if sign.sign is None]
    named = [event for event in events if event.sign is not None]
    return Tally(
        truth=len(signs),
        events=len(events),
        hits=len(pairs),
        known=sum(sign.sign is not None for sign in signs),
        named=len(named),
        right=right_of(signs, named),
        unknown=len(unknown),
        unknown_named=sum(any(lies_in(event, sign) for event in named) for sign in unknown),
        rest=truth.rest,
        false_events=len(false),
        false_named=sum(event.sign is not None for event in false),
        delays=tuple(events[e].told - signs[t].end for t, e in pairs),
    )


def right_of(truth: Sequence[TrueSign], named: Sequence[Found]) -> int:
    """Events that name the sign which they overlap."""
    pairs = matched(truth, named)
    return sum(truth[t].sign == named[e].sign for t, e in pairs)


def matched(truth: Sequence[TrueSign], events: Sequence[Found]) -> list[tuple[int, int]]:
    """Pairs of a sign and an event that overlap enough."""
    overlaps = [
        (overlap(sign, event), t, e)
        for t, sign in enumerate(truth)
        for e, event in enumerate(events)
        if event.start < sign.end and sign.start < event.end
    ]
    pairs: dict[int, int] = {}
    for iou, t, e in sorted(overlaps, reverse=True):
        if iou >= IOU and t not in pairs and e not in pairs.values():
            pairs[t] = e
    return sorted(pairs.items())


def overlap(sign: TrueSign, event: Found) -> float:
    """Intersection over union of two times."""
    both = min(sign.end, event.end) - max(sign.start, event.start)
    return both / (max(sign.end, event.end) - min(sign.start, event.start))


def in_rest(event: Found, truth: Sequence[TrueSign]) -> bool:
    """Return True if the middle of an event lies outside of all signs."""
    return not any(lies_in(event, sign) for sign in truth)


def lies_in(event: Found, sign: TrueSign) -> bool:
    """Return True if the middle of an event does."""
    return sign.start <= (event.start + event.end) / 2 <= sign.end
