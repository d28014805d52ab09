"""An `.onnx` file as bytes: what it says of itself, its checksum, and what it must not ask for.

It is one Protocol Buffers message, whose field 14 holds the metadata. Neither the onnx library
nor onnxruntime is needed; web/model/onnx-bytes.js reads the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

from signlet.errors import SignletError
from signlet.modelfile import checksum
from signlet.modelfile.card import ENTRY

CHECKSUM = "signlet.sha256"
"""The metadata entry with SHA-256 of every byte of the file but this entry's own."""
_GRAPH, _METADATA, _FUNCTIONS, _KEY, _VALUE = 7, 14, 25, 1, 2
"""Field numbers of ModelProto and StringStringEntryProto in ONNX's onnx.proto."""
_SPARSE = 15
"""Of GraphProto: weights that are written short and take any amount of memory."""
_ELSEWHERE = (b"location", b"sparse_value")
"""A tensor that is in another file has a key of the first name; it may be any file of this
machine. A node with sparse weights has an attribute of the second."""
_VARINT, _EIGHT_BYTES, _SIZED, _FOUR_BYTES = 0, 1, 2, 5
"""Wire types of Protocol Buffers."""
_CUT_OFF = "not a model, or cut off"


@dataclass(frozen=True)
class _Entry:
    """An entry of the metadata: where it is among the bytes, and its text as bytes."""

    begin: int
    end: int
    value: bytes

    def text(self) -> str:
        """Raises ValueError if it is no UTF-8."""
        try:
            return self.value.decode("utf-8")
        except UnicodeDecodeError:
            raise ValueError("its description is not UTF-8") from None


def card_text(content: bytes, name: str) -> str:
    """The card of a whole file, "" if it has none.

    name: of the file, for errors. Warns, once in a process, where it has no checksum.
    Raises SignletError if it is damaged, or a model that signlet would not have written:
    one whose weights are in other files, or take more memory than the file.
    """
    try:
        entries = _entries(content)
        card, stated = (_only(entries, key) for key in (ENTRY, CHECKSUM))
        if stated is not None:
            checksum.require(stated.text(), _checksum(content, stated), name)
        elif any(
            checksum.is_one(each.value.decode("latin-1")) for each in chain(*entries.values())
        ):
            raise ValueError("its checksum has lost its name")
        _require_alone(content, name)
        if card is None:
            return ""
        if stated is None:
            checksum.note_missing(name)
        return card.text()
    except ValueError as error:
        raise SignletError(f"{name}: is damaged ({error}); copy or export it again") from None


def sealed(content: bytes) -> bytes:
    """The file with a checksum, in the place of one that it had. Raises ValueError."""
    for entry in _entries(content).get(CHECKSUM, ()):
        return sealed(content[: entry.begin] + content[entry.end :])
    return content + _entry(CHECKSUM, checksum.of([content]))


def with_card(content: bytes, text: str) -> bytes:
    """The file with another card, and a checksum. content: of which `card_text` gave a card."""
    (card,) = _entries(content)[ENTRY]
    begin, end = card.begin, card.end
    return sealed(b"".join((content[:begin], _entry(ENTRY, text), content[end:])))


def _entries(content: bytes) -> dict[str, list[_Entry]]:
    """The entries of the metadata by their key. Raises ValueError if this is not a model."""
    found: dict[str, list[_Entry]] = {}
    whole, graphs = memoryview(content), 0
    for number, begin, inside, end in fields(whole):
        graphs += number == _GRAPH
        if number == _METADATA:
            pair = whole[inside:end]
            parts = {n: bytes(pair[start:stop]) for n, _, start, stop in fields(pair)}
            key = parts.get(_KEY, b"").decode("utf-8", "replace")
            found.setdefault(key, []).append(_Entry(begin, end, parts.get(_VALUE, b"")))
    if not graphs:
        raise ValueError(_CUT_OFF)
    return found


def _only(entries: dict[str, list[_Entry]], key: str) -> _Entry | None:
    found = entries.get(key, [])
    if len(found) > 1:
        raise ValueError(f"its {key} appears {len(found)} times")
    return found[0] if found else None


def _checksum(content: bytes, stated: _Entry) -> str:
    whole = memoryview(content)
    return checksum.of([whole[: stated.begin], whole[stated.end :]])


def _require_alone(content: bytes, name: str) -> None:
    """Only what is in the file itself, and needs no more memory than it, is run."""
    whole = memoryview(content)
    for number, _, inside, end in fields(whole):
        if number not in (_GRAPH, _FUNCTIONS):
            continue
        if any(content.find(word, inside, end) >= 0 for word in _ELSEWHERE):
            raise SignletError(
                f"{name}: has weights in another file, which signlet does not open, or sparse "
                "weights; give a model in one file, as signlet exports it"
            )
        if number == _GRAPH and any(part == _SPARSE for part, *_ in fields(whole[inside:end])):
            raise SignletError(f"{name}: has sparse weights; give a model as signlet exports it")


# --- Protocol Buffers -------------------------------------------------------------------------


def fields(content: memoryview) -> Iterator[tuple[int, int, int, int]]:
    """Of each field of a message: its number, and where it, its content and the next begin.

    Raises ValueError if the message is damaged.
    """
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
            raise ValueError(_CUT_OFF)
        if place + size > len(content):
            raise ValueError(_CUT_OFF)
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
    raise ValueError(_CUT_OFF)


def _entry(key: str, value: str) -> bytes:
    pair = _sized(_KEY, key.encode()) + _sized(_VALUE, value.encode())
    return _sized(_METADATA, pair)


def _sized(number: int, content: bytes) -> bytes:
    """A field with its tag and size before it."""
    return _as_varint(number << 3 | _SIZED) + _as_varint(len(content)) + content


def _as_varint(value: int) -> bytes:
    parts = bytearray()
    while value > 127:
        parts.append(value & 127 | 128)
        value >>= 7
    return bytes([*parts, value])
