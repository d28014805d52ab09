"""Progress on a console: rich's bars and spinners on a terminal, elsewhere a line a minute."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from threading import Event

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.status import Status

from signlet.text.meanwhile import meanwhile

EVERY = 60.0
"""Seconds between the lines of long work where there is no terminal."""


def on_console(console: Console) -> Callable[..., AbstractContextManager[partial[None]]]:
    """`signlet.running.bars.Bars` that a console shows."""
    return partial(_bar, console)


@contextmanager
def _bar(console: Console, what: str, steps: int, done: int = 0) -> Iterator[partial[None]]:
    columns = TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn()
    hidden = not console.is_terminal
    every = *columns, TimeRemainingColumn()
    with Progress(*every, console=console, disable=hidden, transient=True) as bar:
        task = bar.add_task(what, total=steps, completed=done)
        line = partial(_at, bar, f"{what}: {{:,.0f}} of {steps:,}")
        with every_minute(console, line) if hidden else nullcontext():
            yield partial(bar.advance, task)


def _at(bar: Progress, text: str) -> str:
    return text.format(bar.tasks[0].completed)


@contextmanager
def doing(console: Console, text: str) -> Iterator[Status | None]:
    """Show that something is done in here: a spinner on a terminal, which is returned."""
    if console.is_terminal:
        with console.status(text) as status:
            yield status
        return
    with every_minute(console, lambda: text):
        yield None


@contextmanager
def every_minute(console: Console, line: Callable[[], str]) -> Iterator[None]:
    """Meanwhile print such a line each minute: a log shows that the work goes on."""

    def tell(ended: Event) -> None:
        while not ended.wait(EVERY):
            console.print(line(), soft_wrap=True)

    with meanwhile(tell):
        yield
