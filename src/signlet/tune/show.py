"""What a search has found, in the terminal."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from signlet.evaluation.duplicates import NO_ESTIMATE
from signlet.evaluation.scores import interval_said
from signlet.tune.outcome import BEST, Outcome, TestScore


def print_outcome(outcome: Outcome, folder: Path, console: Console) -> None:
    """Print what was chosen and both scores of it and of the recipe's own values."""
    table = Table(box=SIMPLE_HEAD)
    table.add_column("")
    table.add_column(f"validation (fold {outcome.validation_said})", justify="right")
    table.add_column(f"test (fold {outcome.test_fold})", justify="right")
    table.add_column("95 % of top-1", justify="right")
    rows = {
        f"best, trial {outcome.best.number}": (outcome.best, outcome.test_best),
        "the recipe's own values": (outcome.own, outcome.test_own),
    }
    for name, (trial, test) in rows.items():
        chosen = "-" if trial is None or trial.value is None else f"{trial.value:.3f}"
        low_high = interval_said(test.low, test.high)
        table.add_row(name, chosen, f"{getattr(test, outcome.metric):.3f}", low_high)
    console.print(f"\n{_title(outcome)}", table, sep="\n")
    for line in _notes(outcome):
        console.print(line, soft_wrap=True, highlight=False)
    values = ", ".join(f"{key} {_short(value)}" for key, value in outcome.best.values.items())
    console.print(f"Chosen: {values}", soft_wrap=True, highlight=False)
    if outcome.importance:
        shares = ", ".join(f"{key} {share:.0%}" for key, share in outcome.importance.items())
        console.print(f"Share in the spread: {shares}", soft_wrap=True, highlight=False)
    if getattr(outcome.test_best, outcome.metric) > getattr(outcome.test_own, outcome.metric):
        said = f"Train it: signlet train --recipe {folder / BEST} --data ..."
    else:
        said = f"The best trial's recipe is in {folder / BEST} all the same."
    console.print(said, soft_wrap=True)


def _title(outcome: Outcome) -> str:
    failed = sum(trial.value is None for trial in outcome.trials)
    counted = f"{len(outcome.trials)} trials" + (f", {failed} failed" if failed else "")
    return f"{outcome.metric.replace('_', ' ').capitalize()} of the soup, {counted}"


def _notes(outcome: Outcome) -> list[str]:
    lines = [
        "The validation value of the best is too high: it was chosen by it. The test fold was in "
        "no trial; compare the two values there, and mind the interval."
    ]
    if outcome.test_best == outcome.test_own:
        lines.append("On the test fold the best trial equals the recipe: keep the recipe as it is.")
    elif getattr(outcome.test_best, outcome.metric) <= getattr(outcome.test_own, outcome.metric):
        lines.append("On the test fold the search has gained nothing: keep the recipe as it is.")
    test = outcome.test_best
    if test.copies:
        lines.append(
            f"{test.copies} of the {test.clips} test clips are duplicates of clips of another signer "
            f"that were trained on{_alone(test, outcome.test_own)}."
        )
    return lines


def _alone(best: TestScore, own: TestScore) -> str:
    if best.without_copies is None or own.without_copies is None:
        return f": {NO_ESTIMATE}"
    return f"; without them: best {best.without_copies:.3f}, own values {own.without_copies:.3f}"


def _short(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
