"""The memory that columns of a Parquet file would take: its footer and page headers in, bytes out.

A page says how large it is unpacked, and Arrow takes it at its word: 24 KB became 4.7 GB.
Numbers of fields and kinds: https://parquet.apache.org/docs/file-format/metadata/
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

from signlet.files import thrift

_MAGIC = b"PAR1"
_TAIL = 8
"""Bytes of the footer's length and the magic behind it."""
_FIRST_PAGES = 4
"""Byte at which the first page may be, after the magic."""
_MOST_FOOTER = 1 << 20
_ROW_GROUPS, _COLUMNS, _ROWS, _ABOUT = 4, 1, 3, 3
_KIND, _CODEC, _VALUES, _PACKED, _DATA_AT, _DICTIONARY_AT = 1, 4, 5, 7, 9, 11
_TEXT, _CHEAP_CODECS = 6, (0, 1)
_UNPACKED_PAGE, _PACKED_PAGE = 2, 3
_DATA_PAGE, _DATA_PAGE_V2 = (5, 2), (8, 4)
"""Field of a page's head for either kind of data page, and the field of its encoding."""
_FRONT_CODED = 7
"""DELTA_BYTE_ARRAY: a text takes its beginning from the one before, so it may be of any length."""
_LARGEST_PAGE, _MOST_TIMES = 64 << 20, 50
_OF_ANOTHER_KIND = (KeyError, TypeError, AttributeError, IndexError)
"""Errors of a field that is missing, or a list or a number where another is expected."""
_USUAL_HEAD, _LONGEST_HEAD = 256, 1 << 16


@dataclass(frozen=True)
class Chunk:
    """A column in a row group: its number, its rows, bytes packed, where its pages begin."""

    column: int
    rows: int
    packed: int
    begin: int
    cheap: bool
    """Packed in a way that cannot unpack to more than some twenty times its size."""
    text: bool


class TooLargeError(ValueError):
    """A page that would take more memory than its file may."""


def footer(file: IO[bytes], size: int) -> thrift.Structure:
    """Read the footer of a Parquet file of `size` bytes: the description of its columns.

    Raises ValueError with the reason where nothing can be read, TooLargeError if too much.
    """
    file.seek(max(0, size - _TAIL))
    tail = file.read(_TAIL)
    length = int.from_bytes(tail[:4], "little")
    if tail[4:] != _MAGIC:
        raise ValueError("is not a Parquet file")
    if length > size - _TAIL - len(_MAGIC):
        raise ValueError("breaks off")
    if length > _MOST_FOOTER:
        raise TooLargeError("describes very many row groups")
    file.seek(size - _TAIL - length)
    return thrift.structure(file.read(length))[0]


def chunks(about: thrift.Structure) -> Iterator[Chunk]:
    """All columns of all row groups. Raises ValueError if one lacks what Arrow needs of it."""
    try:
        for group in about[_ROW_GROUPS]:
            for number, column in enumerate(group[_COLUMNS]):
                yield _chunk(number, group[_ROWS], column[_ABOUT])
    except _OF_ANOTHER_KIND:
        raise ValueError("lacks what a column needs") from None


def _chunk(number: int, rows: int, about: thrift.Structure) -> Chunk:
    begin, dictionary = about[_DATA_AT], about.get(_DICTIONARY_AT, 0)
    if 0 < dictionary < begin:  # some writers put 0 if there is none
        begin = dictionary
    packed = about[_PACKED] if about[_VALUES] or begin else 0  # of no rows there may be no place
    if packed < 0 or (packed and begin < _FIRST_PAGES):
        raise ValueError("has a column outside the file")
    cheap, text = about[_CODEC] in _CHEAP_CODECS, about[_KIND] == _TEXT
    return Chunk(number, rows, packed, begin, cheap, text)


def judge_pages(file: IO[bytes], chunk: Chunk, most: int) -> int:
    """Bytes that a column takes unpacked.

    Raises TooLargeError if one of its pages would take more than `most`, or texts of any length;
    ValueError if the pages do not follow each other to the column's end.
    """
    at, end, total = chunk.begin, chunk.begin + chunk.packed, 0
    while at < end:
        head, length = _head(file, at)
        try:
            unpacked, packed = int(head[_UNPACKED_PAGE]), int(head[_PACKED_PAGE])
            front_coded = chunk.text and _front_coded(head)
        except _OF_ANOTHER_KIND:
            raise ValueError("has a damaged page") from None
        if min(unpacked, packed) < 0:
            raise ValueError("has a page of no length")
        if unpacked > most or front_coded:
            raise TooLargeError("unpacks to far more than its rows need")
        at, total = at + length + packed, total + unpacked
    return total


def judge_table(file: IO[bytes], size: int) -> None:
    """Raise ValueError if a table of any columns unpacks to far more than its file's size."""
    try:
        parts = (judge_pages(file, chunk, _LARGEST_PAGE) for chunk in chunks(footer(file, size)))
        if sum(parts) > _LARGEST_PAGE + _MOST_TIMES * size:
            raise TooLargeError
    except TooLargeError:
        raise ValueError("unpacks to far more than a file of its size") from None


def _head(file: IO[bytes], at: int) -> tuple[thrift.Structure, int]:
    for longest in (_USUAL_HEAD, _LONGEST_HEAD):
        file.seek(at)
        data = file.read(longest)
        try:
            return thrift.structure(data)
        except ValueError:
            if len(data) < longest:
                break
    raise ValueError("has a damaged page")


def _front_coded(head: thrift.Structure) -> bool:
    return any(
        (head.get(page) or {}).get(encoding) == _FRONT_CODED
        for page, encoding in (_DATA_PAGE, _DATA_PAGE_V2)
    )
