"""Thrift's compact protocol, decoded: what a Parquet file says of itself, before Arrow reads it.

Arrow's own reader follows a description however deep it nests, until its stack ends, which no
exception tells.
"""

from __future__ import annotations

from typing import Any

_DEEPEST, _LONGEST_NUMBER = 32, 70
_MOST_VALUES = 1 << 20
_TRUE, _FALSE, _BYTE, _DOUBLE, _BYTES, _LIST, _SET, _MAP, _STRUCT = 1, 2, 3, 7, 8, 9, 10, 11, 12

Structure = dict[int, Any]
"""Value by number of the field: int, a list, another structure, or None for what is skipped."""
_Walked = tuple[Any, int]
"""A value, and where the next one begins."""


def structure(data: bytes, at: int = 0) -> tuple[Structure, int]:
    """Decode the structure that begins at `at`; also return where it ends.

    Texts, doubles and maps are skipped. Raises ValueError if the data is not a whole structure,
    holds a field twice, or nests deeper or holds more than any file does.
    """
    try:
        found, end = _structure(data, at, 0)
    except IndexError:
        raise ValueError("breaks off") from None
    if end > len(data):
        raise ValueError("breaks off")
    return found, end


def _structure(data: bytes, at: int, depth: int) -> _Walked:
    if depth > _DEEPEST:
        raise ValueError("nests too deep")
    found: Structure = {}
    field = 0
    while head := data[at]:
        at += 1
        if head >> 4:
            field += head >> 4
        else:
            field, at = _number(data, at)
        if field in found:
            raise ValueError(f"holds its field {field} twice")
        kind = head & 15
        if kind <= _FALSE:
            found[field] = kind == _TRUE
        else:
            found[field], at = _value(data, at, kind, depth)
    return found, at + 1


def _value(data: bytes, at: int, kind: int, depth: int) -> _Walked:
    if 4 <= kind <= 6:
        return _number(data, at)
    if kind == _BYTES:
        length, at = _varint(data, at)
        return None, at + length
    if kind == _STRUCT:
        return _structure(data, at, depth + 1)
    if kind in (_LIST, _SET):
        return _list(data, at, depth + 1)
    if kind in (_TRUE, _FALSE, _BYTE):
        return data[at], at + 1
    if kind == _DOUBLE:
        return None, at + 8
    if kind == _MAP:
        return None, _after_map(data, at, depth + 1)
    raise ValueError(f"has a value of kind {kind}")


def _list(data: bytes, at: int, depth: int) -> _Walked:
    if depth > _DEEPEST:
        raise ValueError("nests too deep")
    head = data[at]
    count, at = (head >> 4, at + 1) if head >> 4 < 15 else _varint(data, at + 1)
    if count > min(_MOST_VALUES, len(data)):
        raise ValueError("lists too much")
    values = []
    for _ in range(count):
        value, at = _value(data, at, head & 15, depth)
        values.append(value)
    return values, at


def _after_map(data: bytes, at: int, depth: int) -> int:
    count, at = _varint(data, at)
    if count == 0:
        return at
    if count > len(data) or depth > _DEEPEST:
        raise ValueError("lists too much")
    kinds = data[at] >> 4, data[at] & 15
    at += 1
    for _ in range(count):
        for kind in kinds:
            _, at = _value(data, at, kind, depth)
    return at


def _number(data: bytes, at: int) -> tuple[int, int]:
    """Signed: 0, -1, 1, -2, 2 ... are written as 0, 1, 2, 3, 4 ..."""
    value = data[at]
    at += 1
    if value > 127:
        value, at = _varint(data, at - 1)
    return (value >> 1) ^ -(value & 1), at


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while shift < _LONGEST_NUMBER:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
        shift += 7
    raise ValueError("has a number that is too long")
