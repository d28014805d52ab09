"""Make the bundle once, keep it in the cache, find it again."""

from __future__ import annotations

import os
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from zipfile import BadZipFile, ZipFile, ZipInfo

from signlet.errors import SignletError
from signlet.files.atomic import replacing
from signlet.files.caches import user_caches
from signlet.video.bundle import corrections
from signlet.video.bundle.graph import Net
from signlet.video.bundle.metadata import describe_pictures, no_blend_shapes
from signlet.video.bundle.source import VERSION, read_models
from signlet.video.needs import needs_video

_FORMAT = 1
"""Raised when what is made of the same models changes."""
_BLEND_SHAPES = "face_blendshapes.tflite"
_DETECTS, _FITS = (127.5, 127.5), (0.0, 255.0)
"""Mean and deviation of the pictures: -1 to 1 where parts are detected, else 0 to 1."""
_Change = Callable[[Net], None]
_MEMBERS: dict[str, tuple[str, tuple[float, float], _Change | None]] = {
    "face_detector.tflite": (
        "face_detection/face_detection_short_range.tflite",
        _DETECTS,
        corrections.face_detector,
    ),
    "face_landmarks_detector.tflite": (
        "face_landmark/face_landmark.tflite",
        _FITS,
        corrections.face_landmarks,
    ),
    "hand_landmarks_detector.tflite": (
        "hand_landmark/hand_landmark_full.tflite",
        _FITS,
        None,
    ),
    "hand_roi_refinement.tflite": ("holistic_landmark/hand_recrop.tflite", _FITS, None),
    "pose_detector.tflite": ("pose_detection/pose_detection.tflite", _DETECTS, None),
    "pose_landmarks_detector.tflite": (
        "pose_landmark/pose_landmark_full.tflite",
        _FITS,
        corrections.pose_landmarks,
    ),
}
"""Names that HolisticLandmarker looks for, and what each is made of."""


def bundle_path() -> Path:
    """Return the path of the bundle: `models` in SIGNLET_CACHE or in a user's caches."""
    given = os.environ.get("SIGNLET_CACHE")
    folder = Path(given).expanduser() if given else user_caches() / "signlet"
    return folder / "models" / f"holistic-{VERSION}-{_FORMAT}.task"


def whole(path: Path) -> bool:
    """Return True if a bundle exists and is undamaged."""
    try:
        with ZipFile(path) as archive:
            names = set(archive.namelist())
            return names >= {*_MEMBERS, _BLEND_SHAPES} and archive.testzip() is None
    except (OSError, BadZipFile, EOFError, ValueError, NotImplementedError):
        return False


def made_bundle(wheel: Path | None = None) -> Path:
    """The path of the bundle, which is made where it is not there yet or is damaged.

    wheel: as in `read_models`. Raises SignletError if it cannot be made or written.
    """
    path = bundle_path()
    if not whole(path):
        write_bundle(path, read_models(wheel))
    return path


def write_bundle(path: Path, models: dict[str, bytes]) -> None:
    """Write the bundle of models by their names in MODELS. Raises SignletError."""
    with needs_video("the models for MediaPipe Tasks"):
        members = {name: _member(name, models) for name in _MEMBERS}
        members[_BLEND_SHAPES] = no_blend_shapes()
    whole = BytesIO()  # an archive that a full disk cuts off complains when it is freed
    with ZipFile(whole, "w") as archive:
        for name, content in members.items():
            archive.writestr(ZipInfo(name), content)  # stored, without the time of day
    with replacing(path) as temporary:
        temporary.write_bytes(whole.getbuffer())


def known_bundle() -> Path:
    """The path of the bundle. Raises SignletError, naming the remedy, where there is none."""
    path = bundle_path()
    if not whole(path):
        damaged = f"{path}: is damaged" if path.exists() else "MediaPipe 1.x comes without models"
        raise SignletError(
            f"{damaged}; make them once with: signlet models, or name Google's with "
            "--extractor tasks --model holistic_landmarker.task"
        )
    return path


def _member(name: str, models: dict[str, bytes]) -> bytes:
    origin, (mean, deviation), change = _MEMBERS[name]
    net = Net(models[origin])
    if change:
        change(net)
    describe_pictures(net, mean, deviation)
    return net.packed()
