"""The card of a `.tflite` file, in a ZIP archive behind the flatbuffer: read and written.

TFLite's own metadata keeps associated files in the same way: interpreters never look behind
the flatbuffer, and any ZIP tool reads the archive (`unzip -p model.tflite labels.txt`).
Nothing but the standard library is needed here.
"""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

from signlet.errors import SignletError, first_line
from signlet.modelfile import checksum
from signlet.modelfile.card import Card
from signlet.modelfile.card import read_card as card_from

CARD, LABELS, DIGEST = "signlet.json", "labels.txt", "flatbuffer.sha256"
"""The archive's own CRC-32 guards card and signs, the digest what is before the archive."""
_MAX_CARD, _MOST_TIMES = 64 << 20, 8
"""A card is not larger than this, nor than so many times the whole file; a hostile archive may
claim any size."""
_MIDNIGHT = (1980, 1, 1, 0, 0, 0)
"""Every entry's time, so that the same model gives the same file."""


def append_card(path: Path, card: Card) -> None:
    """Put the card, the signs and the flatbuffer's digest behind a bare flatbuffer."""
    digest = checksum.of_file(path)
    labels = "".join(f"{' '.join(sign.split())}\n" for sign in card.signs)
    with zipfile.ZipFile(path, "a") as archive:
        for name, text in ((LABELS, labels), (CARD, card.as_json()), (DIGEST, digest)):
            archive.writestr(zipfile.ZipInfo(name, _MIDNIGHT), text)


def read_card(path: Path) -> Card:
    """The card of an exported file that is whole.

    Raises SignletError if the file cannot be read, is damaged, was not exported by
    signlet, or is newer than this signlet.
    """
    return card_from(card_text(read_bytes(path), str(path)), str(path))


def read_bytes(path: Path) -> bytes:
    """All of a file. Raises SignletError if it cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise SignletError(f"{path}: cannot be read ({error.strerror or error})") from None


def card_text(content: bytes, name: str) -> str:
    """The card of a whole file, "" if it has none.

    name: of the file, for errors. Raises SignletError if it is damaged.
    """
    if not zipfile.is_zipfile(io.BytesIO(content)):
        return ""
    try:
        files, model = _taken_apart(content)
        if not {CARD, DIGEST} <= set(files):
            return ""
        text, digest = (files[name].decode("utf-8") for name in (CARD, DIGEST))
        if checksum.of([model]) != digest:
            raise ValueError("the model is not the one that was written")
    except Exception as error:  # zipfile has no common base for what it raises
        raise SignletError(
            f"{name}: is damaged ({first_line(error, 200)}); copy or export it again"
        ) from None
    return text


def with_card(content: bytes, text: str) -> bytes:
    """The file with another card. content: of which `card_text` gave a card."""
    files, model = _taken_apart(content)
    out = io.BytesIO(bytes(model))
    with zipfile.ZipFile(out, "a") as archive:
        for one, data in files.items():
            new = text.encode() if one == CARD else data
            archive.writestr(zipfile.ZipInfo(one, _MIDNIGHT), new)
    return out.getvalue()


def _taken_apart(content: bytes) -> tuple[dict[str, bytes], memoryview]:
    """The archive's files by name, and the flatbuffer before it. Raises whatever zipfile does."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        entries = archive.infolist()
        most = min(_MAX_CARD, _MOST_TIMES * len(content))
        if any(entry.file_size > most for entry in entries):
            raise ValueError("an entry is too large")
        files = {entry.filename: archive.read(entry) for entry in entries}
    if len(files) < len(entries):
        raise ValueError("an entry appears twice")
    begin = min((entry.header_offset for entry in entries), default=len(content))
    return files, memoryview(content)[:begin]
