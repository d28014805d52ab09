"""Progress bars: the work advances a bar, and the caller decides whether it is shown."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

Step = Callable[[float], object]
"""Moves a bar forward by this number of steps, or by part of one."""


class Bars(Protocol):
    """Opens a bar for the time of a `with`."""

    def __call__(self, what: str, steps: int, done: int = 0) -> AbstractContextManager[Step]:
        """what: is done, for people. steps: in all. done: before now."""


def no_bars(what: str, steps: int, done: int = 0) -> AbstractContextManager[Step]:
    """`Bars` that show nothing."""
    return nullcontext(_nothing)


def bars_for(progress: Bars | bool) -> Bars:
    """`Bars` for what a caller has asked for. True: on stdout, where that is a terminal."""
    if not isinstance(progress, bool):
        return progress
    if not progress:
        return no_bars
    from signlet.text.bars import on_console
    from signlet.text.console import SafeConsole

    return on_console(SafeConsole())


def _nothing(steps: float) -> None:
    pass
