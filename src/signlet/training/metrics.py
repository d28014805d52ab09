"""What is known of an epoch, and the file it goes to."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from signlet.errors import SignletError
from signlet.files.atomic import replacing
from signlet.files.regular import content_of

_NAN = float("nan")
_LARGEST = 64 << 20


@dataclass(frozen=True)
class EpochMetrics:
    """Means over one epoch; NaN where something was switched off or not looked at."""

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
    """Top-1 on the held-out signers."""
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
        """Put an epoch's figures together."""
        named = {f"accuracy_{name}": value for name, value in accuracies.items()}
        return cls(epoch, seconds, speed, rate, **losses, **named)


def write_metrics(path: Path, folds: Mapping[int, Sequence[EpochMetrics]]) -> None:
    """One CSV row an epoch and fold; figures that are not there are empty."""
    names = ["fold", *(field.name for field in fields(EpochMetrics))]
    with replacing(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(names)
        for fold, rows in folds.items():
            for row in rows:
                values = asdict(row).values()
                writer.writerow([fold, *("" if v != v else f"{v:.6g}" for v in values)])


def read_metrics(path: Path) -> list[EpochMetrics]:
    """The epochs of a file that holds one fold. Raises SignletError where it is damaged."""
    content = content_of(path, _LARGEST)
    try:
        rows = list(csv.DictReader(io.StringIO(content.decode("utf-8"), newline="")))
        epochs = [_from_row(row) for row in rows]
        if not epochs or [row.epoch for row in epochs] != list(range(1, len(epochs) + 1)):
            raise ValueError("an epoch is missing")
        return epochs
    except (ValueError, TypeError, KeyError, csv.Error) as error:
        raise damaged(path, str(error)) from None


def damaged(path: Path, reason: str) -> SignletError:
    """The error for a fold's file that cannot be used."""
    return SignletError(
        f"{path}: is damaged ({reason}); delete {path.parent} to train that fold again"
    )


def _from_row(row: Mapping[str, str]) -> EpochMetrics:
    """Raises ValueError, TypeError or KeyError where a figure is none, infinite or missing."""
    if None in row.values() or None in row:
        raise ValueError("a row is longer or shorter than the others")
    numbers = {k: float(v) if v else _NAN for k, v in row.items() if k not in ("fold", "epoch")}
    if any(map(math.isinf, numbers.values())) or numbers["seconds"] < 0:
        raise ValueError("a figure is not a number of an epoch")
    return EpochMetrics(epoch=int(row["epoch"]), **numbers)
