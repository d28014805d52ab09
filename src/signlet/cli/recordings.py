"""Landmarks of many videos, with a bar; and what came of them, for the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from signlet.landmarks import RAW_PARTS
from signlet.sources import Source
from signlet.text.bars import on_console
from signlet.text.percent import percent

if TYPE_CHECKING:
    from signlet.extract.summary import Summary

_SHOWN = 3
"""As many videos of one kind are named."""


def count_of(number: int) -> str:
    """ "1 video", "2 videos"."""
    return f"{number} video{'' if number == 1 else 's'}"


def extract_first(source: Source, console: Console, jobs: int = -1) -> Summary:
    """`ensure_extracted`, with a bar and with what is wrong with the recordings."""
    from signlet.extract import ensure_extracted

    summary = ensure_extracted(source, jobs, on_console(console))
    print_findings(summary, console)
    return summary


def print_findings(summary: Summary, console: Console) -> None:
    """Print what is wrong with recordings; nothing if nothing is."""
    if summary.warnings:
        console.print(warnings_table(summary))
    if summary.bad:
        console.print(f"{count_of(len(summary.bad))} could not be extracted:")
    for row in summary.bad[:_SHOWN]:
        console.print(f"  {row.error}", markup=False, highlight=False, soft_wrap=True)


def shares_table(summary: Summary) -> Table:
    """Share of the frames in which each part is found, and the video where it is least."""
    table = Table("part", "share of frames", "least", "in")
    for part in (*RAW_PARTS, "hands"):
        rows = [(getattr(row.quality, part), row.video, row.quality) for row in summary.good]
        frames = sum(quality.frames for *_, quality in rows if quality)
        found = sum(share * quality.frames for share, _, quality in rows if quality)
        least, video, _ = min(rows, key=lambda row: row[0])
        name = "either hand" if part == "hands" else part.replace("_", " ")
        table.add_row(name, percent(found / frames), percent(least), escape(video))
    return table


def warnings_table(summary: Summary) -> Table:
    """Each kind of warning, how many videos it concerns, and the first of them."""
    table = Table("warning", "videos", "which, and what to do")
    for kind, texts in sorted(summary.warnings.items()):
        more = [f"and {len(texts) - _SHOWN} more"] if len(texts) > _SHOWN else []
        count = sum(kind in row.warnings for row in summary.rows)
        table.add_row(kind, str(count), escape("\n".join([*texts[:_SHOWN], *more])))
    return table
