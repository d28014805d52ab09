"""Scores as tables in the terminal."""

from __future__ import annotations

from collections.abc import Mapping

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from signlet.evaluation.predictions import Predictions
from signlet.evaluation.scores import by_signer, interval_said, score, scored_signers
from signlet.text.console import SafeConsole

SIGNERS_SHOWN = 40
"""With more signers than this, the printed table shows those that are read worst."""


def print_scores(
    models: Mapping[str, Predictions],
    console: Console | None = None,
    title: str = "Scores on clips not trained on",
) -> None:
    """Print a table of the models' scores and a table of their top-1 by signer."""
    console = console or SafeConsole()
    console.print(f"\n{title}", _score_table(models), sep="\n")
    heading, table = _signer_table(models)
    console.print(heading, table, sep="\n")


def _score_table(models: Mapping[str, Predictions]) -> Table:
    table = Table(box=SIMPLE_HEAD)
    headings = ("clips", "top-1", "95 %", "top-5", "balanced", "F1", "ECE")
    table.add_column("model")
    for heading in headings:
        table.add_column(heading, justify="right", no_wrap=True)
    for model, predictions in models.items():
        s = score(predictions)
        interval = interval_said(s.low, s.high, scored_signers(predictions))
        rest = (s.top5, s.balanced_accuracy, s.macro_f1, s.calibration_error)
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
        for row in by_signer(predictions).to_pylist():
            clips[row["signer"]] = row["clips"]
            top1.setdefault(row["signer"], {})[model] = row["top1"]
    worst = sorted(top1, key=lambda signer: (min(top1[signer].values()), signer))
    shown = worst[:SIGNERS_SHOWN]
    for signer in sorted(shown):
        cells = [f"{top1[signer][m]:.3f}" if m in top1[signer] else "" for m in models]
        table.add_row(Text(signer or "(unknown)"), str(clips[signer]), *cells)
    part = f", the {len(shown)} worst of {len(worst)}" if len(worst) > len(shown) else ""
    return f"Top-1 by signer{part}", table
