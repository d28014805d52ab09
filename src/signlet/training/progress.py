"""What is seen of a training while it runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from types import TracebackType
from typing import Protocol, Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from signlet.runs.metrics import EpochMetrics

Log = Callable[[Mapping[str, float], int], None]
"""Takes figures by name, and the epoch."""


class Display(Protocol):
    """Told of every step and epoch of a fold."""

    def advance(self, epoch: int, step: int, clips_per_second: float) -> None:
        """A step of epoch 0, 1, ... is done."""

    def epoch_ended(self, metrics: EpochMetrics) -> None:
        """An epoch is done."""


class Silent:
    """Shows nothing."""

    def advance(self, epoch: int, step: int, clips_per_second: float) -> None:
        """Nothing."""

    def epoch_ended(self, metrics: EpochMetrics) -> None:
        """Nothing."""


class Tracked:
    """Shows what another display shows, and logs the epochs' figures."""

    def __init__(self, display: Display, log: Log, name: str) -> None:
        self._display, self._log, self._name = display, log, name

    def advance(self, epoch: int, step: int, clips_per_second: float) -> None:
        """Pass on."""
        self._display.advance(epoch, step, clips_per_second)

    def epoch_ended(self, metrics: EpochMetrics) -> None:
        """Pass on and send."""
        self._display.epoch_ended(metrics)
        values = {f"{self._name}/{k}": v for k, v in asdict(metrics).items() if k != "epoch"}
        self._log(values, metrics.epoch)


class Live:
    """A progress bar of a fold; a line per looked-at epoch where there is no terminal."""

    def __init__(
        self, title: str, epochs: int, steps: int, done: int, console: Console, tested: str
    ) -> None:
        """tested: whose clips the accuracies are of."""
        self._epochs, self._steps, self._console = epochs, steps, console
        self._progress = Progress(
            TextColumn("{task.description}", "bold", markup=False),
            BarColumn(bar_width=8),
            TextColumn("{task.fields[figures]}", markup=False),
            TimeRemainingColumn(compact=True),
            console=console,
            disable=not console.is_terminal,
        )
        self._bar = self._progress.add_task(title, total=epochs * steps, completed=done, figures="")
        self._title, self._last, self._tested = title, "", tested

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def advance(self, epoch: int, step: int, clips_per_second: float) -> None:
        """Move the bar."""
        figures = f"{epoch + 1}/{self._epochs}{self._last}  {clips_per_second:,.0f} clips/s"
        self._progress.update(self._bar, advance=1, figures=figures)

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
