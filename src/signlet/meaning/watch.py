"""Look at some of the clips that a program gives, and say once what is wrong with them."""

from __future__ import annotations

from signlet.clip import Clip, warn_of
from signlet.meaning.checks import suspected
from signlet.meaning.faults import tells_meaning

FIRST, EVERY = 16, 32
"""signlet looks at all of the first clips, and then at one of this many: what is wrong is wrong in
most of them, and looking takes about as long as a small model does."""


class Watch:
    """Of one recogniser."""

    def __init__(self) -> None:
        self._seen = 0
        self._said: set[str] = set()

    def see(self, clip: Clip) -> None:
        """Warn, once for each kind, where the clip's numbers seem to mean something else.

        A clip whose remarks say so already was looked at when it was read.
        """
        self._seen += 1
        if self._seen > FIRST and self._seen % EVERY:
            return
        if any(map(tells_meaning, clip.remarks)):
            return
        for fault in suspected(clip.frames):
            if fault.problem not in self._said:
                self._said.add(fault.problem)
                warn_of([fault.phrase])
