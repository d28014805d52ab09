"""The checksum of a model file: SHA-256 of all that decides an answer, written beside it.

A changed bit among the weights is not an error to the libraries that run them: the file opens and
answers otherwise. So every file says what it should hold, and is refused where it holds
something else. It tells damage, not bad will: anybody who changes a file can also write a new
checksum.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from signlet.errors import SignletError
from signlet.files.regular import require_regular

NAME = "sha256"
"""The key of the checksum in the JSON files of a run folder."""
_LOOK = re.compile("[0-9a-f]{64}")
_noted: list[str] = []
"""The file that the note was about; the others of this process go without."""


def of(parts: Iterable[bytes | memoryview]) -> str:
    """Of bytes that are one after the other: 64 hexadecimal digits."""
    found = hashlib.sha256()
    for part in parts:
        found.update(part)
    return found.hexdigest()


def of_file(path: Path) -> str:
    """Of a whole file. Raises OSError if it cannot be read, SignletError if it is not one."""
    require_regular(path, SignletError)
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def of_content(content: dict[str, Any], *files: Path) -> str:
    """Of what a JSON object says, however it is laid out, and of the files that it goes with.

    content: its own entry `NAME` does not count. Raises OSError if a file cannot be read.
    """
    rest = {name: value for name, value in content.items() if name != NAME}
    text = json.dumps(rest, sort_keys=True, separators=(",", ":"))
    return of([text.encode("ascii"), *(of_file(path).encode("ascii") for path in files)])


def require(stated: Any, found: str, name: str) -> None:
    """Raise SignletError if a file does not hold what was written. name: of it, for errors."""
    if stated != found:
        raise SignletError(
            f"{name}: is damaged, or was changed after it was written (its {NAME} differs); "
            "copy it again, or write it again from its source"
        )


def is_one(value: Any) -> bool:
    """Return True if a value looks like a checksum: damage may have changed only its key."""
    return isinstance(value, str) and _LOOK.fullmatch(value) is not None


def note_missing(name: str) -> None:
    """Say, once in a process, that a file has no checksum. name: of it."""
    if _noted:
        return
    _noted.append(name)
    _says[-1](
        f"{name}: has no checksum, like all files of older versions of signlet, so damage would "
        "go unnoticed; write it again (signlet export, teach, train or calibrate)"
    )


@contextmanager
def saying(say: Callable[[str], None]) -> Iterator[None]:
    """In the block, `say` gets the message in place of a warning."""
    _says.append(say)
    try:
        yield
    finally:
        _says.pop()


def _warn(text: str) -> None:
    warnings.warn(text, stacklevel=_outside())


_says: list[Callable[[str], None]] = [_warn]


def _outside() -> int:
    """Return the `stacklevel` of `warnings.warn` for the first line outside signlet."""
    level, frame = 1, sys._getframe(1)
    while frame.f_back and frame.f_globals.get("__name__", "").partition(".")[0] == "signlet":
        level, frame = level + 1, frame.f_back
    return level
