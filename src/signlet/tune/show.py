"""A `SearchResult` in, a table and notes for the terminal out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from signlet.evaluation.duplicates import NO_ESTIMATE
from signlet.evaluation.scores import interval_said
from signlet.text.percent import percent
from signlet.tune.result import BEST, SearchResult, TestScore


def print_result(result: SearchResult, folder: Path, console: Console) -> None:
    """Print what was chosen and both scores of it and of the recipe's own values."""
    table = Table(box=SIMPLE_HEAD)
    table.add_column("")
    table.add_column(f"validation (fold {result.validation_said})", justify="right")
    table.add_column(f"test (fold {result.test_fold})", justify="right")
    table.add_column("95 % of top-1", justify="right")
    rows = {
        f"best, trial {result.best.number}": (result.best, result.test_best),
        "the recipe's own values": (result.own, result.test_own),
    }
    for name, (trial, test) in rows.items():
        chosen = "-" if trial is None or trial.value is None else f"{trial.value:.3f}"
        low_high = interval_said(test.low, test.high)
        table.add_row(name, chosen, f"{getattr(test, result.metric):.3f}", low_high)
    console.print(f"\n{_title(result)}", table, sep="\n")
    for line in _notes(result):
        console.print(line, soft_wrap=True, highlight=False)
    values = ", ".join(f"{key} {_short(value)}" for key, value in result.best.values.items())
    console.print(f"Chosen: {values}", soft_wrap=True, highlight=False)
    if result.importance:
        shares = ", ".join(f"{key} {percent(share)}" for key, share in result.importance.items())
        console.print(f"Influence on the score: {shares}", soft_wrap=True, highlight=False)
    if getattr(result.test_best, result.metric) > getattr(result.test_own, result.metric):
        said = f"Train it: signlet train --recipe {folder / BEST} --data ..."
    else:
        said = f"The best trial's recipe is in {folder / BEST}."
    console.print(said, soft_wrap=True)


def _title(result: SearchResult) -> str:
    failed = sum(trial.value is None for trial in result.trials)
    counted = f"{len(result.trials)} trials" + (f", {failed} failed" if failed else "")
    return f"{result.metric.replace('_', ' ').capitalize()} of the soup, {counted}"


def _notes(result: SearchResult) -> list[str]:
    lines = [
        "The validation value of the best trial is too high, because the trial was chosen for "
        "it. No trial used the test fold: compare the two values there, and mind the interval."
    ]
    if result.test_best == result.test_own:
        lines.append("On the test fold the best trial equals the recipe: keep the recipe as it is.")
    elif getattr(result.test_best, result.metric) <= getattr(result.test_own, result.metric):
        lines.append("On the test fold the search brought no gain: keep the recipe as it is.")
    test = result.test_best
    if test.copies:
        lines.append(
            f"{test.copies} of the {test.clips} test clips duplicate training clips of another "
            f"signer{_alone(test, result.test_own)}."
        )
    return lines


def _alone(best: TestScore, own: TestScore) -> str:
    if best.without_copies is None or own.without_copies is None:
        return f": {NO_ESTIMATE}"
    return f"; without them: best {best.without_copies:.3f}, own values {own.without_copies:.3f}"


def _short(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
