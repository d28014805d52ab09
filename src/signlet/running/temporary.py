"""Temporary folders that the next run removes where this one is killed.

Such a folder holds a mark, which is locked as long as its process lives. Nothing else is ever
removed: no folder without a mark, and none of a process that is still at work.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from signlet.running.lock import Taken, lock

MARK = ".of-signlet"
_NAMES = (".", "signlet-")
"""Prefixes of our temporary folders: beside a result, and in the system's folder."""
_swept: set[str] = set()


@contextmanager
def temporary_folder(parent: Path, name: str) -> Iterator[Path]:
    """A new folder below `parent` for as long as the block lasts; old ones there are removed.

    name: begins with a dot beside a result. Raises OSError if it cannot be made.
    """
    sweep(parent)
    folder = Path(tempfile.mkdtemp(prefix=f"{name[:40]}-", dir=parent))
    try:
        mark = _marked(folder)
        try:
            yield folder
        finally:
            if mark is not None:
                os.close(mark)  # where a file is open, some systems remove no folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def scratch(name: str) -> Iterator[Path]:
    """`temporary_folder` in the system's place for such, called signlet-<name>-..."""
    with temporary_folder(Path(tempfile.gettempdir()), f"signlet-{name}") as folder:
        yield folder


def _marked(folder: Path) -> int | None:
    """The open mark; None if the file system knows no locks."""
    new = folder / f"{MARK}-new"
    handle = os.open(new, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if lock(handle):
            os.rename(new, folder / MARK)  # from now on others see it, and it is locked
            return handle
    except (Taken, OSError):
        pass
    os.close(handle)
    with suppress(OSError):
        new.unlink()
    return None


def forget() -> None:
    """A new command begins, which looks for left-overs in every folder again."""
    _swept.clear()


def sweep(parent: Path) -> None:
    """Remove what killed processes left in a folder; once in a command, as it has to be listed."""
    if str(parent) in _swept:
        return
    _swept.add(str(parent))
    with suppress(OSError):
        for name in os.listdir(parent):
            if name.startswith(_NAMES):
                _remove_if_left(parent / name)


def sweep_below(folder: Path, depth: int = 3) -> None:
    """`sweep` in a folder and its subfolders, down to this many levels."""
    sweep(folder)
    if not depth:
        return
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False) and not entry.name.startswith("."):
                sweep_below(Path(entry.path), depth - 1)


def _is_own(handle: int) -> bool:
    """Return True if a file belongs to this user: others, too, write to the system's folder."""
    return not hasattr(os, "getuid") or os.fstat(handle).st_uid == os.getuid()


def _remove_if_left(folder: Path) -> None:
    flags = os.O_RDWR | getattr(os, "O_NOFOLLOW", 0)
    try:
        handle = os.open(folder / MARK, flags)
    except OSError:
        return  # none of ours
    try:
        dead = _is_own(handle) and lock(handle)
    except Taken:
        dead = False
    finally:
        os.close(handle)
    if dead:
        shutil.rmtree(folder, ignore_errors=True)
