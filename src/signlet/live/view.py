"""Draw a live view: a frame and a panel in, a picture (height, width, 3) out."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from signlet.live.inputs import LiveFrame
from signlet.live.panel import Panel, draw_panel
from signlet.live.skeleton import Image, draw_skeleton

HEIGHT, MOST_WIDTH = 720, 1280
PANEL = 380
"""Pixels: height of the whole, largest width of the picture, width of the panel beside it."""
_PAPER = (247, 247, 245)


@dataclass(frozen=True)
class Turned:
    """Mirroring. view: the picture is shown as in a mirror. camera: the camera mirrors it."""

    view: bool = False
    camera: bool = False


def picture(frame: LiveFrame, panel: Panel, turned: Turned) -> NDArray[np.uint8]:
    """(HEIGHT, width, 3) uint8 RGB: the recording with its skeleton, and the panel beside it."""
    image = _stage(frame)
    draw_skeleton(image, frame.landmarks, turned.camera)
    if turned.view:
        image = np.ascontiguousarray(image[:, ::-1])
    return np.concatenate([image, draw_panel(panel, PANEL, HEIGHT)], axis=1)


def _stage(frame: LiveFrame) -> Image:
    """The recording's picture scaled to the window's height, or paper where there is none."""
    if frame.image is None:
        return np.full((HEIGHT, HEIGHT, 3), _PAPER, np.uint8)
    height, width = frame.image.shape[:2]
    factor = min(HEIGHT / height, MOST_WIDTH / width)
    size = max(1, round(width * factor)), max(1, round(height * factor))
    way = cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
    image = cv2.resize(frame.image, size, interpolation=way)
    return _centred(np.asarray(image, np.uint8))


def _centred(image: Image) -> Image:
    """A very wide picture gets paper above and below."""
    spare = HEIGHT - image.shape[0]
    above = ((spare // 2, spare - spare // 2), (0, 0), (0, 0))
    return np.pad(image, above, constant_values=_PAPER[0]) if spare else image
