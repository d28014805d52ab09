"""The trials as a picture: a panel for each searched value, its score on the other axis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from signlet.files.atomic import replacing
from signlet.text.percent import percent

COLUMNS = 4
"""Panels in a row."""
_INK, _BEST = "#4a78d6", "#c25b3f"


def write_plot(
    trials: Sequence[tuple[Mapping[str, Any], float]],
    importance: Mapping[str, float],
    metric: str,
    path: Path,
) -> None:
    """Write an SVG; the best trial is drawn in another colour.

    trials: values and score of each. importance: share of a value in the spread of the
    scores, shown where known; the most important comes first.
    """
    keys = sorted(trials[0][0], key=lambda key: -importance.get(key, 0.0))
    columns = min(COLUMNS, len(keys))
    rows = -(-len(keys) // columns)
    figure = Figure(figsize=(2.6 * columns, 2.4 * rows), layout="constrained")
    panels = figure.subplots(rows, columns, sharey=True, squeeze=False)
    scores = [score for _, score in trials]
    for key, axes in zip(keys, panels.flat, strict=False):
        _panel(axes, [values[key] for values, _ in trials], scores)
        share = f", {percent(importance[key])}" if key in importance else ""
        axes.set_title(f"{key}{share}", fontsize=8)
    for axes in panels.flat[len(keys) :]:
        axes.set_visible(False)
    for axes in panels[:, 0]:
        axes.set_ylabel(metric, fontsize=8)
    with replacing(path) as temporary:
        figure.savefig(temporary, format="svg", metadata={"Date": None})


def _panel(axes: Axes, values: Sequence[Any], scores: Sequence[float]) -> None:
    best = int(np.argmax(scores))
    numbers = all(isinstance(v, int | float) and not isinstance(v, bool) for v in values)
    shown = list(values) if numbers else [str(value) for value in values]
    if numbers and 0 < 8 * min(values) < max(values):
        axes.set_xscale("log")
    colours = [_BEST if i == best else _INK for i in range(len(scores))]
    axes.scatter(shown, list(scores), c=colours, s=16)
    axes.tick_params(labelsize=7)
    axes.spines[["top", "right"]].set_visible(False)
