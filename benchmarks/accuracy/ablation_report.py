"""The ablation as a Markdown table and as a figure."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from textwrap import fill

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from benchmarks.accuracy.ablation_results import (
    Comparison,
    Row,
    comparisons,
    sections,
    standard_error,
)
from benchmarks.accuracy.ablation_variants import BASE
from signlet.errors import SignletError
from signlet.files.atomic import replacing

COLUMNS = {
    "distilled": "distilled",
    "distilled_balanced": "distilled, balanced",
    "distilled_without_copies": "distilled, without copies",
    "soup": "soup",
    "student": "student",
    "teacher": "teacher",
}
SIDES = "† write-up and code of the published system disagree here"


def columns(rows: Sequence[Row]) -> dict[str, str]:
    """Columns and headings; the one without copies only where clips have copies."""
    copies = any(int(row["copies"]) for row in rows)
    return {c: t for c, t in COLUMNS.items() if copies or "copies" not in c}


# --- table --------------------------------------------------------------------------------


def markdown(rows: Sequence[Row]) -> str:
    """A table for each set and number of epochs. Raises SignletError where there is none."""
    parts = [_table(*key, part) for key, part in _complete(rows).items()]
    return "\n\n".join(parts)


def _complete(rows: Sequence[Row]) -> dict[tuple[str, int], list[Row]]:
    found = {k: r for k, r in sections(rows).items() if any(x["variant"] == BASE for x in r)}
    if not found:
        raise SignletError("there is no training of the base recipe yet; run the ablation first")
    return found


def _table(name: str, epochs: int, rows: list[Row]) -> str:
    shown = columns(rows)
    base = [row for row in rows if row["variant"] == BASE]
    absolute = [f"{np.mean([100 * float(row[c]) for row in base]):.1f}" for c in shown]
    lines = [
        f"**{name}**, {epochs} epochs: top-1 in per cent of the base recipe, and differences to "
        "it in percentage points, mean ± standard error over n pairs of the same fold and seed.",
        "",
        f"| | n | {' | '.join(shown.values())} | time |",
        f"|---|{'---:|' * (len(shown) + 2)}",
        f"| **base recipe** | {len(base)} | {' | '.join(absolute)} | 1 |",
    ]
    lines += [_line(line, rows, list(shown)) for line in comparisons(rows)]
    return "\n".join([*lines, "", f"{SIDES}. *time*: processor time relative to the base."])


def _line(line: Comparison, rows: list[Row], shown: list[str]) -> str:
    cells = [_cell(line.pairs(rows, column)) for column in shown]
    time = "" if line.model else f"{line.cost(rows):.2f}"
    number = len(line.pairs(rows, "soup"))
    return f"| {line.group}: {line.label} | {number} | {' | '.join(cells)} | {time} |"


def _cell(values: NDArray[np.float64]) -> str:
    if not len(values):
        return ""
    mean = f"{values.mean():+.1f}".replace("-", "−")
    return f"{mean} ± {standard_error(values):.1f}" if len(values) > 1 else mean


# --- figure -------------------------------------------------------------------------------

INK, MUTED, LINE, BAND = "#1d1f24", "#5f636d", "#d9dbe0", "#f5f5f3"
MARKS = (("#0072B2", "o", -0.17), ("#D55E00", "D", 0.17))
"""Colour (Okabe and Ito's, told apart by the colour-blind), marker, place above the line."""
_STYLE = {
    "font.size": 9.5,
    "svg.hashsalt": "ablation",
    "text.color": INK,
    "axes.edgecolor": LINE,
    "axes.labelcolor": INK,
    "xtick.color": LINE,
    "xtick.labelcolor": MUTED,
    "ytick.labelcolor": INK,
}


def draw(rows: Sequence[Row], path: Path) -> list[Path]:
    """Write `path` as .svg and .png: a panel for each set and number of epochs.

    Raises SignletError where there is nothing to draw or it cannot be written.
    """
    panels = _complete(rows)
    lines = [line for line in comparisons(*panels.values()) if not line.model]
    if not any(line.variant != BASE for line in lines):
        raise SignletError("there is no variant beside the base recipe yet; run the ablation first")
    with rc_context(_STYLE):
        places = _places(lines)
        height = 0.245 * (max(places) + 1) + 1.5
        figure = Figure(figsize=(2.5 + 4.1 * len(panels), height), layout="constrained")
        grid = figure.subplots(1, len(panels), sharex=True, sharey=True, squeeze=False)[0]
        for axes, (key, part) in zip(grid, panels.items(), strict=True):
            _panel(axes, key, part, lines, places)
        _name_lines(grid[0], lines, places)
        _caption(figure, lines, len(panels))
        return _save(figure, path)


def _places(lines: Sequence[Comparison]) -> list[int]:
    """Height of each line, counted from the top; every group leaves one for its heading."""
    places, place, group = [], -1, None
    for line in lines:
        place += 2 if line.group != group else 1
        group = line.group
        places.append(place)
    return places


def _panel(
    axes: Axes,
    key: tuple[str, int],
    rows: list[Row],
    lines: Sequence[Comparison],
    places: Sequence[int],
) -> None:
    shown = _measures(rows)
    for line, place in zip(lines, places, strict=True):
        axes.axhspan(place - 0.42, place + 0.42, color=BAND, linewidth=0, zorder=0)
        for (column, _), mark in zip(shown.items(), MARKS, strict=True):
            _dots(axes, line.pairs(rows, column), place, *mark)
        _beside(axes, place, str(len(line.pairs(rows, "soup"))))
    _beside(axes, -0.35, "n")
    axes.set_title(f"{key[0]}, {key[1]} epochs", loc="left", fontweight="bold", pad=22)
    _legend(axes, rows, shown)
    _dress(axes, places)


def _beside(axes: Axes, place: float, text: str) -> None:
    where = axes.get_yaxis_transform()
    axes.text(1.01, place, text, transform=where, va="center", color=MUTED, fontsize=8)


def _legend(axes: Axes, rows: list[Row], shown: dict[str, str]) -> None:
    base = [row for row in rows if row["variant"] == BASE]
    marks = []
    for (column, title), (colour, marker, _) in zip(shown.items(), MARKS, strict=True):
        mean = np.mean([100 * float(row[column]) for row in base])
        face = colour if marker == "o" else "white"
        name = f"{title}, base {mean:.1f} %"
        marks.append(Line2D([], [], color=colour, marker=marker, mfc=face, ms=5, label=name))
    axes.legend(
        handles=marks,
        loc="lower left",
        bbox_to_anchor=(-0.02, 1.0),
        ncols=2,
        frameon=False,
        fontsize=8.5,
        handlelength=1.8,
        columnspacing=1.4,
        borderpad=0.2,
    )


def _measures(rows: Sequence[Row]) -> dict[str, str]:
    """The two columns drawn; where clips have copies, top-1 without them in place of balanced."""
    second = "distilled_without_copies"
    if second not in columns(rows):
        second = "distilled_balanced"
    return {"distilled": "top-1", second: second.removeprefix("distilled_").replace("_", " ")}


def _dots(
    axes: Axes, values: NDArray[np.float64], place: float, colour: str, marker: str, shift: float
) -> None:
    if not len(values):
        return
    y = place + shift
    axes.scatter(values, np.full(len(values), y), s=9, color=colour, alpha=0.3, linewidth=0)
    error = standard_error(values)
    if np.isfinite(error):
        axes.plot([values.mean() - error, values.mean() + error], [y, y], color=colour, lw=1.6)
    face = colour if marker == "o" else "white"
    axes.scatter(
        values.mean(), y, s=26, marker=marker, facecolor=face, edgecolor=colour, lw=1.4, zorder=3
    )


def _dress(axes: Axes, places: Sequence[int]) -> None:
    axes.axvline(0, color=INK, linewidth=0.9, zorder=1)
    axes.grid(axis="x", color=LINE, linewidth=0.7)
    axes.set_axisbelow(True)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(length=0)
    axes.set_ylim(max(places) + 0.8, -0.8)
    axes.set_xlabel("difference to the base recipe, percentage points")
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}".replace("-", "−"))


def _name_lines(axes: Axes, lines: Sequence[Comparison], places: Sequence[int]) -> None:
    axes.set_yticks(places, [line.label for line in lines])
    heading = None
    for line, place in zip(lines, places, strict=True):
        if line.group != heading:
            axes.annotate(
                *(line.group, (0, place - 1)),
                xycoords=axes.get_yaxis_transform(),
                xytext=(-4, 0),
                textcoords="offset points",
                ha="right",
                va="center",
                fontweight="bold",
            )
        heading = line.group


def _caption(figure: Figure, lines: Sequence[Comparison], panels: int) -> None:
    text = (
        "The distilled model, on signers it has not seen. Line: standard error of the mean of n "
        "pairs of the same fold and seed; small dots: the pairs."
    )
    if any("†" in line.label for line in lines):
        text += f" {SIDES}."
    text = fill(text, 48 + 52 * panels)
    figure.supxlabel(text, x=0.01, ha="left", fontsize=8.5, color=MUTED)


def _save(figure: Figure, path: Path) -> list[Path]:
    paths = [path.with_suffix(".svg"), path.with_suffix(".png")]
    for each in paths:
        metadata = {"Date": None} if each.suffix == ".svg" else None
        with replacing(each) as temporary:
            figure.savefig(temporary, dpi=160, metadata=metadata, facecolor="white")
    return paths
