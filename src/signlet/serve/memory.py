"""Memory that goes back to the system once a body is done with, where the C library can."""

from __future__ import annotations

import contextlib
import ctypes
import gc

_MMAP_FROM, _M_MMAP_THRESHOLD = 1 << 20, -3
"""Longer blocks are asked of the system one by one, and given back one by one."""
_KEPT, _M_TRIM_THRESHOLD = 1 << 25, -1
"""So much stays at hand for shorter ones, until `give_back`."""


def keep_little() -> None:
    """Prepare this process, at the end of its start."""
    with contextlib.suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, _MMAP_FROM)
        ctypes.CDLL(None).mallopt(_M_TRIM_THRESHOLD, _KEPT)
    gc.collect()
    gc.freeze()  # what stays need not be looked through again


def give_back() -> None:
    """Give back what is free between blocks that are in use."""
    with contextlib.suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)
