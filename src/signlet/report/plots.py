"""The plots of a report: learning curves and the confusion matrix."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from signlet.report.svg import ACCENT, INK, LINE, MUTED, PAPER, WRONG, Picture, drawing, inline
from signlet.runs.metrics import Curves
from signlet.text.percent import percent

NUMBERED_SIGNS = 30
"""Up to this many signs each cell of the confusion matrix carries its count."""
NAMED_SIGNS = 60
"""Up to this many signs rows and columns carry the signs' names; above, it is an image."""
IMAGE_SIDE = 400
"""Pixels of that image at most; a pixel is a block of signs where there are more."""

LINES: dict[str, dict[str, Any]] = {
    "student": {"color": INK, "linewidth": 1.4},
    "teacher": {"color": MUTED, "linewidth": 1.4, "linestyle": (0, (4, 2))},
    "distilled": {"color": ACCENT, "linewidth": 2.0},
}
_STEPS = [1, 2, 5, 10]
"""Of the numbers beside an axis."""
_STRONG = 0.6
"""Cells of a larger share of their row are filled whole, and their number is light on dark."""
Form = Callable[[float], str]
"""Writes a number in words."""
_PANELS: tuple[tuple[str, str, Form | None], ...] = (
    ("Accuracy on test clips", "accuracy_{}", percent),
    ("Classification loss", "loss_{}", None),
    ("Consistency with the teacher", "consistency_{}", None),
    ("Learning rate", "learning_rate", None),
)


def learning_curves(curves: Curves, guessing: float | None = None) -> list[Picture]:
    """One picture per panel that has values; several folds give their mean and range.

    guessing: share of the clips that guessing would name correctly, a line beside accuracies.
    """
    return [
        picture
        for title, pattern, form in _PANELS
        if (picture := _panel(curves, title, pattern, form, guessing)) is not None
    ]


def _panel(
    curves: Curves,
    title: str,
    pattern: str,
    form: Form | None,
    guessing: float | None,
) -> Picture | None:
    columns = {name: pattern.format(name) for name in LINES}
    if len(set(columns.values())) == 1:
        columns = {"distilled": pattern}
    tables = {name: _table(curves, column) for name, column in columns.items()}
    tables = {name: table for name, table in tables.items() if np.isfinite(table[1]).any()}
    if not tables:
        return None
    with drawing(title):
        figure = Figure(figsize=(4.5, 2.7), layout="constrained")
        axes = figure.subplots()
        for name, (epochs, values) in tables.items():
            _line(axes, epochs, values, name)
        if form is not None and guessing is not None:
            _guessing_line(axes, guessing)
        _dress(axes, form)
        svg, width = inline(figure)
    return Picture(title, _in_words(tables, form), svg, width)


def _table(curves: Curves, column: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(E,) epochs of all folds together and (folds, E) values, NaN if there is none."""
    series = [(c["epoch"], c[column]) for c in curves.values() if column in c]
    epochs = np.unique(np.concatenate([e for e, _ in series])) if series else np.empty(0)
    values = np.full((len(series), len(epochs)), np.nan)
    for row, (epoch, value) in enumerate(series):
        values[row, np.searchsorted(epochs, epoch)] = value
    return epochs, values


def _line(axes: Axes, epochs: NDArray[np.float64], values: NDArray[np.float64], name: str) -> None:
    seen = np.isfinite(values).any(0)
    epochs, values = epochs[seen], values[:, seen]
    marker = "o" if len(epochs) == 1 else None
    axes.plot(epochs, np.nanmean(values, 0), marker=marker, **LINES[name])
    if len(values) > 1 and name == "distilled":
        low, high = np.nanmin(values, 0), np.nanmax(values, 0)
        axes.fill_between(epochs, low, high, color=ACCENT, alpha=0.14, linewidth=0)


def _guessing_line(axes: Axes, guessing: float) -> None:
    axes.axhline(guessing, color=MUTED, linewidth=1, linestyle=(0, (1, 2)))
    label = axes.text(
        1, guessing, "guessing", transform=axes.get_yaxis_transform(), ha="right", va="bottom"
    )
    label.set(color=MUTED, fontsize=8)


def _dress(axes: Axes, form: Form | None) -> None:
    axes.set_xlabel("epoch")
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True, steps=_STEPS))
    axes.yaxis.set_major_locator(MaxNLocator(5, steps=_STEPS))
    axes.set_ylim(bottom=0)
    axes.margins(x=0.01)
    if form is not None:
        axes.yaxis.set_major_formatter(lambda value, _: form(value))
        return
    power = min(0, int(np.floor(np.log10(max(axes.get_ylim()[1], 1e-30)))))
    power = power if power < -1 else 0
    axes.yaxis.set_major_formatter(lambda value, _: f"{value / 10**power:.3g}")
    if power:
        small = str(power).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
        axes.set_title(f"× 10{small}", loc="left", color=MUTED)


def _in_words(
    tables: dict[str, tuple[NDArray[np.float64], NDArray[np.float64]]],
    form: Form | None,
) -> str:
    last = []
    for name, (_, values) in tables.items():
        mean = np.nanmean(values[:, np.isfinite(values).any(0)], 0)
        subject = f"{name} " if len(tables) > 1 else ""
        last.append(f"{subject}{form(mean[-1]) if form else f'{mean[-1]:.3g}'}")
    return "Last epoch: " + ", ".join(last) + "."


def confusion_plot(matrix: NDArray[np.int64], signs: tuple[str, ...]) -> Picture:
    """Rows are the true signs, columns what was read; right in the accent colour.

    matrix: (K, K) counts. Numbered cells for few signs, names only for some dozens, an
    image (blocks of signs beyond 400) for many.
    """
    with drawing("confusion"):
        if len(signs) <= NAMED_SIGNS:
            svg, width = inline(_cells(matrix, signs), tight=True)
        else:
            svg, width = inline(_image(matrix), tight=True)
    return Picture("Confusion matrix", _matrix_in_words(matrix), svg, width)


def _matrix_in_words(matrix: NDArray[np.int64]) -> str:
    right, total = int(np.trace(matrix)), int(matrix.sum())
    wrong = f"the other {total - right:,} are mistakes"
    return f"{right:,} of {total:,} clips are on the diagonal; {wrong}."


def _cells(matrix: NDArray[np.int64], signs: tuple[str, ...]) -> Figure:
    count = len(signs)
    side = max(2.4, count * (0.27 if count <= NUMBERED_SIGNS else 0.16))
    figure = Figure(figsize=(side, side))
    axes = figure.add_axes((0, 0, 1, 1))
    share = _of_row(matrix)
    for row, column in np.argwhere(matrix):
        colour = ACCENT if row == column else WRONG
        box = Rectangle((column - 0.5, row - 0.5), 1, 1, linewidth=0)
        strong = share[row, column] > _STRONG
        box.set(facecolor=colour, alpha=1 if strong else 0.12 + 0.5 * share[row, column])
        axes.add_patch(box)
        if count <= NUMBERED_SIGNS:
            number = str(matrix[row, column])
            ink = PAPER if strong else INK
            axes.text(column, row, number, ha="center", va="center", fontsize=8, color=ink)
    _name_cells(axes, signs)
    return figure


def _name_cells(axes: Axes, signs: tuple[str, ...]) -> None:
    count = len(signs)
    names = [name if len(name) <= 16 else f"{name[:15]}…" for name in signs]
    size = 9 if count <= NUMBERED_SIGNS else 7
    upright = max(map(len, names)) <= 2
    axes.set(xlim=(-0.5, count - 0.5), ylim=(count - 0.5, -0.5), xlabel="taken for", ylabel="sign")
    axes.set_xticks(range(count), names, rotation=0 if upright else 90, fontsize=size)
    axes.set_yticks(range(count), names, fontsize=size)
    axes.xaxis.tick_top()
    axes.xaxis.set_label_position("top")
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    edges = np.arange(-0.5, count)
    axes.hlines(edges, -0.5, count - 0.5, colors=LINE, linewidth=0.5)
    axes.vlines(edges, -0.5, count - 0.5, colors=LINE, linewidth=0.5)


def _image(matrix: NDArray[np.int64]) -> Figure:
    """An RGBA image: no names, the colours of both themes' middle ground."""
    figure = Figure(figsize=(6, 6))
    axes = figure.add_axes((0, 0, 1, 1))
    share = _of_row(_blocks(matrix))
    pixels = np.empty((*share.shape, 4))
    pixels[..., :3] = np.array([0xC2, 0x5B, 0x3F]) / 255
    pixels[np.eye(len(share), dtype=bool), :3] = np.array([0x4A, 0x78, 0xD6]) / 255
    pixels[..., 3] = np.where(share > 0, 0.35 + 0.65 * np.sqrt(share), 0)
    axes.imshow(pixels, interpolation="none")
    axes.set(xticks=[], yticks=[], xlabel="taken for", ylabel="sign")
    axes.xaxis.set_label_position("top")
    axes.grid(visible=False)
    axes.spines[:].set_visible(True)
    return figure


def _blocks(matrix: NDArray[np.int64]) -> NDArray[np.int64]:
    """Sum blocks of neighbouring signs, so that the image keeps to IMAGE_SIDE pixels."""
    starts = np.arange(0, len(matrix), -(-len(matrix) // IMAGE_SIDE))
    return np.asarray(np.add.reduceat(np.add.reduceat(matrix, starts, 0), starts, 1))


def _of_row(matrix: NDArray[np.int64]) -> NDArray[np.float64]:
    return np.asarray(matrix / np.maximum(matrix.sum(1, keepdims=True), 1))
