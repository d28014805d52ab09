"""How fast are made-up signs made?

Cost: about half a minute on one core, most of it to read the lexicon.
Page: src/signlet/pretrained/fingerspelling.md
Results: none
Short:

    python -m benchmarks.clips.made_signs                 how fast they are made
    python -m benchmarks.clips.made_signs --picture       draw docs/pictures/made_signs.png

A made-up sign is a way of the hands, their shapes, and how they turn; each of its clips has other
hands, another body, another tempo and another camera, and loses other points. No sign of any
language is meant. An encoder that tells them apart has to look at what tells real signs apart:
`encoder_training.py` learns from them. Takes half a minute, most of it to read the lexicon.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from torch import Tensor

from benchmarks.clips.made_body import draw_arms, draw_bodies, filmed, lose, together
from benchmarks.clips.made_hands import Hands, draw_hands, draw_shapes
from benchmarks.clips.made_library import FRAMES, Library
from benchmarks.clips.made_paths import PLACE as CLIP_PLACE
from benchmarks.clips.made_paths import (
    Paths,
    Timing,
    Track,
    draw_paths,
    draw_rest,
    draw_timing,
    draw_track,
    lifted,
)
from benchmarks.clips.made_random import Random, Range, choose, each
from benchmarks.clips.real_clips import lexicon
from benchmarks.environment import ROOT
from signlet.landmarks import SELECTED_EDGES

ONE_HAND, MIRRORED, OPPOSED, ON_A_HAND = range(4)
"""The roles of the left hand: none; the same as the right one, in a mirror; the same in turn
with it; or it keeps still and has a shape of its own."""
UP_TO = (0.58, 0.78, 0.88)
"""Shares of the first three, one upon the other."""
HIDDEN = 0.85
"""Share of the clips with one hand in which the other is not found; else it hangs down."""
PALM, PALM_SPREAD = 0.26, 0.15
"""Size of a palm in shoulder widths."""
SECOND_PLACE = 0.04
DEPTH = -0.4
"""The distance of the hands in front of the shoulders."""
LEFT_REST: Range = (0.2, 0.9)
_FLIP = torch.tensor([-1.0, 1.0])
_MIRROR = torch.tensor([-1.0, 1.0, 1.0])
_NAN = float("nan")

# --- picture --------------------------------------------------------------------------------
PICTURE = ROOT / "docs" / "pictures" / "made_signs.png"
COLOURS = {
    "left_hand": "#c2731a",
    "right_hand": "#2459c9",
    "lips": "#b5485d",
    "face": "#8d919b",
    "arms": "#8d919b",
}
SHOWN_SIGNS, SHOWN_CLIPS, SHOWN_FRAMES = 5, 2, 4
VIEW = ((-2.0, 2.0), (2.3, -1.9))


@dataclass(frozen=True, eq=False)
class Clips:
    """B made-up clips: frames (B, 16, 100, 3), NaN where not found, and mask (B, 16) bool.

    labels: (B,) int64 number of the sign. Lengths are in shoulder widths.
    """

    frames: Tensor = field(repr=False)
    mask: Tensor = field(repr=False)
    labels: Tensor = field(repr=False)


@dataclass(frozen=True, eq=False)
class _Signs:
    """N signs: what both hands do. kind: (N,), see `ONE_HAND`."""

    kind: Tensor
    shapes: tuple[Hands, Hands]
    paths: tuple[Paths, Paths]


class MadeSigns:
    """New signs without end; the same library and seed give the same ones."""

    def __init__(self, library: Library, seed: int) -> None:
        self.library = library
        self.random = Random(seed)

    def batch(self, signs: int, clips: int) -> Clips:
        """So many clips of each of so many new signs, sign by sign."""
        drawn = _repeated(self._signs(signs), clips)
        timing = draw_timing(self.random, signs * clips)
        frames = self._frames(drawn, timing)
        frames[~timing.mask] = _NAN
        return Clips(frames, timing.mask, torch.arange(signs).repeat_interleave(clips))

    def _signs(self, count: int) -> _Signs:
        random, hands = self.random, len(self.library.count)
        right, left = (draw_hands(random, count, hands) for _ in range(2))
        way, base = (draw_paths(random, count) for _ in range(2))
        kind = torch.bucketize(random.uniform(count), torch.tensor(UP_TO), right=True)
        none = torch.zeros_like(base.arc)
        base = replace(base, end=base.start, arc=none, radius=none, swing=none)
        return _Signs(kind, (right, choose(_alike(kind), right, left)), (way, base))

    def _frames(self, signs: _Signs, timing: Timing) -> Tensor:
        """(B, S, 100, 3)."""
        random, clips = self.random, len(signs.kind)
        moved = random.normal(clips, 2) * CLIP_PLACE
        palm = (PALM * random.factor(PALM_SPREAD, clips))[:, None, None, None]
        way, one = self._hand(signs, 0, timing, moved, None)
        base, two = self._hand(signs, 1, timing, moved, way)
        right = lifted(way.points, way.rest, timing.lift)
        left = self._left_wrist(signs.kind, timing, way, base)
        grown = (1 + signs.paths[0].growth[:, None] * timing.eased)[..., None, None]
        mirrored = (signs.kind == MIRRORED)[:, None, None, None]
        one = one * palm * grown
        two = two * palm * torch.where(mirrored, grown, 1.0) * _MIRROR
        return self._filmed(signs, timing, (left, right), (two, one))

    def _hand(
        self, signs: _Signs, hand: int, timing: Timing, moved: Tensor, like: Track | None
    ) -> tuple[Track, Tensor]:
        """A hand's way and its shapes (B, S, 21, 3). like: the way whose rhythm it may follow."""
        track = draw_track(self.random, signs.paths[hand], timing, moved)
        angle = track.angle
        if like is not None:
            angle = torch.where(_alike(signs.kind)[:, None], like.angle, angle)
        shapes = draw_shapes(self.random, self.library, signs.shapes[hand], timing, angle)
        return track, shapes

    def _left_wrist(self, kind: Tensor, timing: Timing, way: Track, base: Track) -> Tensor:
        """(B, S, 2) in all four kinds."""
        count = timing.mask.sum(1)[:, None, None]
        middle = (way.points * timing.mask[..., None]).sum(1, keepdim=True) / count
        alike = torch.where(_of(kind, OPPOSED), 2 * middle - way.points, way.points)
        follows = _of(kind, MIRRORED) | _of(kind, OPPOSED)
        points = torch.where(follows, alike, base.points)
        rest = torch.where(follows, way.rest, base.rest)
        left = lifted(points, rest, timing.lift) * _FLIP
        left = left + self.random.normal(len(kind), 1, 2) * SECOND_PLACE
        hanging = draw_rest(self.random, len(kind), LEFT_REST)
        return torch.where(_of(kind, ONE_HAND), hanging, left)

    def _filmed(
        self,
        signs: _Signs,
        timing: Timing,
        wrists: tuple[Tensor, Tensor],
        shapes: tuple[Tensor, Tensor],
    ) -> Tensor:
        """(B, S, 100, 3). wrists, shapes: left and right, (B, S, 2) and (B, S, 21, 3)."""
        random, clips = self.random, len(signs.kind)
        one_hand = signs.kind == ONE_HAND
        hidden = one_hand & random.chance(HIDDEN, clips)
        left, right = (_at(shape, at) for shape, at in zip(shapes, wrists, strict=True))
        left[hidden] = _NAN
        heads, shoulders = draw_bodies(random, self.library, clips)
        near = DEPTH + signs.paths[0].nearing[:, None] * timing.eased
        depths = torch.where(one_hand[:, None], 0.0, near), near
        deep = [torch.cat([at, z[..., None]], -1) for at, z in zip(wrists, depths, strict=True)]
        seen = shapes[0].masked_fill(hidden[:, None, None, None], 0.0), shapes[1]
        arms = draw_arms(random, shoulders, (deep[0], deep[1]), seen)
        frames = filmed(random, together(left, right, heads, arms))
        lose(random, frames, ~one_hand)
        return frames


def _repeated(signs: _Signs, clips: int) -> _Signs:
    def each_clip(values: Tensor) -> Tensor:
        return values.repeat_interleave(clips, 0)

    right, left = (each(part, each_clip) for part in signs.shapes)
    way, base = (each(part, each_clip) for part in signs.paths)
    return _Signs(each_clip(signs.kind), (right, left), (way, base))


def _alike(kind: Tensor) -> Tensor:
    """(B,) bool: both hands have one shape."""
    return (kind == MIRRORED) | (kind == OPPOSED)


def _of(kind: Tensor, wanted: int) -> Tensor:
    return (kind == wanted)[:, None, None]


def _at(shape: Tensor, wrist: Tensor) -> Tensor:
    """A hand (B, S, 21, 3) moved to its wrist (B, S, 2)."""
    return shape + torch.nn.functional.pad(wrist, (0, 1))[:, :, None]


def standardised(frames: Tensor) -> Tensor:
    """Each clip as `Preprocess` leaves it: mean 0 and deviation 1 of each coordinate found.

    frames: (B, S, 100, 3), NaN where not found, also in the result.
    """
    found = ~torch.isnan(frames)
    count = found.sum((1, 2), keepdim=True).clamp(min=1)
    centred = frames - frames.nansum((1, 2), keepdim=True) / count
    deviation = (centred.square().nansum((1, 2), keepdim=True) / count).sqrt()
    return centred / deviation.clamp(min=1e-6)


# --- picture --------------------------------------------------------------------------------


def picture(clips: Clips, path: Path) -> None:
    """A row for each sign: two clips of it, four frames of each."""
    size = (1.35 * SHOWN_CLIPS * SHOWN_FRAMES, 1.45 * SHOWN_SIGNS)
    figure = Figure(figsize=size, layout="constrained", facecolor="white")
    grid = figure.subplots(SHOWN_SIGNS, SHOWN_CLIPS * SHOWN_FRAMES)
    for row, cells in enumerate(grid):
        for place, axes in enumerate(cells):
            clip = row * SHOWN_CLIPS + place // SHOWN_FRAMES
            last = int(clips.mask[clip].sum()) - 1
            frame = round(place % SHOWN_FRAMES * last / (SHOWN_FRAMES - 1))
            _draw(axes, clips.frames[clip, frame])
            if place % SHOWN_FRAMES == 0:
                axes.set_title(f"sign {row + 1}, clip {place // SHOWN_FRAMES + 1}", fontsize=8)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=80)


def _draw(axes: Axes, points: Tensor) -> None:
    """One frame (100, 3)."""
    axes.set(xlim=VIEW[0], ylim=VIEW[1], xticks=[], yticks=[], facecolor="#f7f7f5")
    axes.set_aspect("equal")
    axes.spines[:].set_visible(False)
    plane = points[:, :2].numpy()
    for part, edges in SELECTED_EDGES.items():
        lines = LineCollection(list(plane[edges]), colors=COLOURS[part], linewidths=0.9)
        axes.add_collection(lines)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--picture", type=Path, nargs="?", const=PICTURE, metavar="FILE", help="draw a sheet"
    )
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    torch.set_num_threads(1)
    signs = MadeSigns(Library.of(clip.points for clip in lexicon()), given.seed)
    if given.picture:
        picture(signs.batch(SHOWN_SIGNS, SHOWN_CLIPS), given.picture)
        print(f"drawn: {given.picture}")
        return
    signs.batch(24, 4)
    begin = time.process_time()
    made = signs.batch(24, 4)
    seconds = time.process_time() - begin
    print(f"{len(made.labels)} clips of {FRAMES} frames in {seconds * 1000:.0f} ms of one core")


if __name__ == "__main__":
    main()
