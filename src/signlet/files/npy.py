"""Arrays in numpy's own format: the header is judged before any number is read."""

from __future__ import annotations

import io
import math
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from signlet.errors import ClipError, reason_of
from signlet.files.internal_errors import is_internal_error
from signlet.files.regular import open_regular

_BLOCK = 1 << 20
_LONGEST_HEADER = 10_000
"""Bytes; of an array of numbers it has 128."""
_LONGEST = 1 << 62
"""No array is so long in any direction."""
_WIDEST = 16
"""Bytes of the widest number that numpy has."""

Shape = tuple[int, ...]
Judge = Callable[[Shape, np.dtype[Any]], None]
"""Raises ClipError if an array of this shape and type is not wanted."""


def read_array(file: IO[bytes], size: int, judge: Judge, name: str) -> NDArray[Any]:
    """The array of real numbers, or of one word, in an open file.

    file: at its beginning. size: bytes that it has, or claims to have. name: for errors.
    judge: of the header's shape and type, before memory is taken for it.
    Raises ClipError if the header is invalid, if data that it promises is missing, or if `judge`
    raises it.
    """
    head = io.BytesIO(file.read(_LONGEST_HEADER))
    shape, fortran, kind = _header(head, name)
    judge(shape, kind)
    count = math.prod(shape)
    promised, there = count * kind.itemsize, size - head.tell()
    if promised > there:
        raise ClipError(
            f"{name}: is cut off: its header promises {promised:,} bytes of numbers, but the "
            f"file has {there:,}; copy or write the file again"
        )
    array = np.empty(count, kind)
    _fill(array, head.read(), file, name)
    return array.reshape(shape[::-1]).T if fortran else array.reshape(shape)


def shape_of(path: Path) -> Shape:
    """Shape of the array in a file, without its numbers. Raises ClipError if it has none."""
    with open_regular(path) as file:
        return _header(io.BytesIO(file.read(_LONGEST_HEADER)), str(path))[0]


def _header(head: IO[bytes], name: str) -> tuple[Shape, bool, np.dtype[Any]]:
    try:
        version = npy.read_magic(head)
        # Version 3 differs in the names of columns, which no array of numbers has.
        reader = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
        shape, fortran, kind = reader(head)
    except Exception as error:  # Python's parser and numpy raise nearly anything over a bad header
        if is_internal_error(error):
            raise
        why = reason_of(error, 80)
        raise ClipError(
            f"{name}: is not a complete numpy array ({why}); write or copy the file again"
        ) from None
    if not all(0 <= length < _LONGEST for length in shape):
        raise ClipError(f"{name}: has a shape that is impossible; write or copy the file again")
    return shape, fortran, kind


def require_numbers(kind: np.dtype[Any], name: str) -> None:
    """Raise ClipError if an array's type is not a type of real numbers."""
    if kind.kind not in "fiu" or not 0 < kind.itemsize <= _WIDEST:
        what = "objects" if kind.hasobject else str(kind)[:60]
        raise ClipError(
            f"{name}: holds {what}, not numbers; write an array of float32 with numpy.save"
        )


def shown(shape: Shape) -> str:
    """A shape for a message, however long it is."""
    text = str(tuple(shape))
    return text if len(text) <= 60 else f"{text[:57]}..."


def _fill(array: NDArray[Any], begun: bytes, file: IO[bytes], name: str) -> None:
    """In blocks, so that what is unpacked takes no more memory than the array.

    begun: what was read already of the numbers.
    """
    if not array.size:
        return
    view = array.view(np.uint8).data
    done = min(len(begun), len(view))
    view[:done] = begun[:done]
    while done < len(view):
        count = file.readinto(view[done : done + _BLOCK])  # type: ignore[attr-defined]
        if not count:
            raise ClipError(f"{name}: is cut off; copy or write the file again")
        done += count
    file.read(1)  # at the end of an archive's entry its checksum is compared
