"""Files that are either whole or absent: write under a temporary name, then rename."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from errno import EISDIR
from pathlib import Path

from signlet.errors import SignletError

_UMASK = os.umask(0)
os.umask(_UMASK)


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary path beside `path`; what is written there takes its place at the end.

    Nothing is left behind where the block fails. Raises SignletError where the directory
    cannot be written to or the disk is full.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=f".{path.name}-", dir=path.parent))
    except OSError as error:
        raise SignletError(f"{path}: cannot be written ({error.strerror})") from None
    try:
        yield folder / path.name
        os.chmod(folder / path.name, _mode(path))  # some libraries write for the user only
        os.replace(folder / path.name, path)
    except OSError as error:
        reason = error.strerror or error
        raise SignletError(
            f"{path}: cannot be written ({reason}); free space or choose another place"
        ) from None
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _mode(path: Path) -> int:
    """Permissions of the file that is there, or those of a new one."""
    return path.stat().st_mode & 0o777 if path.is_file() else 0o666 & ~_UMASK


def require_writable(path: Path) -> None:
    """Raise SignletError, before long work, where `path` cannot be written; nothing is left."""
    try:
        if path.is_dir():
            raise IsADirectoryError(EISDIR, os.strerror(EISDIR))
        nearest = next(p for p in path.absolute().parents if p.exists())
        with tempfile.TemporaryDirectory(prefix=f".{path.name}-", dir=nearest):
            pass
    except OSError as error:
        raise SignletError(
            f"{path}: cannot be written ({error.strerror}); choose another place"
        ) from None


def write_text(path: Path, text: str) -> None:
    """Write a whole UTF-8 text file; bytes of file names that are no UTF-8 are escaped."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8", errors="backslashreplace")
