"""Progress of long work on a console: events in; lines, notes and a bar for each training out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from signlet.cli.recordings import extract_first
from signlet.running.bars import Step
from signlet.runs.metrics import EpochMetrics
from signlet.sources import Source
from signlet.text.bars import on_console
from signlet.training.progress import Bar, Display, Events


class ConsoleEvents(Events):
    """Prints the events of long work."""

    def __init__(self, console: Console) -> None:
        self.console = console

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
                f"More of each video: signlet inspect {where}, or signlet extract {where} -o DIR "
                "(quality.csv)"
            )

    def doing(self, text: str) -> AbstractContextManager[object]:
        """With a spinner, on a terminal."""
        return self.console.status(text)

    def bar(self, what: str, steps: int, done: int = 0) -> AbstractContextManager[Step]:
        """On a terminal."""
        return on_console(self.console)(what, steps, done)

    def training(self, bar: Bar) -> AbstractContextManager[Display]:
        """With a bar on a terminal, with a line per looked-at epoch elsewhere."""
        return _live(bar, self.console)


@contextmanager
def _live(bar: Bar, console: Console) -> Iterator[Live]:
    columns = (
        TextColumn("{task.description}", "bold", markup=False),
        BarColumn(bar_width=8),
        TextColumn("{task.fields[metrics]}", markup=False),
        TimeRemainingColumn(compact=True),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        yield Live(bar, console, progress)


class Live:
    """A progress bar of a fold; a line per looked-at epoch where there is no terminal."""

    def __init__(self, bar: Bar, console: Console, progress: Progress) -> None:
        self._epochs, self._console, self._progress = bar.epochs, console, progress
        total = bar.epochs * bar.steps
        self._bar = self._progress.add_task(bar.title, total=total, completed=bar.done, metrics="")
        self._title, self._last, self._tested = bar.title, "", bar.tested

    def advance(self, epoch: int, step: int, clips_per_second: float) -> None:
        """Move the bar."""
        metrics = f"{epoch + 1}/{self._epochs}{self._last}  {clips_per_second:,.0f} clips/s"
        self._progress.update(self._bar, advance=1, metrics=metrics)

    def epoch_ended(self, metrics: EpochMetrics) -> None:
        """Show the epoch's losses, and accuracies where they were looked at."""
        seen = metrics.accuracy_student == metrics.accuracy_student
        accuracies = (
            f"{metrics.accuracy_student:.1%}",
            f"{metrics.accuracy_teacher:.1%}",
            f"{metrics.accuracy_distilled:.1%}",
        )
        if seen:
            self._accuracies = "/".join(accuracies)
        self._last = (
            f"  {self._tested} {getattr(self, '_accuracies', '-')}"
            f"  loss {metrics.loss_student:.2f}/{metrics.loss_distilled:.2f}"
        )
        if seen and not self._console.is_terminal:
            self._console.print(
                f"{self._title}: epoch {metrics.epoch}/{self._epochs}, "
                f"{metrics.clips_per_second:,.0f} clips/s, "
                f"loss {metrics.loss_student:.3f} student {metrics.loss_distilled:.3f} distilled, "
                f"lr {metrics.learning_rate:.1e}, {self._tested} {accuracies[0]} student "
                f"{accuracies[1]} teacher {accuracies[2]} distilled",
                soft_wrap=True,
            )
