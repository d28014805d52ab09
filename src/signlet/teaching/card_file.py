"""The card inside an exported file, read and replaced; every other byte stays as it is.

An `.onnx` file is one Protocol Buffers message, whose field 14 holds the metadata; a `.tflite`
file has a ZIP archive behind it. Neither the onnx library nor torch is needed.
"""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from signlet.card import ENTRY
from signlet.errors import SignletError
from signlet.runtimes.tflite_file import CARD

SUFFIXES = (".onnx", ".tflite")
_METADATA, _KEY, _VALUE = 14, 1, 2
"""Field numbers of ModelProto and StringStringEntryProto in ONNX's onnx.proto."""
_VARINT, _EIGHT_BYTES, _SIZED, _FOUR_BYTES = 0, 1, 2, 5
"""Wire types of Protocol Buffers."""
_MAX_ENTRY = 64 << 20
_DAMAGED = (ValueError, KeyError, TypeError, RuntimeError, EOFError, RecursionError)


@dataclass(frozen=True)
class ModelSource:
    """What a recogniser was loaded from. content: of a run folder's export to ONNX."""

    path: Path
    content: bytes | None = field(default=None, repr=False)

    @property
    def suffix(self) -> str:
        """Kind of the file: ".onnx", ".tflite", or "" for a run folder."""
        return self.path.suffix.lower() if self.content is None else ".onnx"

    def read(self) -> bytes:
        """All of the file. Raises SignletError where it cannot be read."""
        if self.content is not None:
            return self.content
        try:
            return self.path.read_bytes()
        except OSError as error:
            raise SignletError(f"{self.path}: cannot be read ({error.strerror or error})") from None


def with_entries(content: bytes, suffix: str, entries: dict[str, Any], name: str) -> bytes:
    """A model file whose card has other values for some of its entries.

    content: the whole file, of kind `suffix`. entries: by their names in the card; entries
    that are not named stay. name: of the file, for errors.
    Raises SignletError where it is damaged or has no card.
    """
    rewrite = _with_onnx_card if suffix == ".onnx" else _with_tflite_card
    try:
        return rewrite(content, entries)
    except (*_DAMAGED, zipfile.BadZipFile, zlib.error) as error:
        reason = " ".join(str(error).split())[:120]
        raise SignletError(f"{name}: is damaged ({reason}); copy or export it again") from None


def _merged(text: str, entries: dict[str, Any]) -> str:
    card = json.loads(text)
    return json.dumps({**card, **entries}, ensure_ascii=False, allow_nan=False)


# --- .onnx ------------------------------------------------------------------------------------


def _with_onnx_card(content: bytes, entries: dict[str, Any]) -> bytes:
    begin, end, text = _onnx_card(memoryview(content))
    pair = _sized(_KEY, ENTRY.encode()) + _sized(_VALUE, _merged(text, entries).encode())
    return b"".join((content[:begin], _sized(_METADATA, pair), content[end:]))


def _onnx_card(content: memoryview) -> tuple[int, int, str]:
    """Where the only metadata entry with the card begins and ends, and its text."""
    found = []
    for number, begin, inside, end in _fields(content):
        if number == _METADATA:
            pair = content[inside:end]
            parts = {n: bytes(pair[start:stop]) for n, _, start, stop in _fields(pair)}
            if parts.get(_KEY) == ENTRY.encode():
                found.append((begin, end, parts.get(_VALUE, b"").decode()))
    if len(found) != 1:
        raise ValueError(f"it has {len(found)} cards")
    return found[0]


def _fields(content: memoryview) -> Iterator[tuple[int, int, int, int]]:
    """Of each field of a message: its number, and where it, its content and the next begin."""
    place = 0
    while place < len(content):
        begin = place
        tag, place = _varint(content, place)
        kind, size = tag & 7, 0
        if kind == _VARINT:
            _, place = _varint(content, place)
        elif kind == _SIZED:
            size, place = _varint(content, place)
        elif kind in (_EIGHT_BYTES, _FOUR_BYTES):
            size = 8 if kind == _EIGHT_BYTES else 4
        else:
            raise ValueError(f"a field of wire type {kind}")
        if place + size > len(content):
            raise ValueError("it is cut off")
        yield tag >> 3, begin, place, place + size
        place += size


def _varint(content: memoryview, place: int) -> tuple[int, int]:
    """A number, and where the next thing begins."""
    value = 0
    for shift in range(0, 70, 7):
        if place >= len(content):
            break
        byte = content[place]
        place += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, place
    raise ValueError("it is cut off")


def _sized(number: int, content: bytes) -> bytes:
    """A field with its tag and size before it."""
    return _as_varint(number << 3 | _SIZED) + _as_varint(len(content)) + content


def _as_varint(value: int) -> bytes:
    parts = bytearray()
    while value > 127:
        parts.append(value & 127 | 128)
        value >>= 7
    return bytes([*parts, value])


# --- .tflite ----------------------------------------------------------------------------------


def _with_tflite_card(content: bytes, entries: dict[str, Any]) -> bytes:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        files = archive.infolist()
        if any(file.file_size > _MAX_ENTRY for file in files):
            raise ValueError("an entry is too large")
        inside = [(file, archive.read(file)) for file in files]
    out = io.BytesIO(content[: min(file.header_offset for file in files)])
    with zipfile.ZipFile(out, "a") as archive:
        for file, data in inside:
            new = _merged(data.decode(), entries).encode() if file.filename == CARD else data
            archive.writestr(zipfile.ZipInfo(file.filename, file.date_time), new)
    return out.getvalue()
