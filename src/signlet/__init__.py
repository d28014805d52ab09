"""signlet: small sign recognisers, from landmarks to phone.

>>> import signlet
>>> recogniser = signlet.load("fingerspelling")
>>> recogniser("clip.mp4").top(5)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from signlet.moved import find_moved
from signlet.version import __version__ as __version__

if TYPE_CHECKING:
    from pathlib import Path

    from signlet.clip import Clip
    from signlet.errors import ClipError, ClipWarning, SignletError
    from signlet.recognition.recogniser import Recognisable, Recogniser

__all__ = ["Clip", "ClipError", "ClipWarning", "SignletError", "load", "teach"]

find_moved()


def __getattr__(name: str) -> Any:
    """What is named here, when it is asked for: the command line answers to Ctrl-C before that."""
    if name in ("ClipError", "ClipWarning", "SignletError"):
        from signlet import errors

        return getattr(errors, name)
    if name == "Clip":
        from signlet.clip import Clip

        return Clip
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def load(path: str | Path, threads: int = 0) -> Recogniser:
    """Load a trained model.

    path: an exported `.onnx` or `.tflite`, a run folder (which needs torch), or the name of a
        model that comes with signlet: "fingerspelling", the letters A to Z.
    threads: for one clip; 0 leaves it to the library that runs the model.
    Returns a `Recogniser`; call it with a clip, a path or raw landmarks (T, 543, 3).
    Raises SignletError where there is no usable model, or what runs it is not installed.
    """
    from signlet.recognition.recogniser import Recogniser

    return Recogniser.load(path, threads)


def teach(
    base: str | Path | Recogniser,
    clips: Sequence[Recognisable],
    signs: Sequence[str],
    *,
    signers: Sequence[str | None] | None = None,
    keep_signs: bool = False,
) -> Recogniser:
    """Teach new signs to a trained model, by a few examples of each; one will do.

    base: `.onnx`, `.tflite`, a run folder (which needs the extra `export`), the name of a model
        that comes with signlet, or one that is loaded.
    clips: N clips, paths or raw landmarks (T, 543, 3) with NaN for not found.
    signs: N names, the sign that each clip shows. signers: N names, None where unknown.
    keep_signs: the base model's own signs stay beside the taught ones.
    Returns a recogniser of the taught signs; `save` writes it to a file.
    Raises SignletError where the base gives no embedding, a clip shows no hand or cannot be
    read (naming it), or one clip is given for two signs. Notes are given as warnings.
    """
    from signlet.export.teachable import open_base
    from signlet.recognition.teaching import make
    from signlet.recognition.teaching.examples import given_clips

    given = given_clips(clips, signs, signers)
    return make.taught_to(open_base(base), given, keep_signs, make.Progress()).recogniser
