"""The skeleton over a picture: hands in their colours, body and face in grey."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from signlet.landmarks import EDGES, POSE, RAW_PARTS

Image = NDArray[np.uint8]
Colour = tuple[int, int, int]
LEFT, RIGHT, BODY = (194, 115, 26), (36, 89, 201), (141, 145, 155)
"""RGB, those of the report: left hand, right hand, body and face."""
HALO = (255, 255, 255)
_COLOURS: dict[str, Colour] = {"face": BODY, "pose": BODY, "left_hand": LEFT, "right_hand": RIGHT}
_WIDTHS = {"face": 1, "pose": 3, "left_hand": 3, "right_hand": 3}
_MIRRORED = {"left_hand": "right_hand", "right_hand": "left_hand"}
_FINGERS = range(POSE.start + 17, POSE.start + 23)
"""The body's own idea of fingers; the hands show them better."""
_FINE = 4
"""OpenCV takes coordinates in parts of a pixel: this many binary digits."""
_FAR = 4.0
"""Points further outside the picture, in pictures, are not drawn."""


def draw_skeleton(image: Image, frame: NDArray[np.float32], mirrored: bool = False) -> None:
    """Draw the landmarks of a picture on it.

    image: (height, width, 3) uint8 RGB, changed in place. frame: (543, 3) float32, NaN = not
    found. mirrored: the camera gives a mirror image, so that the hands' names are swapped.
    """
    height, width = image.shape[:2]
    scale = max(height, width) / 800
    places = frame[:, :2] * np.array([width, height], np.float32)
    lines = {part: _lines(places, edges, frame) for part, edges in EDGES.items()}
    for part in ("pose", "left_hand", "right_hand"):
        _draw(image, lines[part], HALO, round(scale * (_WIDTHS[part] + 3)))
    for part in ("face", "pose", "left_hand", "right_hand"):
        colour = _COLOURS[_MIRRORED.get(part, part) if mirrored else part]
        _draw(image, lines[part], colour, round(scale * _WIDTHS[part]))
        if part in _MIRRORED:
            _dots(image, places[RAW_PARTS[part]], colour, scale)


def _lines(
    places: NDArray[np.float32], edges: NDArray[np.int64], frame: NDArray[np.float32]
) -> NDArray[np.int32]:
    """(lines, 2, 2) pixels, in OpenCV's fine units, of the edges whose ends were found."""
    near = (np.abs(frame[:, :2] - 0.5) < _FAR).all(1)  # NaN is near nothing
    kept = edges[near[edges].all(1) & ~np.isin(edges, _FINGERS).any(1)]
    return np.round(places[kept] * (1 << _FINE)).astype(np.int32)


def _draw(image: Image, lines: NDArray[np.int32], colour: Colour, width: int) -> None:
    if len(lines):
        cv2.polylines(image, list(lines), False, colour, max(1, width), cv2.LINE_AA, _FINE)


def _dots(image: Image, places: NDArray[np.float32], colour: Colour, scale: float) -> None:
    for x, y in places[(np.abs(places) < 1e5).all(1)]:
        at = (round(float(x) * (1 << _FINE)), round(float(y) * (1 << _FINE)))
        for radius, filling in ((4.0, HALO), (2.8, colour)):
            size = round(radius * scale * (1 << _FINE))
            cv2.circle(image, at, size, filling, -1, cv2.LINE_AA, _FINE)
