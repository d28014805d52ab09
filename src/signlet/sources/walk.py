"""The files below a folder."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from signlet.errors import SignletError
from signlet.files.regular import blocked
from signlet.sources.files import SUFFIXES
from signlet.sources.unused_files import Tree, is_system
from signlet.video.suffixes import VIDEO_SUFFIXES, ending_tells, is_video

LANDMARKS = tuple(suffix for suffix in SUFFIXES if suffix not in VIDEO_SUFFIXES)
"""Endings of files of landmarks, in lower case."""
_COARSEST = 2 * 10**9
"""Nanoseconds: no file system counts times more coarsely, so what changed twice within them may
bear the same time."""


@dataclass(frozen=True)
class State:
    """The times of the last changes, to notice later ones."""

    changed: dict[str, tuple[int, int]] = field(default_factory=dict)

    def note(self, path: str) -> None:
        """Take down the state of a file or folder, before its content is looked at."""
        self.changed[path] = _changed(path)

    def holds(self) -> bool:
        """Return True if nothing was changed; False if a change might not show."""
        return all(was != (0, 0) and was == _changed(path) for path, was in self.changed.items())


def _changed(path: str) -> tuple[int, int]:
    """Time and size; (0, 0) where nothing is there, or it was changed just now."""
    try:
        now = os.stat(path)
    except OSError:
        return 0, 0
    fresh = time.time_ns() - now.st_mtime_ns < _COARSEST
    return (0, 0) if fresh else (now.st_mtime_ns, now.st_size)


_walked: dict[str, tuple[State, Tree]] = {}
"""The last folder that was walked: a command asks for its files several times."""


def tree_of(root: Path) -> Tree:
    """All files below a folder, hidden ones and the system's own left out; links are followed.

    The same object as the last time, while no folder below was changed.
    Raises SignletError if a folder cannot be listed.
    """
    place = os.path.abspath(root)
    last = _walked.get(place)
    if last is not None and last[0].holds():
        return last[1]
    _walked.clear()
    state = State()
    tree = _walk(root, state)
    _walked[place] = state, tree
    return tree


def _walk(root: Path, state: State) -> Tree:
    tree = Tree()
    for folder, entries in _folders(root, state):
        below = PurePosixPath(folder.relative_to(root).as_posix())
        if not entries and folder != root:
            tree.empty.append(below)
        for entry in entries:
            if entry.is_symlink() and not os.path.exists(entry.path) and not _suffix(entry.name):
                tree.empty.append(below / entry.name)  # a link to a folder that is gone
            elif _is_pipe(entry):
                tree.pipes.append(below / entry.name)
            elif not entry.is_dir():
                clip = _is_clip(entry, state)
                (tree.clips if clip else tree.others).append(below / entry.name)
    return tree


def _folders(root: Path, state: State) -> Iterator[tuple[Path, list[os.DirEntry[str]]]]:
    waiting = [root]
    while waiting:
        folder = waiting.pop()
        state.note(os.path.abspath(folder))
        try:
            with os.scandir(folder) as found:
                visible = [one for one in found if not is_system(one.name, folder=one.is_dir())]
            entries = sorted(visible, key=lambda one: one.name)
            waiting += [Path(one.path) for one in entries if one.is_dir() and not _loops(one)]
        except OSError as error:
            raise SignletError(f"{folder}: cannot be listed ({error.strerror})") from error
        yield folder, entries


def _suffix(name: str) -> str:
    return PurePosixPath(name).suffix


def _loops(entry: os.DirEntry[str]) -> bool:
    """Return True if a link leads to a folder that contains it."""
    if not entry.is_symlink():
        return False
    here, there = os.path.realpath(os.path.dirname(entry.path)), os.path.realpath(entry.path)
    return os.path.commonpath([here, there]) == there


def _is_pipe(entry: os.DirEntry[str]) -> bool:
    """Return True if this is a pipe, a socket or a device."""
    return not (entry.is_file() or entry.is_dir()) and blocked(Path(entry.path)) is not None


def _is_clip(entry: os.DirEntry[str], state: State) -> bool:
    """A link to a missing file is a clip, too, and says so when it is read."""
    path = Path(entry.path)
    if path.suffix.lower() in LANDMARKS:
        return True
    tells = ending_tells(path)
    if tells is None:
        state.note(os.path.abspath(path))
    return is_video(path) if tells is None else tells
