"""A progress bar for what takes longer than a moment, where rich is installed."""

from __future__ import annotations

import sys
import time
from typing import Any

from signlet.text.terminal import is_terminal, tell

_MOMENT = 2.0
"""Seconds; what is done by then shows no bar."""
_EVERY = 60.0
"""Seconds between the lines where there is no terminal."""


class Bars:
    """One bar at a time on a terminal's stderr, from the third second on; elsewhere lines."""

    def __init__(self) -> None:
        self._bar: Any = None
        self._what, self._count, self._done = "", 0, 0
        self._since = self._told = time.monotonic()

    def __enter__(self) -> Bars:
        return self

    def __exit__(self, *problem: object) -> None:
        self._stop()

    def begin(self, what: str, count: int) -> None:
        """The next task: `count` steps of something."""
        self._stop()
        self._what, self._count, self._done = what, count, 0
        self._since = self._told = time.monotonic()

    def step(self) -> None:
        """One step is done."""
        self._done += 1
        if self._bar is None and time.monotonic() - self._since > _MOMENT:
            self._bar = _started(self._what, self._count)
        if self._bar:
            self._bar.update(self._bar.task_ids[0], completed=self._done)
        elif time.monotonic() - self._told > _EVERY:
            self._told = time.monotonic()
            tell(f"{self._what}: {self._done:,} of {self._count:,}")

    def _stop(self) -> None:
        if self._bar:
            self._bar.stop()
        self._bar = None


def _started(what: str, count: int) -> Any:
    """A bar that is shown, False if there is no terminal or no rich."""
    if not is_terminal(sys.stderr):
        return False
    try:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

        from signlet.text.console import SafeConsole
    except ModuleNotFoundError:
        return False
    columns = TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn()
    bar = Progress(*columns, console=SafeConsole(stderr=True), transient=True)
    bar.add_task(what, total=count)
    bar.start()
    return bar
