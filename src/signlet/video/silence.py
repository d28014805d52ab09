"""MediaPipe's native code writes to the terminal whatever the log level; here it cannot."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_STDERR = 2
_lock = threading.Lock()
_inside, _kept = 0, -1


@contextmanager
def silent() -> Iterator[None]:
    """Nothing reaches the process's stderr meanwhile; from threads too, and nested."""
    _close()
    try:
        yield
    finally:
        _open_again()


def _close() -> None:
    global _inside, _kept
    with _lock:
        _inside += 1
        if _inside > 1:
            return
        try:
            _kept = os.dup(_STDERR)
        except OSError:  # a process without stderr has nothing to keep quiet
            _kept = -1
            return
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, _STDERR)
        os.close(nowhere)


def _open_again() -> None:
    global _inside, _kept
    with _lock:
        _inside -= 1
        if _inside == 0 and _kept >= 0:
            os.dup2(_kept, _STDERR)
            os.close(_kept)
            _kept = -1
