"""Which extractor to use: a choice that travels to worker processes, and the thing itself."""

from __future__ import annotations

import atexit
import hashlib
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Protocol
from zipfile import is_zipfile

import numpy as np
from numpy.typing import NDArray

from signlet.errors import SignletError
from signlet.video.holistic import Holistic
from signlet.video.needs import needs_video
from signlet.video.picture import LONG_SIDE, Image
from signlet.video.tasks import Tasks, no_model

EXTRACTORS = ("holistic", "tasks")


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


@dataclass(frozen=True)
class Choice:
    """extractor: "holistic" or "tasks". model: a model file, for tasks only."""

    extractor: str = "holistic"
    model: Path | None = None

    def checked(self) -> Choice:
        """Itself. Raises SignletError where it cannot be used."""
        if self.extractor not in EXTRACTORS:
            raise SignletError(f"extractor {self.extractor}: choose {' or '.join(EXTRACTORS)}")
        if self.extractor == "holistic" and self.model:
            raise SignletError(f"{self.model}: holistic brings its models; add --extractor tasks")
        if self.extractor == "tasks" and not self.model:
            raise SignletError("the extractor tasks needs --model holistic_landmarker.task")
        if self.model and not self.model.is_file():
            raise SignletError(f"{self.model}: there is no such model file; check the path")
        if self.model and not is_zipfile(self.model):  # known before MediaPipe is loaded
            raise no_model(self.model, "a .task file is an archive")
        return self


@lru_cache(maxsize=1)
def opened(choice: Choice) -> Extractor:
    """The extractor, loaded once in a process. Raises SignletError."""
    choice.checked()
    extractor: Extractor = Holistic() if choice.model is None else Tasks(choice.model)
    atexit.register(extractor.close)
    return extractor


def label(choice: Choice) -> str:
    """Name and version, for people: mediapipe-holistic 0.10.21."""
    name = Tasks.name if choice.extractor == "tasks" else Holistic.name
    with needs_video("MediaPipe"):
        return f"{name} {version('mediapipe')}"


@lru_cache(maxsize=8)
def identity(choice: Choice) -> str:
    """Name, version and settings: what the landmarks depend on beside the video.

    Nothing is loaded, so that what is in the cache is found without MediaPipe's start.
    Raises SignletError where the choice cannot be used or MediaPipe is not installed.
    """
    choice.checked()
    settings = Holistic.settings if choice.model is None else _digest(choice.model)
    return f"{label(choice)} {settings} side={LONG_SIDE}"


def _digest(model: Path) -> str:
    return f"model={hashlib.sha256(model.read_bytes()).hexdigest()}"
