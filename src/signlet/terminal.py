"""Printing where whoever reads knows fewer letters than Unicode has, or has gone away.

A redirected stdout on Windows is in cp1252, that of a bare Linux server may be in ASCII. Names
of signs are in any script, so what cannot be written there is escaped: no result is lost
because it could not be printed.
"""

from __future__ import annotations

import json
import os
import re
import sys
from io import TextIOWrapper
from typing import IO, Any, cast

_ESCAPE = "backslashreplace"


def escape_output() -> None:
    """From now on stdout and stderr escape what they cannot write: for a program of its own."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors=_ESCAPE)


def escaping(stream: IO[str]) -> IO[str]:
    """The stream, or where it may meet a letter that it cannot write, one that escapes it.

    For a library, which must not change the streams of the program that calls it.
    """
    if getattr(stream, "encoding", None) is None or getattr(stream, "errors", None) == _ESCAPE:
        return stream
    return cast(IO[str], _Escaping(stream))


class _Escaping:
    """A text stream in front of another one."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        encoding = self._stream.encoding
        return self._stream.write(text.encode(encoding, _ESCAPE).decode(encoding))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def json_for_stdout(text: str) -> str:
    """JSON text that stays JSON on stdout: what stdout cannot write is escaped as JSON does it."""
    encoding = (getattr(sys.stdout, "encoding", None) or "utf-8").lower()
    if encoding.replace("_", "-") in ("utf-8", "utf8"):
        return text
    return re.sub(r"[^\x00-\x7f]+", lambda found: json.dumps(found[0])[1:-1], text)


def in_utf8(name: str) -> str:
    """The name of a file, with escapes for bytes in it that are no UTF-8."""
    return name.encode("utf-8", _ESCAPE).decode("utf-8")


def locale_hint(message: str) -> str:
    """What to do where names could not be read because the locale is not UTF-8; else ""."""
    unread = any("\udc80" <= letter <= "\udcff" for letter in message) or "\\udc" in message
    if not unread or sys.getfilesystemencoding().lower() in ("utf-8", "utf8"):
        return ""
    return "; file names are not read as UTF-8 here: set PYTHONUTF8=1"


def to_nowhere() -> None:
    """Whoever read our output has gone: what is printed from now on goes nowhere."""
    for stream in (sys.__stdout__, sys.__stderr__):
        if stream is None or stream.closed:
            continue
        try:
            stream.flush()
        except BrokenPipeError:  # as it would again at exit
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, stream.fileno())
            os.close(nowhere)
