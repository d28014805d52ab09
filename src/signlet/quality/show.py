"""Quality as tables in the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from signlet.quality.checks import Suspicion
from signlet.quality.clip import ClipQuality
from signlet.quality.quality import DataQuality
from signlet.quality.words import MISSING, by_problem, clip_overview, overview, percent
from signlet.text.console import SafeConsole

SHOWN = 20
"""Rows of a table in the terminal; the rest is counted. JSON and the page hold all."""


def print_quality(quality: DataQuality, console: Console | None = None, limit: int = SHOWN) -> None:
    """Print what a data set holds, its signs and signers, and its suspicious clips."""
    console = console or SafeConsole()
    console.print(_overview(overview(quality)))
    _show(console, MISSING, _missing(quality.missing))
    counts = _counts("sign", quality.clips_of_sign, limit, quality.signers_of_sign)
    _show(console, "Clips per sign, fewest first", counts)
    counts = _counts("signer", quality.clips_of_signer, limit)
    _show(console, "Clips per signer, fewest first", counts)
    findings = (*quality.skipped, *quality.suspicious)
    if findings:
        _show(console, "To look at", _findings(findings, limit))
    else:
        console.print("\nNo clip looks suspicious.")
    for note in quality.notes:
        console.print(Text(f"Note: {note}."), soft_wrap=True)


def _show(console: Console, title: str, table: Table) -> None:
    console.print(Text(f"\n{title}", style="bold"))
    console.print(table)


def print_clip(quality: ClipQuality, console: Console | None = None) -> None:
    """Print what is in one clip."""
    console = console or SafeConsole()
    console.print(_overview(clip_overview(quality)))
    _show(console, MISSING, _missing(quality.missing))
    for problem in quality.problems:
        console.print(Text(f"Suspicious: {problem}", style="yellow"))


def _overview(rows: Sequence[tuple[str, str]]) -> Table:
    table = Table.grid(padding=(0, 2))
    for name, value in rows:
        table.add_row(Text(name, style="dim"), Text(value))
    return table


def _missing(missing: Mapping[str, float]) -> Table:
    table = Table()
    for part in missing:
        table.add_column(part.replace("_", " "), justify="right")
    table.add_row(*(percent(share) for share in missing.values()))
    return table


def _counts(
    what: str, counts: Mapping[str, int], limit: int, signers: Mapping[str, int] | None = None
) -> Table:
    table = Table(what)
    table.add_column("clips", justify="right")
    if signers is not None:
        table.add_column("signers", justify="right")
    for name in sorted(counts, key=lambda name: counts[name])[:limit]:
        last = [] if signers is None else [str(signers.get(name, 0))]
        table.add_row(Text(name or "(unknown)"), f"{counts[name]:,}", *last)
    if len(counts) > limit:
        table.add_row(Text(f"and {len(counts) - limit:,} more", style="dim"))
    return table


def _findings(findings: Sequence[Suspicion], limit: int) -> Table:
    table = Table("problem", "", "name", "detail")
    for problem, group in by_problem(findings):
        each = max(3, limit // 4)
        for one in group[:each]:
            table.add_row(problem, one.about, Text(one.name), Text(one.detail))
        if len(group) > each:
            table.add_row(problem, "", f"and {len(group) - each:,} more", "")
    return table
