"""JSON of model files, which may come from anywhere."""

from __future__ import annotations

import json
import math
import re
from typing import Any, NoReturn

_MOST_DEEP = 32
_MOST_DIGITS = 18
"""A larger whole number does not count anything here, and other languages cannot hold it."""
_HALF = re.compile(r"\\u[dD][89a-fA-F]")


def parsed(text: str | bytes) -> Any:
    """Parse a JSON text. bytes are UTF-8.

    Takes about 25 times the memory of the text at most. Raises ValueError if it is no JSON,
    is nested deeper than 32, holds a number that is infinite, NaN or of more than 18 digits, or
    half of a character.
    """
    if isinstance(text, bytes):
        text = text.decode("utf-8")
    try:
        found = json.loads(text, parse_int=_whole, parse_float=_finite, parse_constant=_no_constant)
    except RecursionError:
        raise ValueError(f"it is nested deeper than {_MOST_DEEP}") from None
    _require_flat(found)
    if _HALF.search(text):
        _require_characters(found)
    return found


def _whole(digits: str) -> int:
    if len(digits) > _MOST_DIGITS:
        raise ValueError(f"it holds a number of {len(digits)} digits")
    return int(digits)


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError(f"it holds the number {digits[:20]}, which is too large")
    return number


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"it holds {name}, which is not a JSON number")


def _require_flat(found: Any) -> None:
    level = [found]
    for _ in range(_MOST_DEEP + 1):
        level = [
            inside
            for one in level
            if isinstance(one, dict | list)
            for inside in (one.values() if isinstance(one, dict) else one)
            if isinstance(inside, dict | list)
        ]
        if not level:
            return
    raise ValueError(f"it is nested deeper than {_MOST_DEEP}")


def _require_characters(found: Any) -> None:
    """A surrogate without its other half cannot be written, printed or sent."""
    try:
        json.dumps(found, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise ValueError("it holds half of a character") from None
