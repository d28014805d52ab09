"""What a finished run folder holds, read and checked for the report."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from signlet.errors import SignletError
from signlet.evaluation.scores import Predictions, read_predictions
from signlet.files.regular import content_of
from signlet.training.settings import MOST
from signlet.training.settings_file import read_mapping
from signlet.version import __version__

MODELS = ("student", "teacher", "distilled", "soup")
"""Order of the models in tables; a run may lack some."""

_LARGEST = 256 << 20
Curves = dict[int, dict[str, NDArray[np.float64]]]
"""Fold -> column of metrics.csv -> (epochs,) values, NaN where the cell is empty."""


@dataclass(frozen=True)
class Run:
    """A run folder in memory.

    config: the settings as nested dictionaries; config_text: the file as it is written.
    version: the signlet that trained it.
    """

    name: str
    recipe: str
    date: datetime
    version: str
    config: dict[str, Any]
    config_text: str
    curves: Curves
    predictions: dict[str, Predictions]

    @property
    def best(self) -> str:
        """The model that a run is for: the soup, else the last one there is."""
        return [name for name in MODELS if name in self.predictions][-1]


def read_run(folder: Path) -> Run:
    """Read a run folder; raises SignletError naming the file that is missing or broken."""
    if not folder.is_dir():
        raise SignletError(f"{folder}: no such run folder; give the folder that train wrote")
    config_text = _text(folder / "config.yaml")
    config = read_mapping(folder / "config.yaml", "give a folder that train wrote")
    predictions = _predictions(folder / "predictions.parquet")
    written = (folder / "predictions.parquet").stat().st_mtime
    return Run(
        name=folder.resolve().name,
        recipe=_recipe(config),
        date=datetime.fromtimestamp(written),
        version=str(config.get("signlet", __version__)),
        config=config,
        config_text=config_text,
        curves=read_curves(folder / "metrics.csv"),
        predictions=predictions,
    )


def read_curves(path: Path) -> Curves:
    """metrics.csv by fold; of an epoch that was written twice (resumed), the later line counts."""
    rows: dict[tuple[int, int], dict[str, float]] = {}
    lines = csv.DictReader(_text(path).splitlines())
    try:
        if not {"fold", "epoch"} <= set(lines.fieldnames or ()):
            raise ValueError("no heading")
        for line in lines:
            if None in line.values():
                raise ValueError("a short line")
            values = {key: float(value) if value else np.nan for key, value in line.items()}
            rows[int(values["fold"]), _epoch(values)] = values
    except (TypeError, ValueError, KeyError, AttributeError, OverflowError, csv.Error):
        raise SignletError(
            f"{path}: line {lines.line_num} is not a line of numbers with fold and epoch; "
            "train again or remove that line"
        ) from None
    folds = sorted({fold for fold, _ in rows})
    return {fold: _columns([rows[key] for key in sorted(rows) if key[0] == fold]) for fold in folds}


def _epoch(values: Mapping[str, float]) -> int:
    """Raises ValueError where the line is none of an epoch."""
    if any(map(math.isinf, values.values())) or not 1 <= values["epoch"] <= MOST:
        raise ValueError("no epoch")
    return int(values["epoch"])


def _columns(rows: list[dict[str, float]]) -> dict[str, NDArray[np.float64]]:
    return {key: np.array([row[key] for row in rows]) for key in rows[0]}


def _predictions(path: Path) -> dict[str, Predictions]:
    if not path.is_file():
        raise SignletError(f"{path}: is missing; run `signlet evaluate` on this run first")
    found = {name: p for name, p in read_predictions(path).items() if (p.labels >= 0).any()}
    known = {name: found[name] for name in MODELS if name in found}
    if not known:
        raise SignletError(
            f"{path}: holds no predictions of {', '.join(MODELS)} for clips of a known sign; train "
            "again"
        )
    return known


def _text(path: Path) -> str:
    try:
        return content_of(path, _LARGEST).decode("utf-8")
    except (SignletError, UnicodeDecodeError):
        raise SignletError(
            f"{path}: is missing or not readable as text; give a folder that train wrote"
        ) from None


def _recipe(config: dict[str, Any]) -> str:
    named = [config[key] for key in ("recipe", "name") if isinstance(config.get(key), str)]
    return named[0] if named else ""
