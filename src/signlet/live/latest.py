"""A source that does not wait, read by somebody who may be slower: the newest item wins."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Generic, TypeVar

from signlet.errors import SignletError

Item = TypeVar("Item")
_TICK = 0.1
"""Seconds between looks at the clock and at Ctrl-C, which some systems hold back meanwhile."""


class Latest(Generic[Item]):
    """Iterate over a source's newest items; what comes meanwhile is dropped.

    A thread takes every item and keeps the last one, so that the reader is never further
    behind than one item. Use as a context manager.
    name: of the source, for errors. patience: seconds without an item after which it is gone.
    dropped: items that were never taken.
    """

    def __init__(self, source: Iterator[Item], name: str, patience: float = 10.0) -> None:
        self._source, self._name, self._patience = source, name, patience
        self._kept: list[Item] = []
        self._error: BaseException | None = None
        self._ended = self._left = False
        self._news = threading.Condition()
        self._thread = threading.Thread(target=self._take, daemon=True)
        self.dropped = 0

    def __enter__(self) -> Latest[Item]:
        self._thread.start()
        return self

    def __exit__(self, *problem: object) -> None:
        self._left = True
        self._thread.join(2)

    def _take(self) -> None:
        try:
            for item in self._source:
                if self._left:
                    return
                with self._news:
                    self.dropped += len(self._kept)
                    self._kept = [item]
                    self._news.notify()
        except BaseException as error:  # it belongs to whoever reads
            self._error = error
        finally:
            with self._news:
                self._ended = True
                self._news.notify()

    def __iter__(self) -> Iterator[Item]:
        """Until the source ends. Raises its error, or SignletError if nothing comes."""
        while (kept := self._wait()) is not None:
            yield from kept
        if self._error is not None:
            raise self._error

    def _wait(self) -> list[Item] | None:
        """The newest item; None at the end."""
        waited = 0.0
        with self._news:
            while not self._kept and not self._ended:
                if waited >= self._patience:
                    raise SignletError(
                        f"{self._name}: has sent no picture for {self._patience:g} s; "
                        "plug it in again, or close programs that use it"
                    )
                waited += 0.0 if self._news.wait(_TICK) else _TICK
            kept, self._kept = self._kept, []
        return kept or None
