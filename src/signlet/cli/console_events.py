"""Progress of long work on a console: events in; lines, notes and a bar for each training out."""

from __future__ import annotations

from contextlib import AbstractContextManager

from rich.console import Console

from signlet.cli.recordings import extract_first
from signlet.cli.training_progress import Clock, shown
from signlet.running.bars import Step
from signlet.sources import Source
from signlet.text.bars import doing, on_console
from signlet.training.progress import Bar, Display, Events


class ConsoleEvents(Events):
    """Prints the events of long work."""

    def __init__(self, console: Console) -> None:
        self.console, self.clock = console, Clock()

    def line(self, text: str) -> None:
        """As it is."""
        self.console.print(text, markup=False, soft_wrap=True)

    def note(self, text: str) -> None:
        """As a warning."""
        self.console.print(f"Note: {text}", style="yellow", markup=False, soft_wrap=True)

    def extract(self, source: Source, where: str, jobs: int) -> None:
        """With a bar, and with what is wrong with the videos."""
        summary = extract_first(source, self.console, jobs)
        if summary.warnings or summary.bad:
            self.line(
                f"More about each video: signlet inspect {where}, or signlet extract {where} -o "
                "DIR "
                "(quality.csv)"
            )

    def doing(self, text: str) -> AbstractContextManager[object]:
        """With a spinner on a terminal, with a line a minute elsewhere."""
        return doing(self.console, text)

    def bar(self, what: str, steps: int, done: int = 0) -> AbstractContextManager[Step]:
        """A bar on a terminal, a line a minute elsewhere."""
        return on_console(self.console)(what, steps, done)

    def training(self, bar: Bar) -> AbstractContextManager[Display]:
        """With a bar on a terminal, with a line a minute elsewhere."""
        return shown(bar, self.console, self.clock)
