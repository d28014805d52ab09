"""Pictures of a clip: a strip of frames, and a moving skeleton as HTML or GIF."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.animation import FuncAnimation, PillowWriter
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from numpy.typing import NDArray

from signlet.clip import Clip
from signlet.errors import SignletError
from signlet.files.atomic import replacing, write_text
from signlet.landmarks import FACE, LEFT_HAND, POSE, RIGHT_HAND
from signlet.quality.clip import clip_quality
from signlet.quality.words import clip_overview
from signlet.report.page import render
from signlet.report.skeleton import RAW, Moving, upright, view_box

GIF_FRAMES = 100
"""A longer clip is thinned out for a GIF, which keeps its duration."""
USUAL_RATE = 25.0
"""Frames per second of an animation where the recording's rate is unknown."""

_COLUMNS = 8
_INK, _MUTED, _PAPER = "#1d1f24", "#5f636d", "#f7f7f5"
_LINES: dict[str, dict[str, Any]] = {
    "face": {"colors": "#8d919b", "linewidths": 0.5},
    "pose": {"colors": "#8d919b", "linewidths": 1.4},
    "left_hand": {"colors": "#c2731a", "linewidths": 1.3},
    "right_hand": {"colors": "#2459c9", "linewidths": 1.3},
}
_NAMES = {"left hand": LEFT_HAND, "right hand": RIGHT_HAND, "face": FACE, "pose": POSE}


def draw_strip(clip: Clip, path: Path, frames: int = 8) -> Path:
    """Draw evenly spaced frames of a clip side by side.

    path: .png or .svg. frames: at most so many, in rows of eight; a clip of fewer shows all.
    Under each frame are its number (from 1) and what was not found in it.
    Raises SignletError for another suffix, frames below 1 or a place that cannot be written.
    """
    _require_suffix(path, (".png", ".svg"), "a picture strip")
    if frames < 1:
        raise SignletError(f"a strip of {frames} frames shows nothing; give 1 or more")
    numbers = spaced(len(clip.frames), frames)
    points = upright(clip.frames[numbers], RAW)
    figure = _strip(clip, numbers, points)
    with replacing(path) as temporary, warnings.catch_warnings():
        # A sign's name in a script that Matplotlib's font lacks is drawn as boxes.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        figure.savefig(temporary, dpi=150)
    return path


def spaced(total: int, count: int) -> NDArray[np.int64]:
    """At most `count` of `total` frame numbers, evenly spaced, first and last included."""
    if count == 1:
        return np.array([total // 2])
    return np.unique(np.linspace(0, total - 1, min(count, total)).round().astype(np.int64))


def _strip(clip: Clip, numbers: NDArray[np.int64], points: NDArray[np.float64]) -> Figure:
    columns = min(len(numbers), _COLUMNS)
    rows = -(-len(numbers) // columns)
    size = (max(1.6 * columns, 3.6), 1.93 * rows + 0.3)
    figure = Figure(figsize=size, layout="constrained", facecolor="white")
    figure.suptitle(_title(clip), x=0.01, ha="left", fontsize=10, color=_INK, parse_math=False)
    box = view_box(points, RAW)
    cells = figure.subplots(rows, columns, squeeze=False).ravel()
    for cell, number, frame in zip(cells, numbers, points, strict=False):
        _canvas(cell, box)
        _skeleton(cell, frame)
        cell.set_xlabel(_caption(clip.frames[number], int(number)), fontsize=7, color=_MUTED)
    for cell in cells[len(numbers) :]:
        cell.set_axis_off()
    return figure


def _title(clip: Clip) -> str:
    known = [clip.sign, clip.signer and f"signer {clip.signer}", f"clip {clip.name}"]
    count = f"{len(clip.frames)} frame{'s' if len(clip.frames) > 1 else ''}"
    return ", ".join(text for text in (*known, count) if text)


def _caption(frame: NDArray[np.float32], number: int) -> str:
    absent = [name for name, rows in _NAMES.items() if np.isnan(frame[rows, 0]).all()]
    if len(absent) == len(_NAMES):
        lost = "nothing found"
    elif {"left hand", "right hand"} <= set(absent):
        lost = ", ".join(["no hands", *(f"no {n}" for n in absent if "hand" not in n)])
    else:
        lost = ", ".join(f"no {name}" for name in absent)
    return f"frame {number + 1}\n{lost}"


def _canvas(axes: Axes, box: tuple[float, float, float]) -> None:
    left, top, side = box
    axes.set(xlim=(left, left + side), ylim=(top + side, top), xticks=[], yticks=[])
    axes.set_aspect("equal")
    axes.set_facecolor(_PAPER)
    axes.spines[:].set_visible(False)


def _skeleton(axes: Axes, frame: NDArray[np.float64]) -> dict[str, LineCollection]:
    """Add the lines of one frame (543, 2); returned by part, to be moved in an animation."""
    drawn = {}
    for part, style in _LINES.items():
        lines = LineCollection(list(_segments(frame, part)), capstyle="round", **style)
        drawn[part] = lines
        axes.add_collection(lines, autolim=False)
    return drawn


def _segments(frame: NDArray[np.float64], part: str) -> NDArray[np.float64]:
    """(lines, 2, 2) ends of the lines of a part whose both ends were found."""
    segments = frame[RAW.edges[part]]
    return segments[~np.isnan(segments).any((1, 2))]


def draw_animation(clip: Clip, path: Path) -> Path:
    """Draw a clip as a moving skeleton at the speed of the recording.

    path: .html (one file with play, pause and a slider; at most 300 frames) or .gif (at
    most 100). Longer clips are thinned out. Raises SignletError for another suffix or a
    place that cannot be written.
    """
    _require_suffix(path, (".html", ".gif"), "an animation")
    if path.suffix.lower() == ".html":
        write_text(path, _page(clip))
    else:
        _write_gif(clip, path)
    return path


def _page(clip: Clip) -> str:
    quality = clip_quality(clip)
    moving = Moving(clip.frames, clip.fps or USUAL_RATE)
    return render(
        "animation.html",
        [moving],
        RAW,
        name=clip.name,
        overview=clip_overview(quality)[1:],
        problems=quality.problems,
    )


def _write_gif(clip: Clip, path: Path) -> None:
    step = -(-len(clip.frames) // GIF_FRAMES)
    points = upright(clip.frames[::step], RAW)
    figure = Figure(figsize=(3.2, 3.2))
    axes = figure.add_axes((0, 0, 1, 1))
    _canvas(axes, view_box(points, RAW))
    lines = _skeleton(axes, points[0])

    def show(number: int) -> list[LineCollection]:
        for part, drawn in lines.items():
            drawn.set_segments(list(_segments(points[number], part)))
        return list(lines.values())

    rate = (clip.fps or USUAL_RATE) / step
    animation = FuncAnimation(figure, show, frames=len(points))
    with replacing(path) as temporary:
        animation.save(temporary, writer=PillowWriter(fps=max(1, round(rate))), dpi=100)


def _require_suffix(path: Path, suffixes: tuple[str, ...], what: str) -> None:
    if path.suffix.lower() not in suffixes:
        raise SignletError(f"{path}: {what} is written as {' or '.join(suffixes)}; rename it")
