"""Source of the models: the package MediaPipe 0.10.21, installed or from the package index."""

from __future__ import annotations

import hashlib
import sys
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from zipfile import BadZipFile, ZipFile

from signlet.errors import SignletError
from signlet.running.children import run_minded
from signlet.running.temporary import scratch

VERSION = "0.10.21"
"""The MediaPipe whose models are taken, all under the Apache License 2.0."""
MODELS = {
    "face_detection/face_detection_short_range.tflite": (
        "bbff11cebd1eb27a1e004cae0b0e63ec8c551cbf34a4451148b4908b8db3eca8"
    ),
    "face_landmark/face_landmark.tflite": (
        "1055cb9d4a9ca8b8c688902a3a5194311138ba256bcc94e336d8373a5f30c814"
    ),
    "hand_landmark/hand_landmark_full.tflite": (
        "11c272b891e1a99ab034208e23937a8008388cf11ed2a9d776ed3d01d0ba00e3"
    ),
    "holistic_landmark/hand_recrop.tflite": (
        "67d996ce96f9d36fe17d2693022c6da93168026ab2f028f9e2365398d8ac7d5d"
    ),
    "pose_detection/pose_detection.tflite": (
        "9ba9dd3d42efaaba86b4ff0122b06f29c4122e756b329d89dca1e297fd8f866c"
    ),
    "pose_landmark/pose_landmark_full.tflite": (
        "e9a5c5cb17f736fafd4c2ec1da3b3d331d6edbe8a0d32395855aeb2cdfd64b9f"
    ),
}
"""SHA-256 of each; the same in the packages for Linux, macOS and Windows."""
_PLACE = "mediapipe/modules"
_BUILD = ["--python-version", "3.11", "--platform", "manylinux_2_28_x86_64"]
"""One build holds the same models as another, so any computer can take this one."""


def installed() -> bool:
    """Return True if MediaPipe 0.10.21 is installed with its models."""
    try:
        return distribution("mediapipe").version == VERSION
    except PackageNotFoundError:
        return False


def read_models(wheel: Path | None = None) -> dict[str, bytes]:
    """The models, by their names in MODELS.

    wheel: MediaPipe 0.10.21 as a file; None: the installed one, else the package index that
        pip uses. Raises SignletError if they cannot be had or are not the ones expected.
    """
    if wheel is not None:
        return _of_wheel(wheel)
    if installed():
        return _of_package()
    with scratch("models") as folder:
        return _of_wheel(download(folder))


def download(folder: Path) -> Path:
    """MediaPipe 0.10.21 as a file in `folder`, by pip. Raises SignletError."""
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:"]
    quiet = ["--quiet", "--disable-pip-version-check", "--no-input", "--dest", str(folder)]
    done = run_minded([*command, *quiet, *_BUILD, f"mediapipe=={VERSION}"])
    wheels = list(folder.glob("*.whl"))
    if done.returncode == 0 and len(wheels) == 1:
        return wheels[0]
    lines = [line for line in done.stderr.splitlines() if line.strip()] or ["pip gave no reason"]
    errors = [line for line in lines if "ERROR" in line] or lines
    raise SignletError(
        f"mediapipe {VERSION}, which contains the models, could not be downloaded from the "
        f"package index ({errors[-1].removeprefix('ERROR:').strip()}); on another machine run "
        f"{remedy()}, then here signlet models --wheel FILE"
    )


def remedy() -> str:
    """The command that downloads the package on another computer."""
    return f"pip download --no-deps --only-binary=:all: {' '.join(_BUILD)} mediapipe=={VERSION}"


def _of_package() -> dict[str, bytes]:
    found = distribution("mediapipe")
    files = {name: Path(str(found.locate_file(f"{_PLACE}/{name}"))) for name in MODELS}
    try:
        return {name: _checked(name, file.read_bytes(), str(file)) for name, file in files.items()}
    except OSError as error:
        raise SignletError(
            f"{error.filename}: {error.strerror}; install mediapipe=={VERSION} again"
        ) from None


def _of_wheel(wheel: Path) -> dict[str, bytes]:
    try:
        with ZipFile(wheel) as archive:
            return {
                name: _checked(name, archive.read(f"{_PLACE}/{name}"), str(wheel))
                for name in MODELS
            }
    except KeyError:
        raise SignletError(f"{wheel}: contains no models; get {remedy()}") from None
    except (BadZipFile, EOFError, ValueError, NotImplementedError, RuntimeError) as error:
        raise SignletError(
            f"{wheel}: is not a complete package ({error}); download it again: {remedy()}"
        ) from None
    except OSError as error:
        reason = error.strerror or str(error)
        raise SignletError(f"{wheel}: cannot be read ({reason}); check the path") from None


def _checked(name: str, content: bytes, where: str) -> bytes:
    if hashlib.sha256(content).hexdigest() != MODELS[name]:
        raise SignletError(
            f"{where}: {name} is not the model of MediaPipe {VERSION} (its SHA-256 differs); "
            f"download the package again: {remedy()}"
        )
    return content
