"""The memory budget: bytes of bodies and clips, counted over all requests.

Who sends quickly comes first: where there is no room, the body that has paused longest is given
up, then the one that has been arriving longest. Only what has arrived is counted, so whoever
only promises a body, or stops in its middle, takes no one's place.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager

from signlet.serve.rejection import Rejection

_PAUSED, _SLOW = 1.0, 2.0
"""Seconds without a byte, and of arriving, after which a body may be given up for another."""


class Held:
    """The memory of one request. body: the bytes that have arrived."""

    def __init__(self, budget: MemoryBudget) -> None:
        self._budget, self.bytes, self.body = budget, 0, bytearray()
        self.since = self.last = time.monotonic()
        self.patience: asyncio.Timeout | None = None
        self.given_up = False

    def add(self, chunk: bytes) -> None:
        """Append to the body. Raises Rejection (503) where there is no room for it."""
        if self.given_up:
            raise too_slow()
        self._budget.take(len(chunk), self)
        self.body += chunk
        self.last = time.monotonic()

    def exchange(self, count: int) -> None:
        """Hold `count` bytes of a clip instead of the body. Raises Rejection (503)."""
        self.drop()
        self._budget.take(count, self)

    def drop(self) -> None:
        """Hold nothing any more."""
        self._budget.held -= self.bytes
        self.bytes, self.body = 0, bytearray()

    def give_up(self) -> None:
        """Drop the body although it still arrives; whoever waits for it is woken."""
        self.given_up = True
        self.drop()
        if self.patience is not None:
            self.patience.reschedule(asyncio.get_running_loop().time())


class MemoryBudget:
    """size: most bytes. held: those that are held now."""

    def __init__(self, size: int) -> None:
        self.size, self.held = size, 0
        self._arriving: dict[Held, None] = {}

    def holder(self) -> Held:
        """Room for one request, empty at first."""
        return Held(self)

    @contextmanager
    def arriving(self, held: Held, patience: asyncio.Timeout) -> Iterator[None]:
        """Meanwhile the body arrives and may be given up for others, which ends `patience`."""
        held.patience = patience
        self._arriving[held] = None
        try:
            yield
        finally:
            del self._arriving[held]
            held.patience = None

    def take(self, count: int, held: Held) -> None:
        """Count this many more bytes as held. Raises Rejection (503) where they do not fit."""
        while self.held + count > self.size:
            slowest = self._slowest(held)
            if slowest is None:
                raise Rejection(503, "the service has reached its memory limit; try again soon")
            slowest.give_up()
        self.held += count
        held.bytes += count

    def _slowest(self, but: Held) -> Held | None:
        now = time.monotonic()
        others = [one for one in self._arriving if one is not but and one.bytes]
        paused = [one for one in others if now - one.last > _PAUSED]
        slow = [one for one in others if now - one.since > _SLOW]
        if paused:
            return min(paused, key=lambda one: one.last)
        return min(slow, key=lambda one: one.since, default=None)


def too_slow() -> Rejection:
    """Return the refusal of a body that was given up for others."""
    return Rejection(503, "body: arrives too slowly while others wait; try again soon")
