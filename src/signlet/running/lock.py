"""One command at a time where two would spoil each other's work.

The lock belongs to an open file, so it goes with its process, however that ends: a lock file
that a killed command left behind blocks nobody.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from signlet.errors import SignletError
from signlet.text.terminal import tell

LOCK = ".lock"
"""Name of the lock file in a folder."""
_TAKEN = (errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES, errno.EDEADLK)


class Taken(Exception):  # noqa: N818
    """Another one holds the lock."""


@contextmanager
def only_one(folder: Path, busy: str) -> Iterator[None]:
    """Keep others out of a folder, which is made where it is not there.

    busy: what another one does there, and the remedy, for the message.
    Says so on stderr where the file system knows no locks.
    Raises SignletError if another process, or thread, holds it, or it cannot be written to.
    """
    there = folder.is_dir()
    if folder.exists() and not there:
        raise SignletError(f"{folder}: exists and is not a folder; choose another place")
    try:
        with _held(folder, folder / LOCK, busy):
            yield
    finally:
        if not there:
            with suppress(OSError):  # nothing came of it
                folder.rmdir()


@contextmanager
def only_one_file(path: Path, busy: str) -> Iterator[None]:
    """Keep others from writing a file (or a folder that is replaced whole); see `only_one`."""
    with _held(path, path.with_name(f".{path.name}{LOCK}"), busy):
        yield


@contextmanager
def _held(place: Path, file: Path, busy: str) -> Iterator[None]:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        handle = _opened(file)
    except Taken:
        raise SignletError(f"{place}: {busy}") from None
    except OSError as error:
        raise SignletError(
            f"{place}: cannot be written ({error.strerror}); choose another place"
        ) from None
    try:
        yield
    finally:
        with suppress(OSError):
            file.unlink()
        os.close(handle)


def _opened(file: Path) -> int:
    """A handle that holds the lock. Raises Taken, OSError."""
    while True:
        handle = os.open(file, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o666)
        try:
            if not lock(handle):
                tell(
                    f"{file.parent}: this file system does not support locks; make sure that no "
                    "other command writes there"
                )
                return handle
            if _is(handle, file):
                return handle
        except BaseException:
            os.close(handle)
            raise
        os.close(handle)  # its owner has just removed it


def _is(handle: int, file: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), os.stat(file))
    except FileNotFoundError:
        return False


def lock(handle: int) -> bool:
    """Lock an open file at once; False if the file system knows no locks. Raises Taken."""
    try:
        _lock(handle)
    except OSError as error:
        if error.errno in _TAKEN:
            raise Taken from None
        return False
    return True


if sys.platform == "win32":
    import msvcrt

    def _lock(handle: int) -> None:
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock(handle: int) -> None:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
