"""Arrays of half-precision numbers as text in cards: base64 in, arrays out, and back."""

from __future__ import annotations

import base64
import binascii
from typing import Any

import numpy as np
from numpy.typing import NDArray

Halves = NDArray[np.float16]
_OFF = 0.05
"""A row's length may differ from 1 by this; half precision moves it by 0.001 at most."""


def as_text(rows: NDArray[np.floating[Any]]) -> str:
    """(N, D) -> base64 of float16, little-endian, row by row."""
    return base64.b64encode(np.ascontiguousarray(rows, "<f2").tobytes()).decode("ascii")


def unit_rows(text: Any, rows: int, width: int, what: str) -> Halves:
    """(rows, width) float16 of length 1 out of an untrusted card.

    what: names them in errors. Raises ValueError if their number or their kind is wrong.
    """
    try:
        content = base64.b64decode(text, validate=True)
    except (TypeError, ValueError, binascii.Error):
        raise ValueError(f"{what} are not base64") from None
    if len(content) != rows * width * 2:
        raise ValueError(f"{what} are not {rows} times {width} numbers")
    read = np.frombuffer(content, "<f2").reshape(rows, width).astype(np.float16)
    length = np.sqrt(np.square(read.astype(np.float64)).sum(1))
    if not (np.abs(length - 1) <= _OFF).all():  # nor is NaN
        raise ValueError(f"{what} are not of length 1")
    return read
