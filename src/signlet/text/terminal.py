"""Printing whatever a name holds, where a stream knows fewer letters, and after a reader has gone.

A redirected stdout on Windows is in cp1252, that of a bare Linux server may be in ASCII. Names
of signs are in any script, so what cannot be written there is escaped: no result is lost
because it could not be printed. `signlet.printable` has what is escaped wherever it is printed.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from typing import IO, Any, cast

from signlet.errors import SignletError
from signlet.printable import UNPRINTED_IN_TEXT, in_a_message, printable, printable_lines

_ESCAPE = "backslashreplace"
_NOTEBOOK = "JPY_PARENT_PID"
"""Set where a Jupyter kernel runs a program."""


def in_notebook() -> bool:
    """Return True below a Jupyter kernel: it looks like a terminal but cannot move a cursor."""
    return _NOTEBOOK in os.environ


def is_terminal(stream: IO[str] | None) -> bool:
    """Return True if a person may be watching."""
    return stream is not None and as_it_is(stream).isatty() and not in_notebook()


@contextmanager
def printing_safely() -> Iterator[None]:
    """Meanwhile stdout and stderr print only what is printable, whoever prints.

    For a program of its own: a library must not change the streams of whoever calls it.
    """
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = map(_safe, before)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before


def _safe(stream: Any) -> Any:
    if isinstance(stream, TextIOWrapper):
        stream.reconfigure(errors=_ESCAPE)
    return stream if stream is None or isinstance(stream, _Safe) else _Safe(stream)


def as_it_is(stream: IO[str]) -> IO[str]:
    """The stream beneath `printing_safely`: for whoever moves the cursor or colours on purpose."""
    return cast(IO[str], stream.beneath) if isinstance(stream, _Safe) else stream


def escaping(stream: IO[str]) -> IO[str]:
    """The stream, or where it may meet a letter that it cannot write, one that escapes it.

    For a library, which must not change the streams of the program that calls it.
    """
    if getattr(stream, "encoding", None) is None or getattr(stream, "errors", None) == _ESCAPE:
        return stream
    return cast(IO[str], _Escaping(stream))


class _Stream:
    """A text stream in front of another one."""

    def __init__(self, stream: Any) -> None:
        self.beneath = stream

    def write(self, text: str) -> int:
        raise NotImplementedError

    def writelines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.beneath, name)


class _Escaping(_Stream):
    def write(self, text: str) -> int:
        encoding = self.beneath.encoding
        self.beneath.write(text.encode(encoding, _ESCAPE).decode(encoding))
        return len(text)


class _Safe(_Stream):
    def write(self, text: str) -> int:
        with _named_where_full(self.beneath):
            self.beneath.write(printable_lines(text))
        return len(text)

    def flush(self) -> None:
        with _named_where_full(self.beneath):
            self.beneath.flush()

    def isatty(self) -> bool:
        """Never: a library that took it for a terminal would send it colours as escapes."""
        return False


@contextmanager
def _named_where_full(stream: Any) -> Iterator[None]:
    """Raise SignletError that names the stream if it cannot be written, unless its reader has gone.

    What cannot be said on stderr is left out: the result matters more.
    """
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        if stream is sys.__stderr__:
            return
        raise SignletError(
            f"standard output: cannot be written ({error.strerror}); the text is lost, but the "
            "files that the command wrote are kept"
        ) from None


def say(line: str) -> None:
    """Print one line of a result, whatever the names in it hold."""
    print(printable(line), flush=True)


def tell(text: str) -> None:
    """Print a line beside the result, on stderr: a remark, a problem, a hint."""
    print(f"signlet: {in_a_message(text)}", file=sys.stderr, flush=True)


def print_json(text: str) -> None:
    """Print a JSON text on stdout, whole, and at once where somebody reads line by line."""
    if sys.stdout is None:
        return
    stream = as_it_is(sys.stdout)
    with _named_where_full(stream):
        stream.write(f"{json_for_stdout(text.rstrip())}\n")
        stream.flush()


def json_for_stdout(text: str) -> str:
    """JSON that stays JSON on stdout: what cannot or must not be written there is escaped."""
    text = UNPRINTED_IN_TEXT.sub(_json_escaped, text)
    encoding = (getattr(sys.stdout, "encoding", None) or "utf-8").lower()
    if encoding.replace("_", "-") in ("utf-8", "utf8"):
        return text
    return re.sub(r"[^\x00-\x7f]", _json_escaped, text)


def _json_escaped(found: re.Match[str]) -> str:
    halves = found[0].encode("utf-16-be", "surrogatepass")
    pairs = zip(halves[::2], halves[1::2], strict=True)
    return "".join(f"\\u{high:02x}{low:02x}" for high, low in pairs)


def locale_hint(message: str) -> str:
    """Return the remedy if names could not be read because the locale is not UTF-8; else ""."""
    unread = any("\udc80" <= letter <= "\udcff" for letter in message) or "\\udc" in message
    if not unread or sys.getfilesystemencoding().lower() in ("utf-8", "utf8"):
        return ""
    return "; file names are not read as UTF-8 here: set PYTHONUTF8=1"


def to_nowhere() -> None:
    """Whoever read our output has gone, or it is full: what is printed from now on goes nowhere."""
    for stream in (sys.__stdout__, sys.__stderr__):
        if stream is None or stream.closed:
            continue
        try:
            stream.flush()
        except OSError:  # as it would again at exit
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, stream.fileno())
            os.close(nowhere)
