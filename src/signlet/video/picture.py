"""One decoded frame to one upright picture of sensible size."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

LONG_SIDE = 1280
"""Longest side in pixels of what MediaPipe is given. Its networks look at 224 x 224 pixels of
a hand and at less of the rest: a hand of a signer who fills the picture is not larger here."""

Image = NDArray[np.uint8]
Turn = tuple[int, bool]
"""Quarter turns counter-clockwise, after mirroring left to right if True."""


@dataclass(frozen=True)
class VideoFrame:
    """A picture and when it was taken.

    image: (height, width, 3) uint8, RGB, upright as it should be shown.
    time: seconds from the start of the recording.
    """

    image: Image
    time: float


def shape_of(frame: Any, pixel_shape: float) -> tuple[int, int]:
    """(width, height) to scale a decoded frame to, before it is turned.

    pixel_shape: width of a pixel over its height.
    """
    width, height = frame.width * pixel_shape, float(frame.height)
    factor = min(1.0, LONG_SIDE / max(width, height))
    return max(1, round(width * factor)), max(1, round(height * factor))


def upright(frame: Any, size: tuple[int, int], turned: Turn) -> Image:
    """(height, width, 3) uint8 of a PyAV frame, scaled to `size` and then turned."""
    width, height = size
    image = frame.to_ndarray(format="rgb24", width=width, height=height, interpolation="AREA")
    turns, mirrored = turned
    image = image[:, ::-1] if mirrored else image
    return np.ascontiguousarray(np.rot90(image, turns))


def turn(frame: Any) -> Turn:
    """Read the turn from the file's display matrix, rounded to quarter turns."""
    data = frame.side_data.get("DISPLAYMATRIX")
    if data is None:
        return 0, False
    a, b, _, c, d, *_ = struct.unpack("<9i", bytes(data)[:36])
    mirrored = a * d - b * c < 0
    angle = np.degrees(np.arctan2(-b, -a) if mirrored else np.arctan2(b, a))
    # The matrix turns clockwise, as y goes down.
    return int(-round(angle / 90)) % 4, mirrored
