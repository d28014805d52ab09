"""What is got out of one video."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from signlet.clip import Clip


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
        """Frames a second out of the middle distance of two pictures; None for a single one."""
        steps = np.diff(self.times)
        middle = float(np.median(steps)) if len(steps) else 0.0
        return round(1 / middle, 3) if middle > 1e-6 else None

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
