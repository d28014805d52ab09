"""The files below a folder."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from signlet.errors import SignletError
from signlet.sources.files import SUFFIXES
from signlet.sources.leftover import Tree, is_system
from signlet.video.suffixes import VIDEO_SUFFIXES, is_video

_LANDMARKS = tuple(suffix for suffix in SUFFIXES if suffix not in VIDEO_SUFFIXES)


def tree_of(root: Path) -> Tree:
    """All files below a folder, hidden ones and the system's own left out; links are followed.

    Raises SignletError where a folder cannot be listed.
    """
    tree = Tree()
    for folder, entries in _folders(root):
        below = PurePosixPath(folder.relative_to(root).as_posix())
        if not entries and folder != root:
            tree.empty.append(below)
        for entry in entries:
            if not entry.is_dir():
                path = Path(entry.path)
                (tree.clips if _is_clip(path, entry) else tree.others).append(below / entry.name)
    return tree


def _folders(root: Path) -> Iterator[tuple[Path, list[os.DirEntry[str]]]]:
    waiting = [root]
    while waiting:
        folder = waiting.pop()
        try:
            with os.scandir(folder) as found:
                visible = [one for one in found if not is_system(one.name, folder=one.is_dir())]
            entries = sorted(visible, key=lambda one: one.name)
            waiting += [Path(one.path) for one in entries if one.is_dir() and not _loops(one)]
        except OSError as error:
            raise SignletError(f"{folder}: cannot be listed ({error.strerror})") from error
        yield folder, entries


def _loops(entry: os.DirEntry[str]) -> bool:
    """Whether a link leads to a folder that it lies in."""
    if not entry.is_symlink():
        return False
    here, there = os.path.realpath(os.path.dirname(entry.path)), os.path.realpath(entry.path)
    return os.path.commonpath([here, there]) == there


def _is_clip(path: Path, entry: os.DirEntry[str]) -> bool:
    """Pipes and devices are none; a link to a missing file is, and says so when it is read."""
    if not entry.is_file() and not entry.is_symlink():
        return False
    return path.suffix.lower() in _LANDMARKS or is_video(path)
