"""What is got out of one video."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from signlet.clip import Clip

_NEAR = 0.25
"""Distances of pictures are usual up to this share away from the median."""


@dataclass(frozen=True)
class Extraction:
    """Landmarks of a video and what its pictures tell.

    frames: (T, 543, 3) float32, NaN = not found. times: (T,) seconds from the first picture.
    width, height: of the picture as MediaPipe saw it, in pixels.
    brightness: mean luminance of all pictures, 0 black to 1 white.
    extractor: name and version of what found the landmarks.
    promised: seconds that the file says it has, 0 where that is not known.
    """

    frames: NDArray[np.float32] = field(repr=False)
    times: NDArray[np.float64] = field(repr=False)
    width: int
    height: int
    brightness: float
    extractor: str
    promised: float = 0.0

    @property
    def fps(self) -> float | None:
        """Frames a second by the usual distance of two pictures; None for a single one.

        The usual distance is the mean of those near the median: pauses do not count, and
        times that a file rounds to milliseconds even out.
        """
        steps = np.diff(self.times)
        middle = float(np.median(steps)) if len(steps) else 0.0
        if middle <= 1e-6:
            return None
        near = steps[np.abs(steps - middle) <= _NEAR * middle]
        return round(1 / float(near.mean()), 3)

    def clip(self, name: str) -> Clip:
        """The landmarks as a clip."""
        return Clip(self.frames, name, fps=self.fps)

    def about(self) -> dict[str, Any]:
        """All but the arrays, fit for JSON."""
        return {
            "width": self.width,
            "height": self.height,
            "brightness": self.brightness,
            "extractor": self.extractor,
            "promised": self.promised,
        }
