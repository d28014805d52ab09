"""signlet: small sign recognisers, from landmarks to phone.

>>> import signlet
>>> recogniser = signlet.load("runs/demo")
>>> recogniser("clip.pose").top(5)
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


def load(path: str | Path) -> Recogniser:
    """Load a trained model.

    path: a run folder or a model file.
    Returns a `Recogniser`; call it with a clip, a path or raw landmarks (T, 543, 3).
    Raises SignletError where there is no usable model, or torch is not installed.
    """
    try:
        from signlet.recognise import Recogniser
    except ModuleNotFoundError as error:
        raise SignletError(
            f'{path}: reading a run folder needs {error.name}; pip install "signlet[train]"'
        ) from None
    return Recogniser.load(path)
