"""Decode a table: a file that any program saved in, its text out."""

from __future__ import annotations

import codecs
import re
from pathlib import Path

from signlet.errors import SignletError
from signlet.files.missing_path import exists, not_found_message
from signlet.files.regular import content_of

OLD = "cp1252"
"""The default encoding of spreadsheets on western Windows."""
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_BOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
"""The first bytes of .xlsx, .ods and .xls files."""
_MOST_BYTES = 256 << 20
"""A table of a million clips has half of that."""
_LOOKED_AT = 4096
_SHOWN = 3


def table_text(path: Path) -> tuple[str, str]:
    """Text of a table, and the encoding that it was read by.

    That is UTF-8, UTF-16 or UTF-32; of what is none of them, `OLD` is supposed, which any
    other old encoding may pass for: see `encoding_note`.
    Raises SignletError if the file is missing, cannot be read, or is no text.
    """
    content = _content(path)
    if content.startswith(_BOOKS):
        raise SignletError(f"{path}: is a workbook, not text; save the table as UTF-8 CSV")
    for encoding in _encodings(content):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text, encoding
    raise SignletError(f"{path}: is not UTF-8 text; save the table as UTF-8 CSV")


def encoding_note(path: Path) -> str:
    """Return a note if the encoding is a guess; "" if it is known.

    Raises SignletError as `table_text` does.
    """
    text, encoding = table_text(path)
    if encoding != OLD:
        return ""
    words = [word for word in re.split(r'[\s,;|"/]+', text) if not word.isascii()]
    shown = f" ({', '.join(sorted(set(words))[:_SHOWN])})" if words else ""
    return (
        f"{path}: is not UTF-8 and was read as Windows-1252; if words are spelt wrong{shown}, save "
        "the table as UTF-8 CSV"
    )


def _content(path: Path) -> bytes:
    if not exists(path):
        raise SignletError(not_found_message(path, "file"))
    return content_of(path, _MOST_BYTES)


def _encodings(content: bytes) -> tuple[str, ...]:
    """Encodings to try: the one that the first bytes tell, else all that are usual."""
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return (encoding,)
    start = content[:_LOOKED_AT]
    # Headings are plain letters: of UTF-16 without a mark, every other byte is 0.
    if start[1::2].count(0) > len(start) // 4:
        return ("utf-16-le",)
    if start[::2].count(0) > len(start) // 4:
        return ("utf-16-be",)
    return ("utf-8", OLD)
