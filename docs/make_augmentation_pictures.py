"""Draw docs/pictures/augment_*.png: each augmentation at work on a real clip.

    python docs/make_augmentation_pictures.py

Needs `signlet[demo]`: the clips are letters of the fingerspelling lexicon. Every "after" is
the output of `signlet.augment.augment` with one step switched on and the others off.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import torch
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from torch import Tensor

from signlet.augment import AugmentConfig, Draws, augment
from signlet.landmarks import HEAD, NUM_SELECTED, PARTS, SELECTED_EDGES
from signlet.preprocess import Preprocess
from signlet.sources import Source, open_source

PICTURES = Path(__file__).parent / "pictures"
CLIP, PARTNER = "lls/B", "ase/B"
MISSING = slice(8, 16)
"""The lexicon's clips have no gaps, so the picture of interpolation makes one."""

INK, MUTED, PAPER = "#1d1f24", "#5f636d", "#f7f7f5"
LEFT, RIGHT, BODY, LIPS = "#c2731a", "#2459c9", "#8d919b", "#b5485d"
COLOURS = {"left_hand": LEFT, "right_hand": RIGHT, "lips": LIPS, "face": BODY, "arms": BODY}
DOTS = range(NUM_SELECTED - 7, NUM_SELECTED)
"""Cheeks, eyes, brows and nose: single points without lines."""

OFF = AugmentConfig(
    **dict.fromkeys(("interpolate", "flip", "rotate", "crop", "resize", "distort"), 0.0),
    fill_hand=0.0,
    face_cutmix=0.0,
)
Frames = tuple[Tensor, Tensor]


def main() -> None:
    source = open_source("fingerspelling")
    clip, other = read(source, CLIP), read(source, PARTNER)
    panels(clip, [("flipped", after(clip, flip=1.0))], "flip")
    turned = [("turned one way", 0), ("turned the other way", 2)]
    panels(clip, [(name, after(clip, view=v, rotate=1.0)) for name, v in turned], "rotate")
    resized = [after(clip, view=v, resize=1.0) for v in (11, 6)]
    panels(clip, [(factors(clip, other), other) for other in resized], "resize")
    distorted = [after(clip, view=v, resize=1.0, distort=1.0) for v in (7, 2)]
    panels(clip, [(factors(clip, other), other) for other in distorted], "distort")
    panels(clip, [("missing hand filled", after(clip, fill_hand=1.0))], "fill_hand")
    mixed = after(clip, same_class=other, face_cutmix=1.0)
    panels(clip, [("another clip of the sign", other), ("after", mixed)], "face_cutmix", zoom=True)
    gap = with_gap(clip)
    strips([("before", gap), ("filled", after(gap, interpolate=1.0))], "interpolate")
    cropped = [("start cut", 9), ("end cut", 3)]
    others = [(name, after(clip, view=v, crop=1.0)) for name, v in cropped]
    strips([("before", clip), *others], "crop")


def read(source: Source, name: str) -> Frames:
    """A clip as it comes out of the packed set: (1, 25, 100, 3) and (1, 25)."""
    ref = next(ref for ref in source.refs() if ref.name == name)
    frames, mask = Preprocess(25).normalise(torch.from_numpy(source.read(ref).frames))
    return frames[None], mask[None]


def with_gap(clip: Frames) -> Frames:
    frames = clip[0].clone()
    frames[:, MISSING, torch.as_tensor(PARTS["right_hand"])] = torch.nan
    return frames, clip[1]


def after(clip: Frames, view: int = 0, same_class: Frames | None = None, **steps: float) -> Frames:
    draws = Draws(0, 0, torch.zeros(1, dtype=torch.int64), view)
    return augment(*clip, replace(OFF, **steps), draws, early=True, same_class=same_class)


def panels(clip: Frames, others: list[tuple[str, Frames]], name: str, zoom: bool = False) -> None:
    """Side by side: the clip's middle frame before, and what became of it."""
    shown = [("before", clip), *others]
    middle = int(clip[1].sum()) // 2
    figure = Figure(figsize=(2.6 * len(shown), 2.9), layout="constrained", facecolor="white")
    for axes, (title, (frames, mask)) in zip(figure.subplots(1, len(shown)), shown, strict=True):
        points = frames[0, min(middle, int(mask.sum()) - 1)]
        draw(axes, points, *(head_window(points) if zoom else ()))
        axes.set_title(title, fontsize=10, color=INK)
    save(figure, name)


def factors(before: Frames, later: Frames) -> str:
    x, y, z = (later[0] / before[0]).flatten(0, 2).nanmedian(0).values.tolist()
    return f"x {x:.2f}   y {y:.2f}   z {z:.2f}"


def strips(rows: list[tuple[str, Frames]], name: str, every: int = 3) -> None:
    """Rows of frames in time; an empty panel is a frame that is gone."""
    slots = range(0, int(rows[0][1][1].sum()), every)
    size = (1.15 * len(slots), 1.3 * len(rows))
    figure = Figure(figsize=size, layout="constrained", facecolor="white")
    grid = figure.subplots(len(rows), len(slots))
    for cells, (label, (frames, _)) in zip(grid, rows, strict=True):
        cells[0].set_ylabel(label, fontsize=10, color=INK)
        for axes, slot in zip(cells, slots, strict=True):
            draw(axes, frames[0, slot], reach=3.6)
    for axes, slot in zip(grid[-1], slots, strict=True):
        axes.set_xlabel(f"frame {slot + 1}", fontsize=8, color=MUTED)
    save(figure, name)


def head_window(points: Tensor) -> tuple[float, float, float]:
    x, y, _ = points[torch.as_tensor(HEAD)].nanmean(0).tolist()
    return 1.2, x, y


def draw(axes: Axes, points: Tensor, reach: float = 4.4, x: float = 0, y: float = 0) -> None:
    """One frame (100, 3), y down, with the lines x = 0 and y = 0 of the normalised clip.

    Shown is a square around (x, y) that reaches so far to every side.
    """
    axes.set(xlim=(x - reach, x + reach), ylim=(y + reach, y - reach), facecolor=PAPER)
    axes.set(xticks=[], yticks=[])
    axes.set_aspect("equal")
    axes.spines[:].set_visible(False)
    axes.axhline(0, color="white", linewidth=1, zorder=0)
    axes.axvline(0, color="white", linewidth=1, zorder=0)
    plane = points[:, :2].numpy()
    for part, edges in SELECTED_EDGES.items():
        axes.add_collection(
            LineCollection(list(plane[edges]), colors=COLOURS[part], linewidths=1.1)
        )
    axes.scatter(*plane[DOTS].T, s=2, color=BODY)


def save(figure: Figure, name: str) -> None:
    PICTURES.mkdir(exist_ok=True)
    figure.savefig(PICTURES / f"augment_{name}.png", dpi=110)


if __name__ == "__main__":
    main()
