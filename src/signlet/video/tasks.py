"""MediaPipe Tasks' HolisticLandmarker, with a model file: ours or one that the user names."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from signlet.errors import SignletError
from signlet.landmarks import FACE, IRIS_FACE, LEFT_HAND, NUM_RAW, POSE, RIGHT_HAND
from signlet.running.silence import silent
from signlet.video.needs import needs_video
from signlet.video.picture import Image

_PARTS = {
    "face_landmarks": FACE,
    "left_hand_landmarks": LEFT_HAND,
    "pose_landmarks": POSE,
    "right_hand_landmarks": RIGHT_HAND,
}
_STEP_MS = 33
"""Milliseconds from picture to picture that MediaPipe receives: what it smooths, it smooths as
`solutions.holistic` does, which counts pictures and not time."""
_SUPPRESSION = 0.3
"""Overlap from which two findings count as one face or one body, as in `solutions.holistic`."""


class Tasks:
    """HolisticLandmarker in video mode; the same use as `signlet.video.holistic.Holistic`."""

    name = "mediapipe-tasks-holistic"
    settings = f"video mode, suppression={_SUPPRESSION}"

    def __init__(self, model: Path) -> None:
        self._model, self._time = model, 0
        self._shape: tuple[int, ...] | None = None
        self._landmarker: Any = self._fresh()

    @property
    def version(self) -> str:
        """MediaPipe's version."""
        return version("mediapipe")

    def __call__(self, image: Image) -> NDArray[np.float32]:
        """Landmarks of a picture, as `Holistic` gives them.

        image: (height, width, 3) uint8, RGB, upright, not mirrored.
        Returns (543, 3) float32, NaN = not found.
        """
        self._shape = image.shape
        return self._look(image)

    def _look(self, image: Image) -> NDArray[np.float32]:
        import mediapipe as mp

        picture = mp.Image(image_format=mp.ImageFormat.SRGB, data=np.ascontiguousarray(image))
        self._time += _STEP_MS
        with silent():
            return frame_of(self._landmarker.detect_for_video(picture, self._time))

    def forget(self) -> None:
        """Lose track of the signer, as a new graph would: a black picture does it.

        Where something is found in blackness, the models are loaded again.
        """
        if self._shape is None:
            return
        black = np.zeros(self._shape, np.uint8)
        self._shape = None
        if not np.isnan(self._look(black)).all():
            self.close()
            self._landmarker, self._time = self._fresh(), 0

    def close(self) -> None:
        """Free the models, unless the interpreter ends, when MediaPipe cannot do it any more."""
        try:
            with silent():
                self._landmarker.close()
        except RuntimeError:
            self._landmarker._handle = None  # else it tries again, and complains, when collected

    def _fresh(self) -> Any:
        with silent(), needs_video("MediaPipe Tasks"):
            from mediapipe.tasks.python import BaseOptions
            from mediapipe.tasks.python.vision import (
                HolisticLandmarker,
                HolisticLandmarkerOptions,
                RunningMode,
            )
        options = HolisticLandmarkerOptions(
            base_options=BaseOptions(model_asset_path=str(self._model)),
            running_mode=RunningMode.VIDEO,
            min_face_suppression_threshold=_SUPPRESSION,
            min_pose_suppression_threshold=_SUPPRESSION,
        )
        try:
            with silent():
                return HolisticLandmarker.create_from_options(options)
        except (RuntimeError, ValueError, OSError) as error:
            reason = str(error).strip().splitlines()[0][:120]
            raise no_model(self._model, reason) from error

    def __enter__(self) -> Tasks:
        return self

    def __exit__(self, *problem: object) -> None:
        self.close()


def no_model(model: Path, reason: str) -> SignletError:
    """Return the error for a file that is not a model."""
    return SignletError(
        f"{model}: is not a model of MediaPipe's HolisticLandmarker ({reason}); "
        "download holistic_landmarker.task again, or leave out --model and run: signlet models"
    )


def frame_of(result: Any) -> NDArray[np.float32]:
    """(543, 3) float32 of one HolisticLandmarkerResult, NaN = not found.

    result: lists `face_landmarks` (478 points, of which the ten of the iris are cut, or 468),
        `pose_landmarks` (33), `left_hand_landmarks` and `right_hand_landmarks` (21 each), each
        empty if the part was not found; left and right are the signer's own.
    Raises SignletError if a list has another length: this is then another schema.
    """
    frame = np.full((NUM_RAW, 3), np.nan, np.float32)
    for part, rows in _PARTS.items():
        points = getattr(result, part)
        count = rows.stop - rows.start
        if points and len(points) not in {count, IRIS_FACE if part == "face_landmarks" else count}:
            raise SignletError(
                f"{part} has {len(points)} points instead of {count}; use a model of "
                "MediaPipe's HolisticLandmarker"
            )
        if points:
            frame[rows] = [(point.x, point.y, point.z) for point in points[:count]]
    return frame
