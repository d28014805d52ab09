"""A training on a console: which of how many, epoch, score, and the time left of the command."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console, RenderableType
from rich.progress import BarColumn, Progress, TextColumn
from rich.text import Text

from signlet.runs.metrics import EpochMetrics
from signlet.text.bars import EVERY
from signlet.text.percent import percent
from signlet.training.progress import Bar

_SURE = 2.0
"""Seconds of training before signlet prints the time left."""


@dataclass
class Clock:
    """Measures the steps of all trainings of a command. now: seconds, from anywhere."""

    now: Callable[[], float] = time.monotonic
    seconds: float = field(default=0.0, init=False)
    steps: int = field(default=0, init=False)
    _last: float = field(default=0.0, init=False)

    def begin(self) -> None:
        """Measure from here on."""
        self._last = self.now()

    def step(self) -> None:
        """Count a step. The time between two steps, such as for tests, counts as training."""
        now = self.now()
        self.seconds += now - self._last
        self._last, self.steps = now, self.steps + 1

    def left(self, steps: int) -> str:
        """Return the time for this number of further steps, in words; "" if unknown."""
        if self.seconds < _SURE:
            return ""
        return f"{_duration(steps * self.seconds / self.steps)} left"


def _duration(seconds: float) -> str:
    """As a person says it: seconds, minutes or hours, one of them."""
    if seconds < 90:
        return f"{max(seconds, 1):.0f} s"
    if seconds < 90 * 60:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"


class _TwoLines(Progress):
    """A bar with a line of text below it."""

    below = ""

    def get_renderables(self) -> Iterable[RenderableType]:
        """The bar and the text."""
        yield self.make_tasks_table(self.tasks)
        yield Text(f"  {self.below}", no_wrap=True, overflow="ellipsis")


@contextmanager
def shown(bar: Bar, console: Console, clock: Clock) -> Iterator[Shown]:
    """Show a training: a bar on a terminal, elsewhere a line a minute and one at its end."""
    columns = (
        TextColumn("{task.description}", "bold", markup=False),
        BarColumn(bar_width=30),
        TextColumn("{task.fields[left]}", markup=False),
    )
    hidden = not console.is_terminal
    with _TwoLines(*columns, console=console, disable=hidden, transient=True) as lines:
        display = Shown(bar, console, clock, lines)
        yield display
    display.ended()


class Shown:
    """The display of one training."""

    def __init__(self, bar: Bar, console: Console, clock: Clock, lines: _TwoLines) -> None:
        self._bar, self._console, self._clock, self._lines = bar, console, clock, lines
        total = bar.epochs * bar.steps
        self._task = lines.add_task(bar.turn.title, total=total, completed=bar.done, left="")
        self._left = total - bar.done + bar.turn.later
        self._numbers = self._right = ""
        self._started = self._told = clock.now()
        clock.begin()

    def advance(self, epoch: int, step: int, clips_per_second: float) -> None:
        """Move the bar; print a line each minute if there is no bar."""
        self._clock.step()
        self._left -= 1
        left = self._clock.left(self._left)
        at = f"epoch {epoch + 1} of {self._bar.epochs}{self._numbers}"
        self._lines.below = f"{at}, {clips_per_second:,.0f} clips/s"
        self._lines.update(self._task, advance=1, left=f"{left} in all" if left else "")
        if not self._console.is_terminal and self._clock.now() - self._told >= EVERY:
            self._told = self._clock.now()
            self._say(f"{at}{f'; {left} in all' if left else ''}")

    def epoch_ended(self, metrics: EpochMetrics) -> None:
        """Keep the epoch's loss, and its score where the test clips were looked at."""
        if not math.isnan(metrics.accuracy_distilled):
            self._right = f", {percent(metrics.accuracy_distilled)} right on test clips"
        self._numbers = f"{self._right}, loss {metrics.loss_distilled:.2f}"

    def ended(self) -> None:
        """Say how long the training took; the verdict after all trainings has the score."""
        took = _duration(self._clock.now() - self._started)
        self._say(f"done in {took}")

    def _say(self, text: str) -> None:
        self._console.print(f"{self._bar.turn.title}: {text}", markup=False, soft_wrap=True)
