"""signlet: small sign recognisers, from landmarks to phone.

>>> import signlet
>>> recogniser = signlet.load("fingerspelling")
>>> recogniser("clip.mp4").top(5)
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from signlet.clip import Clip
from signlet.errors import ClipError, SignletError

if TYPE_CHECKING:
    from signlet.recognise import Recogniser

__all__ = ["Clip", "ClipError", "SignletError", "load"]
__version__ = "0.1.0"


def load(path: str | Path, threads: int = 0) -> Recogniser:
    """Load a trained model.

    path: an exported `.onnx` or `.tflite`, a run folder (which needs torch), or the name of a
        model that comes with signlet: "fingerspelling", the letters A to Z.
    threads: for one clip; 0 leaves it to the library that runs the model.
    Returns a `Recogniser`; call it with a clip, a path or raw landmarks (T, 543, 3).
    Raises SignletError where there is no usable model, or what runs it is not installed.
    """
    from signlet.recognise import Recogniser

    return Recogniser.load(path, threads)
