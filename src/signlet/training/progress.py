"""Progress of long work, as events; whoever shows them decides how."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass
from typing import Protocol

from signlet.running.bars import Step, no_bars
from signlet.runs.metrics import EpochMetrics
from signlet.sources import Source
from signlet.training.turns import Turn

Log = Callable[[Mapping[str, float], int], None]
"""Takes metrics by name, and the epoch."""


class Display(Protocol):
    """Receives every step and epoch of a fold."""

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
    """Shows what another display shows, and logs the epochs' metrics."""

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


@dataclass(frozen=True)
class Bar:
    """The progress of one training, for a progress bar.

    turn: which training it is. epochs: in all. steps: of each. done: steps already done.
    """

    turn: Turn
    epochs: int
    steps: int
    done: int


class Events:
    """Receives the events of long work and shows nothing. A command prints them."""

    def line(self, text: str) -> None:
        """Something begins, or is done."""

    def note(self, text: str) -> None:
        """Something that the user should know: the text of a warning, without a full stop."""

    def extract(self, source: Source, where: str, jobs: int) -> None:
        """Find the landmarks of the source's videos. where: as the user named it."""
        from signlet.extract import ensure_extracted

        ensure_extracted(source, jobs)

    def doing(self, text: str) -> AbstractContextManager[object]:
        """Something short is done in here."""
        return nullcontext()

    def bar(self, what: str, steps: int, done: int = 0) -> AbstractContextManager[Step]:
        """A bar over this many steps, see `signlet.running.bars.Bars`."""
        return no_bars(what, steps, done)

    def training(self, bar: Bar) -> AbstractContextManager[Display]:
        """A training runs in here, and tells of its steps and epochs."""
        return nullcontext(Silent())
