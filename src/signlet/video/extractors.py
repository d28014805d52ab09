"""Extractors: a picklable `Choice` in, an `Extractor` from pictures to landmarks (543, 3) out."""

from __future__ import annotations

import atexit
import hashlib
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Protocol
from zipfile import BadZipFile, ZipFile

import numpy as np
from numpy.typing import NDArray

from signlet.errors import SignletError
from signlet.files.missing_path import not_found_message
from signlet.video.bundle.make import known_bundle
from signlet.video.holistic import Holistic
from signlet.video.needs import needs_video
from signlet.video.picture import LONG_SIDE, Image
from signlet.video.tasks import Tasks, no_model

EXTRACTORS = ("holistic", "tasks")
_NEW = (0, 10, 30)
"""From this version on MediaPipe has Tasks alone; before it, its HolisticLandmarker ends the
whole process where a hand is not found."""
_MEMBER = "pose_detector.tflite"


class Extractor(Protocol):
    """Finds landmarks in the pictures of one recording after the other."""

    name: str
    settings: str

    @property
    def version(self) -> str:
        """Version of the library that does it."""

    def __call__(self, image: Image) -> NDArray[np.float32]:
        """(height, width, 3) uint8 RGB to (543, 3) float32, NaN = not found."""

    def forget(self) -> None:
        """Another recording follows."""

    def close(self) -> None:
        """Free the models."""

    def __enter__(self) -> Extractor:
        """Itself, to be closed at the end of a block."""

    def __exit__(self, *problem: object) -> None:
        """Free the models."""


@dataclass(frozen=True)
class Choice:
    """The extractor to use.

    extractor: "holistic", "tasks" or None for the one that the installed MediaPipe has; both
        give the same landmarks. model: a model file for tasks; None for the one that
        `signlet models` makes.
    """

    extractor: str | None = None
    model: Path | None = None

    def checked(self) -> Choice:
        """Itself. Raises SignletError if it cannot be used, whatever is installed."""
        if self.extractor not in (None, *EXTRACTORS):
            raise SignletError(f"extractor {self.extractor}: choose {' or '.join(EXTRACTORS)}")
        if self.extractor == "holistic" and self.model:
            raise SignletError(
                f"{self.model}: the extractor holistic uses its own models; add --extractor tasks"
            )
        if self.model:
            _require_model(self.model)
        return self

    def resolved(self) -> Choice:
        """The same with all that was left open filled in: "holistic", or "tasks" and a model.

        Raises SignletError if it cannot be used, or not with the installed MediaPipe.
        """
        self.checked()
        new = _is_new()
        extractor = self.extractor or ("tasks" if self.model or new else "holistic")
        if (extractor == "tasks") != new:
            other = "holistic" if extractor == "tasks" else "tasks"
            raise SignletError(
                f"the extractor {extractor} needs MediaPipe {'1.x' if not new else '0.10.21'}, "
                f"and {version('mediapipe')} is installed; leave out --extractor and --model to "
                f"use {other}: the landmarks are the same"
            )
        if extractor == "holistic":
            return Choice(extractor)
        return Choice(extractor, self.model or known_bundle())


def _require_model(model: Path) -> None:
    """Raise SignletError if a file is none, before MediaPipe is loaded."""
    if not model.is_file():
        raise SignletError(not_found_message(model, "model file"))
    try:
        with ZipFile(model) as archive:
            if _MEMBER not in archive.namelist():
                raise no_model(model, f"{_MEMBER} is not in it")
    except (BadZipFile, ValueError, NotImplementedError):
        raise no_model(model, "a .task file is an archive") from None
    except OSError as error:
        raise SignletError(f"{model}: cannot be read ({error.strerror or error})") from None


def _is_new() -> bool:
    """Return True if the installed MediaPipe has no `solutions`."""
    with needs_video("MediaPipe"):
        numbers = version("mediapipe").split(".")[:3]
    return tuple(int(number) for number in numbers if number.isdigit()) >= _NEW


def started(choice: Choice) -> Extractor:
    """A new extractor, to be closed by whoever asked for it. Raises SignletError."""
    wanted = choice.resolved()
    return Holistic() if wanted.model is None else Tasks(wanted.model)


@lru_cache(maxsize=1)
def opened(choice: Choice) -> Extractor:
    """The extractor, loaded once in a process. Raises SignletError."""
    extractor = started(choice)
    atexit.register(extractor.close)
    return extractor


def label(choice: Choice) -> str:
    """Name and version, for people: mediapipe-holistic 0.10.21."""
    tasks = choice.extractor == "tasks" or choice.model or _is_new()
    with needs_video("MediaPipe"):
        return f"{Tasks.name if tasks else Holistic.name} {version('mediapipe')}"


@lru_cache(maxsize=8)
def identity(choice: Choice) -> str:
    """Name, version and settings: what the landmarks depend on beside the video.

    Nothing is loaded, so that what is in the cache is found without MediaPipe's start.
    Raises SignletError if the choice cannot be used or MediaPipe is not installed.
    """
    wanted = choice.resolved()
    settings = Holistic.settings
    if wanted.model is not None:
        settings = f"{Tasks.settings} {_digest(wanted.model)}"
    return f"{label(wanted)} {settings} side={LONG_SIDE}"


def _digest(model: Path) -> str:
    return f"model={hashlib.sha256(model.read_bytes()).hexdigest()}"
