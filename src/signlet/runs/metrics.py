"""Metrics of the epochs of a training: `metrics.csv`, written and read."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from signlet.errors import SignletError
from signlet.files.atomic import replacing
from signlet.files.regular import content_of

_NAN = float("nan")
_LARGEST = 256 << 20
_MOST = 10**9
"""No training has more epochs."""
_UNUSABLE = (TypeError, ValueError, KeyError, AttributeError, OverflowError, csv.Error)
"""The errors that rows of a damaged file raise."""
Curves = dict[int, dict[str, NDArray[np.float64]]]
"""Fold -> column of metrics.csv -> (epochs,) values, NaN if the cell is empty."""


@dataclass(frozen=True)
class EpochMetrics:
    """Means over one epoch; NaN if something was switched off or not looked at."""

    epoch: int
    """1 for the first."""
    seconds: float
    """Of training, without validation."""
    clips_per_second: float
    """Training clips through all three models."""
    learning_rate: float
    """At the end of the epoch."""
    loss_student: float = _NAN
    loss_distilled: float = _NAN
    consistency_student: float = _NAN
    consistency_distilled: float = _NAN
    accuracy_student: float = _NAN
    """Top-1 on the held-out signers, without clips that repeat a training clip."""
    accuracy_teacher: float = _NAN
    accuracy_distilled: float = _NAN

    @classmethod
    def of(
        cls,
        epoch: int,
        seconds: float,
        speed: float,
        rate: float,
        losses: Mapping[str, float],
        accuracies: Mapping[str, float],
    ) -> EpochMetrics:
        """Put the metrics of an epoch together."""
        named = {f"accuracy_{name}": value for name, value in accuracies.items()}
        return cls(epoch, seconds, speed, rate, **losses, **named)


def write_metrics(path: Path, folds: Mapping[int, Sequence[EpochMetrics]]) -> None:
    """One CSV row an epoch and fold; missing metrics are empty."""
    names = ["fold", *(field.name for field in fields(EpochMetrics))]
    with replacing(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(names)
        for fold, rows in folds.items():
            for row in rows:
                values = asdict(row).values()
                writer.writerow([fold, *("" if v != v else f"{v:.6g}" for v in values)])


def read_metrics(path: Path) -> list[EpochMetrics]:
    """The epochs of a file that holds one fold. Raises SignletError if it is damaged."""
    content = content_of(path, _LARGEST)
    try:
        rows = list(_rows(csv.DictReader(io.StringIO(content.decode("utf-8"), newline=""))))
        if not rows or [row["epoch"] for row in rows] != list(range(1, len(rows) + 1)):
            raise ValueError("an epoch is missing")
        return [_of_epoch(row) for row in rows]
    except _UNUSABLE as error:
        raise damaged(path, str(error)) from None


def metrics_of(path: Path, epochs: int) -> list[EpochMetrics]:
    """`read_metrics` for this number of epochs. Raises SignletError if they are not all."""
    found = read_metrics(path)
    if len(found) != epochs:
        raise damaged(path, f"{len(found)} of {epochs} epochs")
    return found


def read_curves(path: Path) -> Curves:
    """A run's file by fold; of an epoch that was written twice (resumed), the later line counts.

    Raises SignletError if it is damaged; columns of another version are taken as they are.
    """
    rows: dict[tuple[int, int], dict[str, float]] = {}
    lines = csv.DictReader(read_text(path).splitlines())
    try:
        if not {"fold", "epoch"} <= set(lines.fieldnames or ()):
            raise ValueError("no heading")
        for row in _rows(lines):
            if not 1 <= row["epoch"] <= _MOST:
                raise ValueError("no epoch")
            rows[int(row["fold"]), int(row["epoch"])] = row
    except _UNUSABLE:
        raise SignletError(
            f"{path}: line {lines.line_num} is not a line of numbers with fold and epoch; "
            "train again or remove that line"
        ) from None
    folds = sorted({fold for fold, _ in rows})
    return {fold: _columns([rows[key] for key in sorted(rows) if key[0] == fold]) for fold in folds}


def read_text(path: Path) -> str:
    """A file of a run folder. Raises SignletError if it is not there or no text."""
    try:
        return content_of(path, _LARGEST).decode("utf-8")
    except (SignletError, UnicodeDecodeError):
        raise SignletError(
            f"{path}: is missing or not readable as text; give a folder that train wrote"
        ) from None


def damaged(path: Path, reason: str) -> SignletError:
    """The error for a fold's file that cannot be used."""
    return SignletError(
        f"{path}: is damaged ({reason}); delete {path.parent} to train that fold again"
    )


def _rows(lines: csv.DictReader[str]) -> Iterator[dict[str, float]]:
    """Metrics of each line by their columns, NaN if the cell is empty.

    Raises ValueError and others of `_UNUSABLE` where a metric is not a number, infinite or missing.
    """
    for line in lines:
        if None in line or None in line.values():
            raise ValueError("a row is longer or shorter than the others")
        row = {name: float(value) if value else _NAN for name, value in line.items()}
        if any(map(math.isinf, row.values())):
            raise ValueError("a figure is not a number of an epoch")
        yield row


def _of_epoch(row: Mapping[str, float]) -> EpochMetrics:
    """Raises ValueError, TypeError or KeyError if it has other columns."""
    metrics = {name: value for name, value in row.items() if name not in ("fold", "epoch")}
    if metrics["seconds"] < 0:
        raise ValueError("a figure is not a number of an epoch")
    return EpochMetrics(epoch=int(row["epoch"]), **metrics)


def _columns(rows: list[dict[str, float]]) -> dict[str, NDArray[np.float64]]:
    return {key: np.array([row[key] for row in rows]) for key in rows[0]}
