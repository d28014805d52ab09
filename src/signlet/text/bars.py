"""rich's progress bars, on a console that prints names as they are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn


def on_console(console: Console) -> Callable[..., AbstractContextManager[partial[None]]]:
    """`signlet.running.bars.Bars` that a console shows, where it is a terminal."""
    return partial(_bar, console)


@contextmanager
def _bar(console: Console, what: str, steps: int, done: int = 0) -> Iterator[partial[None]]:
    columns = TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn()
    hidden = not console.is_terminal
    every = *columns, TimeRemainingColumn()
    with Progress(*every, console=console, disable=hidden, transient=True) as bar:
        yield partial(bar.advance, bar.add_task(what, total=steps, completed=done))
