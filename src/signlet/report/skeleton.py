"""Moving skeletons for a page: points made upright, quantised and packed for report.js."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from signlet.landmarks import EDGES, HEAD, NUM_SELECTED, PARTS, SELECTED_EDGES, SINGLE

FACE_RATIO = 1.21
"""Height (top to chin) over width (ear to ear) of a face mesh: median of the fingerspelling
clips, whose pixels are square. It tells how far x and y of a clip were stretched."""
NOT_FOUND = 65535
_LARGEST = 65534
MAX_FRAMES = 300
"""A longer clip is thinned out for a page."""


@dataclass(frozen=True)
class SkeletonLayout:
    """The points to draw and the lines between them; indices are rows of a frame.

    edges: part -> (E, 2). dots: part -> points that are marked. focus: points that the
    picture has to hold; arms that hang out of it are cut. face: top, chin and the two sides
    of the face, to judge its proportions.
    """

    edges: Mapping[str, NDArray[np.int64]]
    dots: Mapping[str, NDArray[np.int64]]
    focus: NDArray[np.int64]
    face: tuple[int, int, int, int]

    def points(self) -> NDArray[np.int64]:
        """Every point that is drawn, in ascending order."""
        drawn = [*(edges.ravel() for edges in self.edges.values()), *self.dots.values()]
        return np.unique(np.concatenate(drawn))


_HANDS = ("left_hand", "right_hand")
_FACE_ENDS = (10, 152, 234, 454)
_SHOULDERS = (500, 501)


def _selected() -> SkeletonLayout:
    top, chin, right, left = (SINGLE.index(row) for row in _FACE_ENDS)
    means = np.arange(len(SINGLE), NUM_SELECTED)
    shoulders = [SINGLE.index(row) for row in _SHOULDERS]
    hands = {hand: PARTS[hand] for hand in _HANDS}
    return SkeletonLayout(
        edges=SELECTED_EDGES,
        dots={**hands, "face": means},
        focus=np.concatenate([*hands.values(), HEAD, shoulders]),
        face=(top, chin, right, left),
    )


def _raw() -> SkeletonLayout:
    hands = {hand: np.unique(EDGES[hand]) for hand in _HANDS}
    return SkeletonLayout(
        edges=EDGES,
        dots=hands,
        focus=np.concatenate([*hands.values(), np.unique(EDGES["face"]), _SHOULDERS]),
        face=_FACE_ENDS,
    )


SELECTED = _selected()
"""The drawing of the 100 selected points."""
RAW = _raw()
"""The drawing of all 543 points."""


@dataclass(frozen=True)
class Moving:
    """One clip to show: points (T, P, 2 or 3), NaN = not found; rate in frames per second."""

    points: NDArray[np.float32]
    rate: float


def upright(points: NDArray[np.float32], layout: SkeletonLayout) -> NDArray[np.float64]:
    """x and y of (T, P, 2 or 3) with x stretched until the face has its usual proportions.

    Coordinates are fractions of an image of unknown shape, or standardised per axis; both
    squash the person. A clip without a face is left as it is.
    """
    flat = points[..., :2].astype(np.float64)
    top, chin, right, left = layout.face
    height = np.linalg.norm(flat[:, top] - flat[:, chin], axis=1)
    width = np.linalg.norm(flat[:, right] - flat[:, left], axis=1)
    both = np.isfinite(height) & (width > 0)
    if both.any():
        ratio = float(np.median(height[both] / width[both]))
        flat[..., 0] *= np.clip(ratio / FACE_RATIO, 0.4, 2.5)
    return flat


def view_box(
    points: NDArray[np.float64], layout: SkeletonLayout, margin: float = 0.08
) -> tuple[float, float, float]:
    """Left, top and side of the square that holds the points of interest of (T, P, 2).

    Single frames in which a point jumps away do not count (2 % at either end). Where none
    of the points of interest was found, all points count.
    """
    focus = points[:, layout.focus]
    seen = focus if np.isfinite(focus).any() else points[:, layout.points()]
    seen = seen[:, np.isfinite(seen).any((0, 2))]
    if not seen.size:
        return 0.0, 0.0, 1.0
    low = np.nanmin(np.nanquantile(seen, 0.02, axis=0), axis=0)
    high = np.nanmax(np.nanquantile(seen, 0.98, axis=0), axis=0)
    # Never so small that the two edges of a picture are the same number.
    side = max(float((high - low).max()), 1e-3 * float(np.abs(high).max()), 1e-6)
    side *= 1 + 2 * margin
    left, top = (low + high) / 2 - side / 2
    return float(left), float(top), side


def player_data(clips: Iterable[Moving], layout: SkeletonLayout) -> str:
    """JSON for the page's `skeletons` element, safe inside <script>.

    Per clip: frames, rate and base64 of little-endian uint16 (T, points drawn, 2). The view
    is the middle third of 0..65534, so that lines may leave it; 65535 = not found.
    """
    used = layout.points()
    data: dict[str, Any] = {
        "edges": {k: np.searchsorted(used, v).tolist() for k, v in layout.edges.items()},
        "dots": {k: np.searchsorted(used, v).tolist() for k, v in layout.dots.items()},
        "points": len(used),
        "clips": [_encode(clip, layout) for clip in clips],
    }
    return json.dumps(data, separators=(",", ":")).replace("<", "\\u003c")


def thinned(clip: Moving) -> Moving:
    """At most MAX_FRAMES evenly spaced frames, played in the same time."""
    step = -(-len(clip.points) // MAX_FRAMES)
    return clip if step <= 1 else Moving(clip.points[::step], clip.rate / step)


def _encode(clip: Moving, layout: SkeletonLayout) -> dict[str, Any]:
    flat = upright(clip.points, layout)
    left, top, side = view_box(flat, layout)
    scaled = ((flat[:, layout.points()] - np.array([left, top])) / side + 1) / 3 * _LARGEST
    missing = np.isnan(scaled).any(2, keepdims=True)
    whole = np.where(missing, NOT_FOUND, np.clip(np.nan_to_num(scaled), 0, _LARGEST).round())
    packed = base64.b64encode(whole.astype("<u2").tobytes()).decode("ascii")
    return {"frames": len(flat), "rate": round(clip.rate, 3), "data": packed}
