"""Files that are either whole or absent: write under a temporary name, then rename."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from errno import EISDIR
from pathlib import Path

from signlet.errors import SignletError
from signlet.files.regular import blocked
from signlet.running.temporary import temporary_folder

_UMASK = os.umask(0)
os.umask(_UMASK)


@contextmanager
def replacing(path: Path, durable: bool = True) -> Iterator[Path]:
    """Give a temporary path beside `path`; what is written there takes its place at the end.

    Nothing is left behind where the block fails; what a killed process leaves is removed by
    the next one that writes there.
    durable: whether the file shall survive that the machine loses its power right afterwards,
    which takes the disk some time; without it there may then be an empty file.
    Raises SignletError if the directory cannot be written to, the disk is full, or there is a
    device or a pipe.
    """
    _require_no_device(path)
    with ExitStack() as held:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            folder = held.enter_context(temporary_folder(path.parent, f".{path.name}"))
        except OSError as error:
            raise SignletError(f"{path}: cannot be written ({error.strerror})") from None
        temporary = folder / path.name
        try:
            yield temporary
            os.chmod(temporary, _mode(path))  # some libraries write for the user only
            if durable:
                to_disk(temporary)
            os.replace(temporary, path)
            if durable:
                _folder_to_disk(path.parent)
        except OSError as error:
            reason = error.strerror or error
            raise SignletError(
                f"{path}: cannot be written ({reason}); free space or choose another place"
            ) from None


def to_disk(path: Path) -> None:
    """Wait until a file, or a folder with all that is in it, is on the disk. Raises OSError."""
    if path.is_dir():
        for inner in path.iterdir():
            to_disk(inner)
        _folder_to_disk(path)
        return
    with path.open("rb+") as file:  # some systems want it open for writing
        os.fsync(file.fileno())


def _folder_to_disk(folder: Path) -> None:
    """The names in a folder; some systems keep them without being asked, and cannot be asked."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _mode(path: Path) -> int:
    """Permissions of the file that is there, or those of a new one."""
    return path.stat().st_mode & 0o777 if path.is_file() else 0o666 & ~_UMASK


def _require_no_device(path: Path) -> None:
    """An administrator could replace /dev/null by a file, for all programs of the machine."""
    if blocked(path):
        raise SignletError(f"{path}: is a device or a pipe, not a file; name another")


def require_writable(path: Path, named: Path | None = None) -> None:
    """Raise SignletError, before long work, where `path` cannot be written; nothing is left.

    named: the folder that the user gave, for the message; None for `path` itself.
    """
    _require_no_device(path)
    try:
        if path.is_dir():
            raise IsADirectoryError(EISDIR, os.strerror(EISDIR))
        nearest = next(p for p in path.absolute().parents if p.exists())
        with tempfile.TemporaryDirectory(prefix=f".{path.name[:40]}-", dir=nearest):
            pass
    except OSError as error:
        raise SignletError(
            f"{named or path}: cannot be written ({error.strerror}); choose another place"
        ) from None


def write_text(path: Path, text: str) -> None:
    """Write a whole UTF-8 text file; bytes of file names that are no UTF-8 are escaped."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8", errors="backslashreplace")
