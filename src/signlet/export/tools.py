"""Export formats and the packages that each needs: a format in, what is missing here out."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.util import find_spec

from signlet.errors import SignletError
from signlet.text.install import needs

FILES = {"onnx": "model.onnx", "litert": "model.tflite"}
"""The file of each format."""
_PACKAGES = {
    "onnx": ("onnx", "onnxscript"),
    "litert": ("litert_torch", "ai_edge_litert", "ai_edge_quantizer", "flatbuffers"),
}
_EXTRAS = {"onnx": "onnx", "litert": "export"}
_TOO_NEW = (3, 14)
"""LiteRT's converter wants an older typing_extensions than what this Python's packages need."""


def missing_tools(format: str) -> str | None:
    """Return why a format cannot be written here, with the remedy; None if it can be."""
    missing = [name for name in _PACKAGES[format] if find_spec(name) is None]
    if not missing:
        return None
    if format == "litert" and "litert_torch" in missing and sys.version_info >= _TOO_NEW:
        here = f"{sys.version_info[0]}.{sys.version_info[1]}"
        return (
            f"{FILES[format]} cannot be written on Python {here}, because LiteRT's converter "
            "does not install there yet; use Python 3.11 to 3.13 for it"
        )
    return needs(f"writing {FILES[format]}", _EXTRAS[format])


def require_tools(formats: Sequence[str]) -> None:
    """Raises SignletError if one of the formats cannot be written here: before the work."""
    for format in formats:
        reason = missing_tools(format)
        if reason and format == "litert":
            reason += ", or write model.onnx alone (--to onnx)"
        if reason:
            raise SignletError(reason)
