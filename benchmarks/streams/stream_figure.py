"""The picture of `stream_events.py`: part of one stream, and what each method makes of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot as plt
from matplotlib.axes import Axes

from benchmarks.environment import WRITTEN
from benchmarks.streams.stream_scenes import TrueSign
from benchmarks.streams.stream_scores import Found

SECONDS = 40.0
RIGHT, WRONG, NONE = "#2f6f4f", "#b3452c", "#8a8f98"
TRUTH = "#3b5b92"
LEGEND = (
    "green: the right sign     red: another one, or none was made     "
    "grey, -: none of the signs     ?: not taught"
)


def draw(truth: Sequence[TrueSign], found: Mapping[str, Sequence[Found]], name: str) -> None:
    """Write results/NAME.svg. found: by method, from the top down."""
    figure, axes = plt.subplots(figsize=(11, 0.75 * (len(found) + 1) + 0.8))
    for sign in truth:
        _bar(axes, 0, sign.start, sign.end, sign.sign or "?", TRUTH)
    for row, events in enumerate(found.values(), 1):
        for event in events:
            _bar(axes, row, event.start, event.end, event.sign or "-", _colour(event, truth))
    axes.set_yticks(range(len(found) + 1), ["signed", *found])
    axes.set_ylim(len(found) + 0.6, -0.6)
    axes.set_xlim(0, SECONDS)
    axes.set_xlabel("seconds")
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(left=False)
    figure.text(
        0.99,
        0.01,
        LEGEND,
        ha="right",
        size=8,
    )
    figure.tight_layout(rect=(0, 0.04, 1, 1))
    figure.savefig(WRITTEN / f"{name}.svg", metadata={"Date": None})
    plt.close(figure)


def _bar(axes: Axes, row: int, start: float, end: float, text: str, colour: str) -> None:
    if start >= SECONDS:
        return
    axes.barh(row, end - start, 0.7, left=start, color=colour, edgecolor="white")
    middle = (start + end) / 2
    if middle < SECONDS:
        axes.text(middle, row, text, ha="center", va="center", color="white", size=8)


def _colour(event: Found, truth: Sequence[TrueSign]) -> str:
    if event.sign is None:
        return NONE
    middle = (event.start + event.end) / 2
    signs = [sign.sign for sign in truth if sign.start <= middle <= sign.end]
    return RIGHT if event.sign in signs else WRONG
