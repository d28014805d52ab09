"""What a `.tflite` file of signlet's says of itself, in a ZIP archive behind the flatbuffer.

TFLite's own metadata keeps associated files in the same way: interpreters never look behind
the flatbuffer, and any ZIP tool reads the archive (`unzip -p model.tflite labels.txt`).
Nothing but the standard library is needed here.
"""

from __future__ import annotations

import hashlib
import zipfile
import zlib
from pathlib import Path

from signlet.card import Card
from signlet.card import read_card as card_from
from signlet.errors import SignletError

CARD, LABELS, DIGEST = "signlet.json", "labels.txt", "flatbuffer.sha256"
_MAX_CARD = 64 << 20
"""More bytes than this are no card; a hostile archive may claim any size."""
_MIDNIGHT = (1980, 1, 1, 0, 0, 0)
"""Every entry's time, so that the same model gives the same file."""
_DAMAGED = (zipfile.BadZipFile, zlib.error, KeyError, ValueError, RuntimeError, EOFError)


def append_card(path: Path, card: Card) -> None:
    """Put the card, the signs and the flatbuffer's digest behind a bare flatbuffer."""
    digest = _digest(path, path.stat().st_size)
    labels = "".join(f"{' '.join(sign.split())}\n" for sign in card.signs)
    with zipfile.ZipFile(path, "a") as archive:
        for name, text in ((LABELS, labels), (CARD, card.as_json()), (DIGEST, digest)):
            archive.writestr(zipfile.ZipInfo(name, _MIDNIGHT), text)


def read_card(path: Path) -> Card:
    """The card of an exported file that is whole.

    Raises SignletError where the file cannot be read, is damaged, was not exported by
    signlet, or is newer than this signlet.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            names = {entry.filename for entry in entries}
            if not {CARD, DIGEST} <= names:
                return card_from(None, str(path))
            if any(entry.file_size > _MAX_CARD for entry in entries):
                raise ValueError("an entry is too large")
            text, digest = (archive.read(name).decode() for name in (CARD, DIGEST))
        if _digest(path, min(entry.header_offset for entry in entries)) != digest:
            raise ValueError("the model is not the one that was written")
    except OSError as error:
        raise SignletError(f"{path}: cannot be read ({error.strerror or error})") from None
    except _DAMAGED as error:
        if zipfile.is_zipfile(path):
            raise SignletError(f"{path}: is damaged ({error}); copy or export it again") from None
        return card_from(None, str(path))
    return card_from(text, str(path))


def _digest(path: Path, size: int) -> str:
    """SHA-256 of the first `size` bytes."""
    found = hashlib.sha256()
    with path.open("rb") as file:
        while size > 0 and (portion := file.read(min(size, 1 << 20))):
            found.update(portion)
            size -= len(portion)
    return found.hexdigest()
