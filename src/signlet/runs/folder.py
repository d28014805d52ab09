"""A run folder: what is where in it, and which of its trainings are finished.

config.yaml            the settings, defaults included
metrics.csv            a row for each fold and epoch
predictions.parquet    what each kind of model says of the clips that were held out
model.safetensors, config.json    the run's model
report.html            all that to look at
packed/                the clips, where the run has packed them itself
fold-0/, full/, full-2/    one training each: student/, teacher/, distilled/, soup/,
                       metrics.csv, predictions.parquet, checkpoint.pt until it is finished
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from signlet.files.json_pieces import read_json
from signlet.model.files import CONFIG, MAX_MEMBERS
from signlet.pack.layout import HEADER
from signlet.running import lock
from signlet.running.temporary import sweep_below

ModelKind = Literal["soup", "distilled", "student", "teacher"]
"""The kinds of models that a training makes; the one to use comes first."""
MODELS: tuple[ModelKind, ...] = ("student", "teacher", "distilled", "soup")
"""The same in the order in which they are made, and stand in files and tables."""
PREDICTIONS, METRICS, SETTINGS = "predictions.parquet", "metrics.csv", "config.yaml"
CHECKPOINT, REPORT, PACKED = "checkpoint.pt", "report.html", "packed"
FULL = -1
"""In place of a fold's number: the first fit on all clips, with nothing held out; the next ones
are -2, -3 ..."""
_BUSY = "another training is using this folder; wait for it, or choose another --run"


@dataclass(frozen=True)
class RunFolder:
    """A run folder, or the folder of one training in it, which has files of the same names."""

    path: Path

    @property
    def settings(self) -> Path:
        """The settings that the run was started with, as YAML."""
        return self.path / SETTINGS

    @property
    def metrics(self) -> Path:
        """The metrics of every epoch (`signlet.runs.metrics`)."""
        return self.path / METRICS

    @property
    def predictions(self) -> Path:
        """Of held-out clips; not there where nothing was held out."""
        return self.path / PREDICTIONS

    @property
    def checkpoint(self) -> Path:
        """The state of a training that is not finished."""
        return self.path / CHECKPOINT

    @property
    def report(self) -> Path:
        """The page of `signlet.report`."""
        return self.path / REPORT

    @property
    def packed(self) -> Path:
        """The run's own packed clips."""
        return self.path / PACKED

    @property
    def config(self) -> Path:
        """The configuration of the run's model; written when the trainings are gathered."""
        return self.path / CONFIG

    @property
    def about(self) -> dict[str, Any]:
        """The model file's account of its training, {} if there is none.

        Raises SignletError if it is damaged.
        """
        about = read_json(self.config).get("about") if self.config.exists() else None
        return about if isinstance(about, dict) else {}

    def model(self, kind: str) -> Path:
        """Folder of one model of a training."""
        return self.path / kind

    def training(self, number: int) -> RunFolder:
        """The folder of one training: a fold, or a full fit (`FULL`, -2 ...)."""
        if number <= FULL:
            return RunFolder(self.path / ("full" if number == FULL else f"full-{-number}"))
        return RunFolder(self.path / f"fold-{number}")

    @property
    def folds(self) -> list[RunFolder]:
        """Trainings of folds that are there, finished or not, by their numbers."""
        found = sorted(self.path.glob("fold-*"), key=lambda fold: (len(fold.name), fold.name))
        return [RunFolder(folder) for folder in found]

    @property
    def begun(self) -> bool:
        """True if a training has a checkpoint or a model; settings alone are not a run."""
        trainings = [*self.path.glob("fold-*"), *self.path.glob("full*")]
        return self.settings.exists() and any(next(one.glob("*"), None) for one in trainings)

    @property
    def finished(self) -> bool:
        """True if this training is complete."""
        return self.metrics.exists() and not self.checkpoint.exists()

    @property
    def has_packed(self) -> bool:
        """True if the run's own packed clips still exist."""
        return (self.packed / HEADER).exists()

    def finished_folds(self, count: int) -> list[int]:
        """The finished ones of `count` folds."""
        return [fold for fold in range(count) if self.training(fold).finished]

    def full_fits(self, count: int = MAX_MEMBERS) -> list[int]:
        """Numbers of the finished ones of `count` full fits."""
        return [fit for fit in fit_numbers(count) if self.training(fit).finished]

    @contextmanager
    def only_one(self) -> Iterator[None]:
        """Keep other trainings out of the folder; the lock goes when the process does.

        Raises SignletError if another one works there.
        """
        with lock.only_one(self.path, _BUSY):
            sweep_below(self.path)
            yield


def fit_numbers(count: int) -> list[int]:
    """Return the numbers of the first `count` full fits, which stand in for fold numbers."""
    return [FULL - number for number in range(count)]


def title(number: int) -> str:
    """Return the name of a training for people: a fold, or a full fit."""
    if number <= FULL:
        return "Full fit" if number == FULL else f"Full fit {-number}"
    return f"Fold {number}"
