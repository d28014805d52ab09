"""The first thing that a command says: that it loads PyTorch, which takes seconds."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from signlet.text.terminal import as_it_is, is_terminal, say

_TRAIN = ("demo", "train", "tune", "calibrate")
"""Their output is a log for people, where the line stays. Programs may read that of others."""
_LIGHT = ("models", "page", "recognise")
_TEXT = "Loading PyTorch ..."


@contextmanager
def saying_loading(command: str) -> Iterator[None]:
    """Say, before a command's libraries are imported in here, that they are.

    On a terminal the line goes again where the command does not train.
    """
    if os.environ.get("RANK", "0") != "0" or command in _LIGHT:
        yield
    elif command in _TRAIN:
        say(_TEXT)
        yield
    else:
        with _passing():
            yield


@contextmanager
def _passing() -> Iterator[None]:
    if sys.stderr is None or not is_terminal(sys.stderr):
        yield
        return
    screen = as_it_is(sys.stderr)  # which lets the cursor move
    screen.write(_TEXT)
    screen.flush()
    try:
        yield
    finally:
        screen.write(f"\r{' ' * len(_TEXT)}\r")
        screen.flush()
