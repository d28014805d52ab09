"""The card inside an exported file, read and replaced; every other byte stays as it is.

An `.onnx` file has it among its metadata, and a checksum of all else; a `.tflite` file has a ZIP
archive behind it. Neither the onnx library nor torch is needed.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from signlet.errors import SignletError
from signlet.files.json_text import parsed
from signlet.modelfile import onnx_bytes, tflite_file
from signlet.modelfile.card import read_card

SUFFIXES = (".onnx", ".tflite")


@dataclass(frozen=True)
class ModelSource:
    """The origin of a recogniser. content: of a run folder's export to ONNX."""

    path: Path
    content: bytes | None = field(default=None, repr=False)

    @property
    def suffix(self) -> str:
        """Kind of the file: ".onnx", ".tflite", or "" for a run folder."""
        return self.path.suffix.lower() if self.content is None else ".onnx"

    def read(self) -> bytes:
        """All of the file. Raises SignletError if it cannot be read."""
        if self.content is not None:
            return self.content
        return tflite_file.read_bytes(self.path)


def with_entries(content: bytes, suffix: str, entries: dict[str, Any], name: str) -> bytes:
    """A model file whose card has other values for some of its entries.

    content: the whole file, of kind `suffix`. entries: by their names in the card; entries
    that are not named stay. name: of the file, for errors.
    Raises SignletError if it is damaged or has no card.
    """
    kind = onnx_bytes if suffix == ".onnx" else tflite_file
    text = kind.card_text(content, name)
    if not text:
        raise SignletError(f"{name}: is damaged (it has no card); copy or export it again")
    read_card(text, name)
    return kind.with_card(content, _merged(text, entries))


def _merged(text: str, entries: dict[str, Any]) -> str:
    return json.dumps({**parsed(text), **entries}, ensure_ascii=False, allow_nan=False)
