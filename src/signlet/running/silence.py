"""Native code writes to the terminal whatever the log level; here it cannot, or only errors."""

from __future__ import annotations

import os
import re
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import IO

_STDERR = 2
_CHATTER = re.compile(rb"(?:INFO|WARNING): |[IW]\d{4} ")
"""Beginnings of lines of TensorFlow Lite and Abseil that are no errors."""
_lock = threading.Lock()
_inside, _kept = 0, -1


@contextmanager
def silent() -> Iterator[None]:
    """Nothing reaches the process's stderr meanwhile; from threads too, and nested."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    _close(nowhere)
    os.close(nowhere)
    try:
        yield
    finally:
        _open_again()


@contextmanager
def only_errors() -> Iterator[None]:
    """Let only lines that are no chatter of native code reach stderr, and at the end.

    TensorFlow Lite has no setting for its log level in Python. Where another thread is `silent`
    at the same time, all is dropped. Where no temporary file can be made, all is let through.
    """
    caught = _temporary()
    if caught is None:
        yield
        return
    with caught:
        _close(caught.fileno())
        try:
            yield
        finally:
            _open_again()
            caught.seek(0)
            said = [line for line in caught if not _CHATTER.match(line)]
            with suppress(OSError):  # a process without stderr
                os.write(_STDERR, b"".join(said))


def terminal() -> int:
    """The file descriptor of stderr as it is outside of these blocks, for a last word."""
    return _kept if _kept >= 0 else _STDERR


def _temporary() -> IO[bytes] | None:
    from tempfile import TemporaryFile  # most commands need none

    try:
        return TemporaryFile()
    except OSError:
        return None


def _close(instead: int) -> None:
    """instead: an open file that gets what is written to stderr, unless it is closed already."""
    global _inside, _kept
    with suppress(AttributeError, OSError, ValueError):  # none, full, or closed
        sys.stderr.flush()
    with _lock:
        _inside += 1
        if _inside > 1:
            return
        try:
            _kept = os.dup(_STDERR)
        except OSError:  # a process without stderr has nothing to keep quiet
            _kept = -1
            return
        os.dup2(instead, _STDERR)


def _open_again() -> None:
    global _inside, _kept
    with suppress(AttributeError, OSError, ValueError):
        sys.stderr.flush()
    with _lock:
        _inside -= 1
        if _inside == 0 and _kept >= 0:
            os.dup2(_kept, _STDERR)
            os.close(_kept)
            _kept = -1
