"""A test in the terminal: the verdict in words, and scores as tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from signlet.evaluation import scores
from signlet.evaluation.predictions import Predictions
from signlet.evaluation.scores import interval_said, score, scored_signers
from signlet.evaluation.verdict import Grade, Verdict
from signlet.text.console import SafeConsole

FIRST = 5
"""With no more signs than this, the true one is always among the first five."""
SIGNERS_SHOWN = 40
"""With more signers than this, the printed table shows those that are read worst."""


def print_scores(
    models: Mapping[str, Predictions],
    console: Console | None = None,
    title: str = "Scores on clips not trained on",
    by_signer: bool = True,
) -> None:
    """Print a table of the models' scores and, with by_signer, a table of their top-1 by signer."""
    console = console or SafeConsole()
    console.print(f"\n{title}", _score_table(models), sep="\n")
    if by_signer:
        heading, table = _signer_table(models)
        console.print(heading, table, sep="\n")


_STYLES = {Grade.GOOD: "bold green", Grade.FAIR: "bold green", Grade.GUESSING: "bold red"}


def print_verdict(verdict: Verdict, console: Console) -> None:
    """Print how good a model is, for whom, and what limits it."""
    style = _STYLES.get(verdict.grade, "bold yellow")
    console.print()
    console.print(Text(f"{verdict.grade}.", style), verdict.result, highlight=False)
    for text in verdict.audience:
        console.print(text, highlight=False)
    if verdict.limits:
        console.print("What limits it:", style="bold")
        _print_list(verdict.limits, console, "- ")


def print_steps(steps: Sequence[str], console: Console) -> None:
    """Print what to do next, numbered."""
    console.print("\nWhat to do next:", style="bold")
    for number, text in enumerate(steps, 1):
        _print_list([text], console, f"{number}. ")


def _print_list(texts: Sequence[str], console: Console, mark: str) -> None:
    """A text whose further lines are indented below the first."""
    for text in texts:
        grid = Table.grid(padding=0)
        grid.add_column(width=len(mark), no_wrap=True)
        grid.add_column(overflow="fold")
        grid.add_row(mark, Text(text))
        console.print(Padding(grid, (0, 0, 0, 1)))


def _score_table(models: Mapping[str, Predictions]) -> Table:
    table = Table(box=SIMPLE_HEAD)
    many = any(len(predictions.signs) > FIRST for predictions in models.values())
    headings = ("clips", "top-1", "95 %", *["top-5"] * many, "balanced", "F1", "ECE")
    table.add_column("model")
    for heading in headings:
        table.add_column(heading, justify="right", no_wrap=True)
    for model, predictions in models.items():
        s = score(predictions)
        interval = interval_said(s.low, s.high, scored_signers(predictions))
        rest = (*[s.top5] * many, s.balanced_accuracy, s.macro_f1, s.calibration_error)
        cells = [str(s.clips), f"{s.top1:.3f}", interval, *(f"{value:.3f}" for value in rest)]
        table.add_row(Text(model), *cells)
    return table


def _signer_table(models: Mapping[str, Predictions]) -> tuple[str, Table]:
    table = Table(box=SIMPLE_HEAD)
    table.add_column("signer")
    table.add_column("clips", justify="right")
    top1: dict[str, dict[str, float]] = {}
    clips: dict[str, int] = {}
    for model, predictions in models.items():
        table.add_column(Text(model), justify="right")
        for row in scores.by_signer(predictions).to_pylist():
            clips[row["signer"]] = row["clips"]
            top1.setdefault(row["signer"], {})[model] = row["top1"]
    worst = sorted(top1, key=lambda signer: (min(top1[signer].values()), signer))
    shown = worst[:SIGNERS_SHOWN]
    for signer in sorted(shown):
        cells = [f"{top1[signer][m]:.3f}" if m in top1[signer] else "" for m in models]
        table.add_row(Text(signer or "(unknown)"), str(clips[signer]), *cells)
    part = f", the {len(shown)} worst of {len(worst)}" if len(worst) > len(shown) else ""
    return f"Top-1 by signer{part}", table
