"""The landmarks (T, 543, 3) of one video, with times, sizes and brightness."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from signlet.clip import Clip
from signlet.clip.remarks import NO_RATE
from signlet.video.probe import usual_rate


@dataclass(frozen=True)
class Extraction:
    """Landmarks of a video and what its pictures tell.

    frames: (T, 543, 3) float32, NaN = not found. times: (T,) seconds from the first picture.
    width, height: of the picture as MediaPipe saw it, in pixels.
    brightness: mean luminance of all pictures, 0 black to 1 white.
    extractor: name and version of what found the landmarks.
    promised: seconds that the file says it has, 0 if that is not known.
    remarks: what is wrong with the file, in phrases of `signlet.clip.remarks`.
    """

    frames: NDArray[np.float32] = field(repr=False)
    times: NDArray[np.float64] = field(repr=False)
    width: int
    height: int
    brightness: float
    extractor: str
    promised: float = 0.0
    remarks: tuple[str, ...] = ()

    @property
    def fps(self) -> float | None:
        """Frames a second by the usual distance of two pictures.

        None for a single one, and where the file has no plausible rate.
        """
        return None if NO_RATE in self.remarks else usual_rate(np.diff(self.times))

    def clip(self, name: str) -> Clip:
        """The landmarks as a clip."""
        return Clip(self.frames, name, fps=self.fps, remarks=self.remarks)

    def about(self) -> dict[str, Any]:
        """All but the arrays, fit for JSON."""
        return {
            "width": self.width,
            "height": self.height,
            "brightness": self.brightness,
            "extractor": self.extractor,
            "promised": self.promised,
            "remarks": list(self.remarks),
        }
