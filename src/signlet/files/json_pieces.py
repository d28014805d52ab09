"""JSON out of files that anybody wrote: a large one piece after the other, a small one at once."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from signlet.errors import ClipError, SignletError
from signlet.files.regular import content_of

_LONGEST = 2 << 20
"""Letters of a piece, such as a frame, which has fewer than 300,000 however it is laid out."""
_MOST_BYTES, _MOST_VALUES = 256 << 20, 8_000_000
"""Of what is read at once: Python's objects take many times the bytes of their text."""
_SPACE = re.compile(r"[ \t\n\r]*")
_END = 8
"""A piece that ends this many letters before the end of the buffer may continue."""


class _TwiceError(ValueError):
    """A key occurs twice, so its value is ambiguous."""


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise _TwiceError(f"holds {twice[:40]!r} twice in one object; keep one of them")
    return found


_DECODER = json.JSONDecoder(object_pairs_hook=_unique)


def read_json(path: Path, error: type[SignletError] = SignletError) -> Any:
    """Content of a JSON file in UTF-8.

    Raises `error`, one line, where it is not one, is cut off, holds a key twice, or is too large.
    """
    content = content_of(path, _MOST_BYTES, error)
    if sum(content.count(mark) for mark in (b",", b"[", b"{")) > _MOST_VALUES:
        raise error(
            f"{path}: holds more than {_MOST_VALUES:,} values, too many for a table; cut it"
        )
    try:
        return json.loads(content.decode("utf-8-sig"), object_pairs_hook=_unique)
    except (ValueError, RecursionError) as problem:
        raise error(_said(path, problem)) from None


def _said(path: Path, problem: Exception, place: tuple[int, int] = (0, 0)) -> str:
    """place: lines, and letters of a line, before what was looked at."""
    if isinstance(problem, json.JSONDecodeError):
        line = problem.lineno + place[0]
        column = problem.colno + (place[1] if problem.lineno == 1 else 0)
        return (
            f"{path}: is not complete JSON: {problem.msg} in line {line}, column {column}; copy "
            "or "
            "download the file again"
        )
    if isinstance(problem, _TwiceError):
        return f"{path}: {problem}"
    if isinstance(problem, UnicodeError):
        return f"{path}: is not JSON in UTF-8; copy the file again"
    if isinstance(problem, RecursionError):
        return f"{path}: nests lists too deeply; write or copy the file again"
    return f"{path}: holds a number that is too long; write or copy the file again"


class Pieces:
    """The outermost list or object of a JSON file; only a piece of it is in memory.

    Whatever is wrong raises ClipError, one line with the path.
    """

    def __init__(self, file: IO[bytes], path: Path) -> None:
        self._path, self._file = path, io.TextIOWrapper(file, "utf-8-sig", newline="")
        self._text, self._at, self._ended = "", 0, False
        self._place = (0, 0)

    def next(self) -> str:
        """The first letter of what follows, "" at the end."""
        while True:
            match = _SPACE.match(self._text, self._at)
            self._at = match.end() if match else self._at
            if self._at < len(self._text) or self._ended:
                return self._text[self._at : self._at + 1]
            self._read()

    def value(self) -> Any:
        """All of the next value. Raises ClipError if it is longer than a frame can be."""
        self.next()
        if len(self._text) - self._at < _LONGEST:
            self._read()
        try:
            found, self._at = _DECODER.raw_decode(self._text, self._at)
        except json.JSONDecodeError as problem:
            if not self._ended and problem.pos > len(self._text) - _END:
                raise self._wrong(f"contains a piece of more than {_LONGEST:,} letters") from None
            if not self._ended and problem.msg.startswith("Unterminated string"):
                raise self._wrong("contains a text that does not end") from None
            raise ClipError(_said(self._path, problem, self._place)) from None
        except (ValueError, RecursionError) as problem:
            raise ClipError(_said(self._path, problem)) from None
        return found

    def items(self) -> Iterator[Any]:
        """The values of the list that follows, one by one."""
        self._take("[")
        if self.next() == "]":
            self._take("]")
            return
        while True:
            yield self.value()
            if self._take(",]") == "]":
                return

    def names(self) -> Iterator[str]:
        """The keys of the object that follows; whoever takes one takes its value before the next.

        Raises ClipError if one is in it twice.
        """
        self._take("{")
        seen: set[str] = set()
        if self.next() == "}":
            self._take("}")
            return
        while True:
            key = self.value() if self.next() == '"' else None
            if not isinstance(key, str):
                raise self._unexpected("a key")
            if key in seen:
                raise self._wrong(f"holds {key[:40]!r} twice; keep one of them")
            seen.add(key)
            self._take(":")
            yield key
            if self._take(",}") == "}":
                return

    def end(self) -> None:
        """Raise ClipError if anything follows."""
        if self.next():
            raise self._unexpected("the end")

    def _take(self, marks: str) -> str:
        found = self.next()
        if not found or found not in marks:
            raise self._unexpected(" or ".join(marks))
        self._at += 1
        return found

    def _read(self) -> None:
        """More of the file, without what was read of it before."""
        done = self._text[: self._at]
        lines, line = self._place
        newlines = done.count("\n")
        self._place = (
            lines + newlines,
            len(done) - done.rfind("\n") - 1 if newlines else line + self._at,
        )
        try:
            new = self._file.read(_LONGEST)
        except UnicodeError as problem:
            raise ClipError(_said(self._path, problem)) from None
        self._text, self._at, self._ended = self._text[self._at :] + new, 0, not new

    def _unexpected(self, wanted: str) -> ClipError:
        problem = json.JSONDecodeError(f"Expecting {wanted}", self._text, self._at)
        return ClipError(_said(self._path, problem, self._place))

    def _wrong(self, what: str) -> ClipError:
        return ClipError(f"{self._path}: {what}; write or copy the file again")
