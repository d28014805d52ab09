"""The files of a calibration: a `Calibrated` in, calibration.json and calibration.svg out.

The picture says whether a confidence is true, and how many clips pass which threshold.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from signlet.calibration.measure import Calibrated
from signlet.calibration.threshold import Floats
from signlet.evaluation.predictions import Predictions
from signlet.files.atomic import replacing, write_text
from signlet.model.files import finite
from signlet.modelfile import checksum
from signlet.modelfile.calibration import CALIBRATION, FORMAT, model_digest

PLOT = "calibration.svg"
_KNOWN, _UNKNOWN, _GREY = "#4a78d6", "#c25b3f", "#888888"
_BINS, _CLIPS_A_BIN = 10, 15


def write_calibration(folder: Path, made: Calibrated, about: dict[str, Any]) -> None:
    """Write calibration.json beside the model; about: where the unknown clips came from.

    The file names the model that it was measured with. Raises SignletError if it cannot
    be written.
    """
    content: dict[str, Any] = {
        "format": FORMAT,
        "model": model_digest(folder),
        "calibration": made.calibration.as_json(),
        "report": finite(asdict(made.report)),
        "about": about,
    }
    content[checksum.NAME] = checksum.of_content(content)
    write_text(folder / CALIBRATION, json.dumps(content, indent=2, ensure_ascii=False) + "\n")


def write_plot(made: Calibrated, path: Path) -> None:
    """Write an SVG of two panels; equal input gives equal bytes."""
    with rc_context({"svg.hashsalt": PLOT, "svg.fonttype": "none", "font.size": 8}):
        figure = Figure(figsize=(7.6, 3.3), layout="constrained")
        left, right = figure.subplots(1, 2)
        _reliability(left, made)
        _acceptance(right, made)
        for axes in (left, right):
            axes.spines[["top", "right"]].set_visible(False)
            axes.legend(frameon=False, loc="best")
        with replacing(path) as temporary:
            figure.savefig(temporary, format="svg", metadata={"Date": None})


def _reliability(axes: Axes, made: Calibrated) -> None:
    axes.plot([0, 1], [0, 1], color=_GREY, linewidth=0.8, linestyle=":")
    shown = {"before": (made.before, _GREY), "with the temperature": (made.after, _KNOWN)}
    for name, (predictions, colour) in shown.items():
        confidence, accuracy = reliability(predictions)
        axes.plot(confidence, accuracy, "o-", color=colour, markersize=3, label=name)
    axes.set(xlabel="confidence", ylabel="share named correctly", xlim=(0, 1), ylim=(0, 1.02))
    axes.set_title("Confidence on people it has never seen", fontsize=9)


def reliability(predictions: Predictions) -> tuple[Floats, Floats]:
    """Mean confidence and share of correct answers, in bins of about equally many clips: (bins,)
    each."""
    confidence = predictions.probabilities.max(1).astype(np.float64)
    right = predictions.probabilities.argmax(1) == predictions.labels
    bins = min(_BINS, max(len(confidence) // _CLIPS_A_BIN, 1))
    parts = np.array_split(np.argsort(confidence, kind="stable"), bins)
    means = [(confidence[part].mean(), right[part].mean()) for part in parts]
    return np.array([x for x, _ in means]), np.array([y for _, y in means])


def _acceptance(axes: Axes, made: Calibrated) -> None:
    grid = np.linspace(0, 1, 501)
    for name, confidences, colour in (
        ("known signs", made.known, _KNOWN),
        ("unknown signs", made.unknown, _UNKNOWN),
    ):
        axes.plot(grid, _passing(confidences, grid), color=colour, label=name)
    threshold = made.calibration.threshold
    axes.axvline(threshold, color=_GREY, linewidth=0.8, linestyle="--")
    axes.set(xlabel="threshold", ylabel="share of clips accepted", xlim=(0, 1), ylim=(0, 1.02))
    axes.set_title(f"Accepted at {threshold:.3f} and elsewhere", fontsize=9)


def _passing(confidences: Floats, grid: Floats) -> NDArray[np.float64]:
    """(G,) share of confidences at or above each value of the grid (G,)."""
    below = np.searchsorted(np.sort(confidences), grid, side="left")
    return 1 - below / len(confidences)
