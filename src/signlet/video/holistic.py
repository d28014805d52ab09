"""MediaPipe Holistic as it was used for the competition: models inside the package, offline."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

import numpy as np
from numpy.typing import NDArray

from signlet.landmarks import FACE, LEFT_HAND, NUM_RAW, POSE, RIGHT_HAND
from signlet.running.silence import silent
from signlet.video.needs import needs_video
from signlet.video.picture import Image

_PARTS = {
    "face_landmarks": FACE,
    "left_hand_landmarks": LEFT_HAND,
    "pose_landmarks": POSE,
    "right_hand_landmarks": RIGHT_HAND,
}
_MOST_BLACK = 10


class Holistic:
    """MediaPipe's `solutions.holistic`, model_complexity 1, tracking from picture to picture.

    Use as a context manager. Pictures of one recording are given in order; before the next
    recording call `forget`. Landmarks then depend on the recording alone.
    """

    name = "mediapipe-holistic"
    settings = "complexity=1"

    def __init__(self) -> None:
        with silent(), needs_video("MediaPipe Holistic"):
            from mediapipe.python.solutions.holistic import Holistic as Graph
        with silent():
            self._graph: Any = Graph(model_complexity=1)
            # The graph starts in threads of its own, whose noise must not outlive the silence.
            self._graph.process(np.zeros((64, 64, 3), np.uint8))
        self._shape: tuple[int, ...] | None = None

    @property
    def version(self) -> str:
        """MediaPipe's version."""
        return version("mediapipe")

    def __call__(self, image: Image) -> NDArray[np.float32]:
        """Landmarks of a picture.

        image: (height, width, 3) uint8, RGB, upright, not mirrored.
        Returns (543, 3) float32, fractions of the picture, z in the scale of x; a part that
        was not found is NaN. "Left" is the signer's own left.
        """
        self._shape = image.shape
        found = self._process(image)
        frame = np.full((NUM_RAW, 3), np.nan, np.float32)
        for part, rows in _PARTS.items():
            points = getattr(found, part)
            if points is not None:
                frame[rows] = [(point.x, point.y, point.z) for point in points.landmark]
        return frame

    def forget(self) -> None:
        """Lose track of the signer, as a new graph would, without loading the models again.

        A black picture does it: nothing is found, and MediaPipe drops what it follows and
        what it smooths (tests/test_video_real.py compares with a new graph, bit for bit).
        """
        if self._shape is None:
            return
        black = np.zeros(self._shape, np.uint8)
        for _ in range(_MOST_BLACK):
            found = self._process(black)
            if all(getattr(found, part) is None for part in _PARTS):
                self._shape = None
                return
        with silent():
            self._graph.reset()
        self._shape = None

    def _process(self, image: Image) -> Any:
        with silent():
            return self._graph.process(image)

    def close(self) -> None:
        """Free the models; a second time does nothing."""
        graph, self._graph = self._graph, None
        if graph is not None:
            with silent():
                graph.close()

    def __enter__(self) -> Holistic:
        return self

    def __exit__(self, *problem: object) -> None:
        self.close()
