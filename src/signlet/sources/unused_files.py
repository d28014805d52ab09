"""Unused files of a set of clips: a tree of names in, notes on unread files out."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

_SYSTEM = frozenset(
    (
        *("thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r", "system volume information"),
        *("lost+found", "__macosx", "__pycache__", "@eadir", "#recycle", "$recycle.bin"),
    )
)
_SHOWN = 5
_NO_FILES = "(pipes, sockets or devices)"


@dataclass(frozen=True)
class Tree:
    """Files below a root, without those of the system. clips: that are read; others: that are not;
    empty: folders that hold nothing; pipes: sockets and devices, too, which are never opened."""

    clips: list[PurePosixPath] = field(default_factory=list)
    others: list[PurePosixPath] = field(default_factory=list)
    empty: list[PurePosixPath] = field(default_factory=list)
    pipes: list[PurePosixPath] = field(default_factory=list)


@dataclass
class _Folder:
    """The unread files of a folder."""

    others: list[PurePosixPath] = field(default_factory=list)
    deep: list[PurePosixPath] = field(default_factory=list)
    pipes: list[PurePosixPath] = field(default_factory=list)

    def said(self, path: PurePosixPath) -> str:
        """In words. path: the folder's own."""
        deeper = "" if any(clip.parent == path for clip in self.deep) else " in deeper folders"
        parts = [f"{count_of(len(self.deep))}{deeper}"] if self.deep else []
        if self.others:
            parts.append(f"{count_of(len(self.others), 'file')}: {_endings(self.others)}")
        if self.pipes:
            parts.append(f"{count_of(len(self.pipes), 'file')} {_NO_FILES}")
        return " and ".join(parts) or "empty"


def is_system(name: str, *, folder: bool) -> bool:
    """Return True if a file or folder belongs to the system or a program, or is hidden.

    A folder may be a sign, whose name may end as an editor's backup of a file does: hello~
    """
    backup = not folder and name.endswith("~")
    return name.startswith((".", "~$")) or backup or name.lower() in _SYSTEM


def left_aside(
    tree: Tree, taken: Sequence[PurePosixPath], places: Sequence[PurePosixPath]
) -> list[str]:
    """Notes on unread files: whole folders first, then files in folders of signs.

    taken: the clips that are read. places: the folders that hold the folders of signs.
    """
    gone, kept, loose = _sorted(tree, taken, places)
    return [
        note
        for note in (_gone(gone), _deep(kept), _other(kept), _pipes(kept), _loose(loose))
        if note
    ]


def unread_folders(
    tree: Tree, taken: Sequence[PurePosixPath], places: Sequence[PurePosixPath]
) -> str:
    """A note on the folders of which nothing is read, as `left_aside` has it; "" for none."""
    return _gone(_sorted(tree, taken, places)[0])


_Folders = dict[PurePosixPath, _Folder]


def _sorted(
    tree: Tree, taken: Sequence[PurePosixPath], places: Sequence[PurePosixPath]
) -> tuple[_Folders, _Folders, list[PurePosixPath]]:
    """Sort the unread files: folders without a clip, folders of signs, and clips in neither."""
    known, around = set(taken), {PurePosixPath(), *places}
    around |= {parent for place in places for parent in place.parents}
    signs = {_folder(path, around) for path in taken}
    folders: dict[PurePosixPath, _Folder] = defaultdict(_Folder)
    for path in tree.others:
        folders[_folder(path, around)].others.append(path)
    for path in tree.clips:
        if path not in known:
            folders[_folder(path, around)].deep.append(path)
    for path in tree.pipes:
        folders[_folder(path, around)].pipes.append(path)
    for path in tree.empty:
        folders[_folder(path / "nothing", around)]  # is made
    loose = [path for place in around for path in folders.pop(place, _Folder()).deep]
    gone = {path: folder for path, folder in folders.items() if path not in signs}
    kept = {path: folder for path, folder in folders.items() if path in signs}
    return gone, kept, loose


def _folder(path: PurePosixPath, around: set[PurePosixPath]) -> PurePosixPath:
    """The outermost folder that is not one around the signs; else the file's own."""
    folder = PurePosixPath()
    for part in path.parent.parts:
        folder /= part
        if folder not in around:
            break
    return folder


def _gone(folders: dict[PurePosixPath, _Folder]) -> str:
    if not folders:
        return ""
    shown = listed(f"{path} ({folders[path].said(path)})" for path in sorted(folders))
    files = [path for folder in folders.values() for path in folder.others]
    count = count_of(len(folders), "folder")
    return f"signlet reads no clip from {count} that may be signs: {shown}{_remedy(files)}"


def _deep(folders: dict[PurePosixPath, _Folder]) -> str:
    places = Counter(path.parent for folder in folders.values() for path in folder.deep)
    if not places:
        return ""
    shown = listed(f"{path} ({count})" for path, count in sorted(places.items()))
    return (
        f"{count_of(sum(places.values()))} skipped (deeper than a sign's folder): {shown}; "
        "move them up into the sign's folder, if they are clips of it"
    )


def _other(folders: dict[PurePosixPath, _Folder]) -> str:
    some = {path: folder.others for path, folder in sorted(folders.items()) if folder.others}
    if not some:
        return ""
    shown = listed(f"{path} {len(files)} ({_endings(files)})" for path, files in some.items())
    count = count_of(sum(map(len, some.values())), "file")
    files = [path for found in some.values() for path in found]
    return f"{count} skipped (of kinds that signlet does not read): {shown}{_remedy(files)}"


def _pipes(folders: dict[PurePosixPath, _Folder]) -> str:
    some = sorted(path for folder in folders.values() for path in folder.pipes)
    return some_pipes(some) if some else ""


def some_pipes(paths: Sequence[PurePosixPath]) -> str:
    """A note on pipes and devices, of which there is at least one."""
    shown = listed(path.as_posix() for path in paths)
    return (
        f"{count_of(len(paths), 'file')} skipped {_NO_FILES}: {shown}; save their output as files"
    )


def _loose(paths: Sequence[PurePosixPath]) -> str:
    if not paths:
        return ""
    shown = listed(path.as_posix() for path in sorted(paths))
    return f"{count_of(len(paths), 'clip')} skipped (not in a sign's folder): {shown}"


_REMEDIES = {
    "save moving pictures in {} as GIF or MP4": (".webp", ".avif", ".avifs", ".heif", ".heifs"),
    "make videos of single pictures": (".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".ppm"),
    "unpack archives": (".zip", ".rar", ".7z", ".tar", ".gz", ".tgz", ".bz2", ".xz"),
    "save the arrays of pickles with numpy.savez": (".pkl", ".pickle"),
}
"""A remedy for unread files -> the endings that it is for."""
_LANDMARKS = frozenset((".npz", ".npy", ".parquet", ".pose"))
"""Endings of landmarks: with another one behind it, as a copy has, a file may still be some."""


def _remedy(files: Sequence[PurePosixPath]) -> str:
    there = {path.suffix.lower() for path in files}
    told = [
        text.format(next(ending for ending in endings if ending in there))
        for text, endings in _REMEDIES.items()
        if there.intersection(endings)
    ]
    if hidden := [path for path in files if _LANDMARKS.intersection(_inner(path))]:
        ending = next(one for one in _inner(hidden[0]) if one in _LANDMARKS)
        told.append(
            f"rename {listed(path.as_posix() for path in hidden)} so that the ending of landmarks "
            f"({ending}) comes last, if {'it is a clip' if len(hidden) == 1 else 'they are clips'}"
        )
    return f"; {', '.join(told)}" if told else ""


def _inner(path: PurePosixPath) -> list[str]:
    """Endings that another hides, in lower case: of a.npz.bak it is .npz, as of "a.npz (1)"."""
    if path.suffix.lower() in _LANDMARKS:
        return []
    return [part.lower() for part in re.findall(r"\.[^\W_]+", path.name)]


def _endings(files: Iterable[PurePosixPath]) -> str:
    endings = Counter(path.suffix.lower() or "without ending" for path in files)
    return listed(ending for ending, _ in endings.most_common())


def listed(names: Iterable[object]) -> str:
    """The first names, and how many there are more, in one line that can be printed."""
    given = list(names)
    more = f" and {len(given) - _SHOWN} more" if len(given) > _SHOWN else ""
    return ", ".join(one_line(str(name)) for name in given[:_SHOWN]) + more


def one_line(text: str) -> str:
    """A name with escapes for what cannot be printed."""
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)


def count_of(number: int, what: str = "clip") -> str:
    """1 clip, 2 clips."""
    return f"{number} {what}{'s'[: number != 1]}"
