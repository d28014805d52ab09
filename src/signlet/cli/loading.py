"""The first thing that a command says: that it loads PyTorch, which takes seconds, and how many."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from itertools import count
from threading import Event
from typing import IO

from signlet.text.meanwhile import meanwhile
from signlet.text.terminal import as_it_is, is_terminal, say

_TRAIN = ("demo", "train", "tune", "calibrate")
"""Their output is a log for people, where the line stays. Programs may read that of others."""
_LIGHT = ("convert", "extract", "live", "models", "page", "recognise", "serve", "teach")
"""They need PyTorch for some models only, or not at all."""
_TEXT = "Loading PyTorch ..."
_TICK = 1.0
_NUMBER = len(" 1000 s")


@contextmanager
def saying_loading(command: str) -> Iterator[None]:
    """Say, before a command's libraries are imported in here, that they are.

    On a terminal the seconds are counted, and the line goes again where the command does not train.
    """
    trains = command in _TRAIN
    stream = sys.stdout if trains else sys.stderr
    if os.environ.get("RANK", "0") != "0" or command in _LIGHT:
        yield
    elif is_terminal(stream):
        with _counting(as_it_is(stream), _TEXT, stays=trains):  # which lets the cursor move
            yield
    else:
        if trains:
            say(_TEXT)
        yield


@contextmanager
def counting(text: str) -> Iterator[None]:
    """Meanwhile a terminal shows a text and the seconds; needs no library."""
    if not is_terminal(sys.stderr):
        yield
        return
    with _counting(as_it_is(sys.stderr), text, stays=False):
        yield


@contextmanager
def _counting(screen: IO[str], text: str, stays: bool) -> Iterator[None]:
    try:
        with meanwhile(partial(_count, screen, text)):
            yield
    finally:
        screen.write("\n" if stays else f"\r{' ' * (len(text) + _NUMBER)}\r")
        screen.flush()


def _count(screen: IO[str], text: str, ended: Event) -> None:
    for second in count():
        screen.write(f"\r{text} {second} s" if second else text)
        screen.flush()
        if ended.wait(_TICK):
            return
