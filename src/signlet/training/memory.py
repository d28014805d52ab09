"""Tell the C library to keep freed memory for the next step."""

from __future__ import annotations

import ctypes
import platform

_TRIM_THRESHOLD, _TOP_PAD, _MMAP_THRESHOLD = -1, -2, -3
"""Numbers of glibc's malloc.h."""


def keep_freed_memory() -> bool:
    """Keep what was freed for the next use instead of giving it back to the system.

    A training step on a CPU takes and frees the same megabytes again and again, and with
    glibc's defaults the system hands out, and clears, thousands of pages in each. For the
    whole process, so it is the program's choice and not the library's. Returns whether
    there was something to set (glibc only).
    """
    if platform.libc_ver()[0] != "glibc":
        return False
    libc = ctypes.CDLL(None)
    settings = {_TRIM_THRESHOLD: 2**31 - 1, _MMAP_THRESHOLD: 2**30, _TOP_PAD: 2**26}
    done = [libc.mallopt(number, value) == 1 for number, value in settings.items()]
    return all(done)
