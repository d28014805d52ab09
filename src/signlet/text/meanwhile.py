"""Something that is done beside other work, in a thread of its own, until the work ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread


@contextmanager
def meanwhile(act: Callable[[Event], None]) -> Iterator[None]:
    """Run `act` in a thread while the block runs; it returns soon after the event is set."""
    ended = Event()
    thread = Thread(target=act, args=(ended,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
