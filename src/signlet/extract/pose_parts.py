"""The parts of a body as `.pose` files describe them: names of points, and lines between them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from signlet.landmarks import FACE

_FORMAT = "XYZC"
_BODY_RED, _FACE_RED = [(255, 0, 0)], [(128, 0, 0)]


def pose_parts() -> dict[str, Any]:
    """pose-format's components by name, whichever MediaPipe is installed.

    pose-format has them from `mediapipe.solutions`; where those are gone, they are made here of
    the lists of MediaPipe Tasks. Raises ImportError if a package is missing.
    """
    try:
        from pose_format.utils.holistic import holistic_components
    except ImportError:
        return {part.name: part for part in _of_tasks()}
    return {part.name: part for part in holistic_components(_FORMAT)}


def _of_tasks() -> Iterable[Any]:
    from mediapipe.tasks.python.vision.face_landmarker import FaceLandmarksConnections
    from mediapipe.tasks.python.vision.hand_landmarker import HandLandmark, HandLandmarksConnections
    from mediapipe.tasks.python.vision.pose_landmarker import PoseLandmark, PoseLandmarksConnections
    from pose_format.pose_header import PoseHeaderComponent
    from pose_format.utils.openpose import hand_colors

    def part(name: str, points: list[str], lines: Iterable[Any], colours: Any) -> Any:
        limbs = [(line.start, line.end) for line in lines]
        return PoseHeaderComponent(name, points, limbs, colours, _FORMAT)

    body = [point.name for point in PoseLandmark]
    yield part("POSE_LANDMARKS", body, PoseLandmarksConnections.POSE_LANDMARKS, _BODY_RED)
    face = [str(number) for number in range(FACE.stop - FACE.start)]
    tesselation = FaceLandmarksConnections.FACE_LANDMARKS_TESSELATION
    yield part("FACE_LANDMARKS", face, tesselation, _FACE_RED)
    fingers = [point.name for point in HandLandmark]
    for side in ("LEFT", "RIGHT"):
        name, lines = f"{side}_HAND_LANDMARKS", HandLandmarksConnections.HAND_CONNECTIONS
        yield part(name, fingers, lines, hand_colors)
