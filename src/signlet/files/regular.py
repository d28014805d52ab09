"""Only regular files are opened: a pipe or a device could keep its reader waiting for ever."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import IO

from signlet.errors import ClipError, SignletError

_KINDS = (
    (stat.S_ISDIR, "is a directory; give one of its files"),
    (stat.S_ISFIFO, "is a pipe; save its output as a file, and give that file"),
    (stat.S_ISSOCK, "is a socket; give a file"),
    (stat.S_ISCHR, "is a device; give a file"),
    (stat.S_ISBLK, "is a device; give a file"),
)


def irregular(path: Path) -> str | None:
    """Return why this is not a regular file, in one line with the remedy; None if it is one.

    Links are followed. Nothing is opened, so nothing waits.
    """
    try:
        mode = os.stat(path).st_mode
    except (FileNotFoundError, NotADirectoryError):
        return f"{path}: there is no such file; check the path"
    except OSError as error:
        return f"{path}: cannot be read ({error.strerror}); check the path and its permissions"
    except ValueError:  # a zero byte
        return f"{str(path)!r}: is not a possible file name; check the path"
    if stat.S_ISREG(mode):
        return None
    kind = next((what for test, what in _KINDS if test(mode)), "is not a file; give a file")
    return f"{path}: {kind}"


def blocked(path: Path) -> str | None:
    """`irregular` if something exists that is neither a file nor a folder; else None.

    For messages that would otherwise say that nothing is there. Raises nothing.
    """
    try:
        mode = os.stat(path).st_mode
    except (OSError, ValueError):
        return None
    return None if stat.S_ISREG(mode) or stat.S_ISDIR(mode) else irregular(path)


def require_regular(path: Path, error: type[SignletError] = ClipError) -> None:
    """Raise `error` where this is not a file that can be read; see `irregular`."""
    if problem := irregular(path):
        raise error(problem)


def open_regular(path: Path, error: type[SignletError] = ClipError) -> IO[bytes]:
    """The file, opened to be read. Raises `error` where it is not one, or may not be read."""
    require_regular(path, error)
    try:
        return path.open("rb")
    except OSError as problem:
        raise error(
            f"{path}: cannot be read ({problem.strerror}); check the path and its permissions"
        ) from None


def content_of(path: Path, most: int, error: type[SignletError] = SignletError) -> bytes:
    """All bytes of a file, as many as its size says.

    most: a larger file is refused. Raises `error`, also where it cannot be read.
    A file that the system makes up while it is read tells the size 0, and gives nothing.
    """
    with open_regular(path, error) as file:
        size = size_of(file)
        if size > most:
            raise error(f"{path}: is larger than {most >> 20} MB, too large to be read; cut it")
        try:
            return file.read(size)
        except OSError as problem:
            raise error(
                f"{path}: cannot be read ({problem.strerror}); copy the file again"
            ) from None


def size_of(file: IO[bytes]) -> int:
    """Bytes of an open file."""
    return os.fstat(file.fileno()).st_size
