"""Runtimes: a model file in, probabilities (B, K) of clips out; torch, onnxruntime or LiteRT."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from signlet.errors import ClipError, SignletError
from signlet.files.missing_path import not_found_message
from signlet.files.regular import blocked, irregular
from signlet.modelfile.calibration import Calibration
from signlet.modelfile.card import Card
from signlet.pretrained import model_path, names
from signlet.text.install import needs

Answers = tuple[NDArray[np.float32], NDArray[np.float32]]
"""Probabilities (B, K) and embeddings (B, D) of clips."""


_FILES = (".onnx", ".tflite")
"""Endings of models that are one file."""


class Runtime(Protocol):
    """A loaded model file.

    signs: K names. about: what the file says of itself. calibration: of its probabilities,
    None if nobody has measured one. max_frames: longest clip that it takes, None for any.
    embedding_size: D, None if the file gives no embedding. card: of an exported file, None
    for a run folder.
    """

    card: Card | None = None
    signs: tuple[str, ...]
    about: dict[str, Any]
    calibration: Calibration | None
    max_frames: int | None
    embedding_size: int | None

    def probabilities(self, raws: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
        """Each clip (T, 543, 3) float32 with any T from 1, NaN = not found -> (B, K)."""

    def answers(self, raws: Sequence[NDArray[np.float32]]) -> Answers:
        """Probabilities (B, K) and embeddings (B, D), both float32, of one run.

        raws: as for `probabilities`.
        Each member's features at length 1, in the members' order, divided by the square root
        of their number: (B, D) of length 1, whatever the average of the answers is.
        Raises SignletError if the file gives no embedding.
        """

    def embed(self, raws: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
        """The embeddings of `answers`: (B, D) float32."""
        return self.answers(raws)[1]


def require_frames(raws: Sequence[NDArray[np.float32]]) -> None:
    """Raise ClipError if a clip is empty, which the libraries refuse in words of their own."""
    for number, raw in enumerate(raws, 1):
        if not len(raw):
            raise ClipError(f"clip {number} of {len(raws)}: has 0 frames; record it again")


def require_embedding(size: int | None, path: str | Path) -> int:
    """The numbers of an embedding. Raises SignletError if the file `path` gives none."""
    if size is None:
        raise SignletError(
            f"{path}: has no embedding: it was exported without one (--no-embedding, or by an "
            "older signlet); export it again"
        )
    return size


def open_runtime(path: str | Path, threads: int = 0) -> Runtime:
    """Load a model file with what its name asks for.

    path: `.onnx`, `.tflite`, a run folder, or the name of a model that comes with signlet
    (`signlet.pretrained`). threads: for one clip; 0 leaves it to the library.
    Raises SignletError if there is no usable model, or the library is not installed.
    """
    path = model_path(path)
    kind = path.suffix.lower()
    if (why := blocked(path)) or (kind in _FILES and path.is_dir() and (why := irregular(path))):
        raise SignletError(why)
    if kind in _FILES and not path.is_file():
        raise SignletError(f"{not_found_message(path, 'model file')} (signlet export writes one)")
    if kind == ".onnx":
        from signlet.runtimes import onnx

        return onnx.load(path, threads)
    if kind == ".tflite":
        from signlet.runtimes import litert

        return litert.load(path, threads)
    _require_model(path)
    try:
        from signlet.runtimes import torch
    except ModuleNotFoundError as error:
        raise SignletError(
            f"{path}: {needs('reading a run folder', 'train', error)}, or give a model.onnx"
        ) from None
    return torch.load(path, threads)


def is_model(name: str) -> bool:
    """Return True if `open_runtime` would take this for a model, by its name and its place."""
    path = model_path(name)
    if path.suffix.lower() in _FILES:
        return path.is_file()
    return (path / "model.safetensors").is_file() and (path / "config.json").is_file()


def _require_model(path: Path) -> None:
    """Say what is wrong with a path before a large library is asked for."""
    if not path.exists():
        raise SignletError(
            f"{not_found_message(path, names=names())}; give model.onnx, model.tflite, "
            f"a run folder (with config.json and model.safetensors), or {_shipped()}"
        )
    if path.is_file() and path.name not in ("model.safetensors", "config.json"):
        raise SignletError(f"{path}: is not a model; give model.onnx, model.tflite or a run folder")
    inside = [name for name in ("model.onnx", "model.tflite") if (path / name).is_file()]
    if inside and not (path / "model.safetensors").exists():
        raise SignletError(f"{path}: is a folder; name the file in it, {path / inside[0]}")


def _shipped() -> str:
    return f"a model that comes with signlet ({', '.join(names()) or 'none is installed'})"
