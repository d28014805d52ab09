"""The result of a search: trials and test scores, and the files beside the study."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from signlet.files.atomic import replacing, write_text
from signlet.model.files import finite
from signlet.text.names import cell
from signlet.training import Recipe
from signlet.training.settings import plain
from signlet.tune.plots import write_plot

BEST, TRIALS, PLOT, REPORT = "best.yaml", "trials.csv", "trials.svg", "report.json"


@dataclass(frozen=True)
class Trial:
    """One trial: its place from 1, score on the validation folds (None: the training failed,
    `why` says how), duration, and the values it drew."""

    number: int
    value: float | None
    seconds: float
    values: Mapping[str, Any]
    why: str = ""


@dataclass(frozen=True)
class TestScore:
    """The soup on the test fold; shares in 0..1, `low` and `high` the 95 % interval of top1 over
    signers (NaN if there is one). copies: clips that were trained on as another signer's;
    `without_copies` is the search's metric without them, None if nothing is left."""

    top1: float
    balanced_accuracy: float
    low: float
    high: float
    clips: int
    copies: int
    without_copies: float | None

    @classmethod
    def read(cls, kept: Any) -> TestScore:
        """Read a score from a study. Raises TypeError if it is damaged."""
        score = cls(**kept)
        if any(value is not None and type(value) not in (int, float) for value in kept.values()):
            raise TypeError("a score on the test fold is not a number")
        return score


@dataclass(frozen=True)
class SearchResult:
    """The end of a search.

    recipe: with the best trial's values. best, own: that trial, and the one with the recipe's
    own values (None if no trial had them). importance: share of each searched value in
    the spread of the scores, largest first; empty if too few trials say anything.
    """

    metric: str
    validation: tuple[int, ...]
    test_fold: int
    recipe: Recipe
    trials: tuple[Trial, ...]
    best: Trial
    own: Trial | None
    test_best: TestScore
    test_own: TestScore
    importance: Mapping[str, float]

    @property
    def validation_said(self) -> str:
        """The validation folds in words."""
        return ", ".join(map(str, self.validation))


def write_result(result: SearchResult, folder: Path) -> None:
    """Write best.yaml, trials.csv, trials.svg and report.json; each whole or not at all."""
    named = replace(result.recipe, name=f"{result.recipe.name}-tuned")
    settings = yaml.safe_dump(plain(named), sort_keys=False, allow_unicode=True)
    write_text(folder / BEST, "".join(f"# {line}\n" for line in _in_words(result)) + settings)
    _write_trials(result, folder / TRIALS)
    write_plot(
        [(dict(t.values), t.value) for t in result.trials if t.value is not None],
        result.importance,
        result.metric.replace("_", " "),
        folder / PLOT,
    )
    report = {**asdict(result), "recipe": plain(result.recipe)}
    write_text(folder / REPORT, json.dumps(finite(report), indent=2) + "\n")


def _in_words(result: SearchResult) -> list[str]:
    """Describe the origin and scores of a recipe, for its head."""
    best, own = (getattr(t, result.metric) for t in (result.test_best, result.test_own))
    epochs = result.recipe.optimiser.epochs
    return [
        f"Chosen by signlet tune: trial {result.best.number} of {len(result.trials)}, "
        f"{epochs} epochs each.",
        f"{result.metric} on fold {result.validation_said}, which was used to choose it: "
        f"{result.best.value:.3f} (too high);",
        f"on fold {result.test_fold}, which no trial used: {best:.3f}; "
        f"the recipe's own values there: {own:.3f}.",
    ]


def _write_trials(result: SearchResult, path: Path) -> None:
    keys = list(result.best.values)
    with replacing(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["trial", result.metric, "seconds", *keys, "failed"])
        for trial in result.trials:
            value = "" if trial.value is None else f"{trial.value:.6g}"
            chosen = [trial.values[key] for key in keys]
            texts = [cell(one) if isinstance(one, str) else one for one in (*chosen, trial.why)]
            writer.writerow([trial.number, value, f"{trial.seconds:.1f}", *texts])
