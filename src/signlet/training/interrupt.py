"""Ctrl-C, SIGTERM and SIGHUP in a training."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from signlet.running import signals


@contextmanager
def stop_on_interrupt() -> Iterator[Callable[[], bool]]:
    """Turn the first signal into a flag, so that a step is never cut in half.

    In a command that is Ctrl-C, SIGTERM or SIGHUP, in another program Ctrl-C only.
    """
    command = signals.current()
    if command is not None:
        with command.deferred() as asked:
            yield asked
        return
    with _on_interrupt() as noted:
        yield noted


@contextmanager
def _on_interrupt() -> Iterator[Callable[[], bool]]:
    asked: list[int] = []

    def note(number: int, _frame: object) -> None:
        asked.append(number)
        signal.signal(signal.SIGINT, before)

    try:
        before = signal.signal(signal.SIGINT, note)
    except ValueError:  # not in the main thread: nobody can press Ctrl-C on us
        yield lambda: False
        return
    try:
        yield lambda: bool(asked)
    finally:
        signal.signal(signal.SIGINT, before)
