"""As much of Thrift's compact protocol as tells how deep and how long a file's description is.

Parquet's own reader follows a description however deep it nests, until its stack ends, which no
exception tells.
"""

from __future__ import annotations

from collections.abc import Iterator

_DEEPEST = 32
_BOOLS, _BYTE, _VARINTS, _DOUBLE = (1, 2), 3, (4, 5, 6), 7
_BYTES, _LISTS, _MAP, _STRUCT = 8, (9, 10), 11, 12

Field = tuple[int, int, int]
"""Number and kind of a field, and where its value begins."""


def lengths(data: bytes, number: int) -> Iterator[int]:
    """Lengths of the lists in a structure's field `number`, which may be there several times.

    Raises ValueError where the data is no whole structure, or nests deeper than any file does.
    """
    for field, kind, at in _fields(data, 0, 0):
        if field == number and kind in _LISTS:
            yield _list(data, at)[1]


def _fields(data: bytes, at: int, depth: int) -> Iterator[Field]:
    """The fields of a structure; the last is no field, and tells where the structure ends."""
    if depth > _DEEPEST:
        raise ValueError("nests too deep")
    field = 0
    while True:
        head = _byte(data, at)
        if head == 0:
            yield 0, 0, at + 1
            return
        at += 1
        kind = head & 15
        if head >> 4:
            field += head >> 4
        else:
            field, at = _varint(data, at)
            field = (field >> 1) ^ -(field & 1)
        yield field, kind, at
        at = at if kind in _BOOLS else _after(data, at, kind, depth)


def _after(data: bytes, at: int, kind: int, depth: int) -> int:
    """Where the value that begins at `at` ends."""
    if kind in _VARINTS:
        return _varint(data, at)[1]
    if kind == _STRUCT:
        return list(_fields(data, at, depth + 1))[-1][2]
    if kind == _BYTES:
        length, at = _varint(data, at)
        return at + length
    if kind in (*_BOOLS, _BYTE):
        return at + 1
    if kind == _DOUBLE:
        return at + 8
    if depth > _DEEPEST:
        raise ValueError("nests too deep")
    if kind in _LISTS:
        inner, count, at = _list(data, at)
        return _repeated(data, at, (inner,), count, depth)
    if kind == _MAP:
        count, at = _varint(data, at)
        if count == 0:
            return at
        both = _byte(data, at)
        return _repeated(data, at + 1, (both >> 4, both & 15), count, depth)
    raise ValueError(f"has a value of kind {kind}")


def _repeated(data: bytes, at: int, kinds: tuple[int, ...], count: int, depth: int) -> int:
    for _ in range(count):
        for kind in kinds:
            at = _after(data, at, kind, depth + 1)
            if at > len(data):
                raise ValueError("breaks off")
    return at


def _list(data: bytes, at: int) -> tuple[int, int, int]:
    """(kind, count, where the first one begins)."""
    head = _byte(data, at)
    count, at = (head >> 4, at + 1) if head >> 4 < 15 else _varint(data, at + 1)
    return head & 15, count, at


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while shift < 70:
        byte = _byte(data, at)
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
        shift += 7
    raise ValueError("has a number that is too long")


def _byte(data: bytes, at: int) -> int:
    if not 0 <= at < len(data):
        raise ValueError("breaks off")
    return data[at]
