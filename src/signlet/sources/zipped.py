"""Own clips in a `.zip` of a folder, as the live page saves them."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, cast

from signlet.clip import Clip
from signlet.errors import ClipError, SignletError
from signlet.files import archives
from signlet.files.missing_path import exists, not_found_message
from signlet.running.temporary import scratch
from signlet.sources.discover import arranged
from signlet.sources.files import SUFFIXES, read_clip
from signlet.sources.named_clips import NamedClip
from signlet.sources.pattern import NamePattern
from signlet.sources.source import ClipRef
from signlet.sources.tables import refuse_twice
from signlet.sources.unused_files import Tree, is_system
from signlet.sources.walk import LANDMARKS, State
from signlet.video.file_type import holds_video
from signlet.video.suffixes import ending_tells

_MOST_FILES = 20_000
_MOST_BYTES = 1 << 30
"""Of one clip, unpacked: a longer video is not one sign."""
_BLOCK = 1 << 20


@dataclass(frozen=True)
class Zipped:
    """Clips `<sign>/<signer>_<anything>` in an archive, maybe all in one folder; see `Folder`.

    Nothing is unpacked to where an entry's name points: a clip is copied to a temporary file
    of our own name while it is read. A clip's path is `clips.zip/<entry>`, for messages.
    """

    archive: Path
    signs: tuple[str, ...]
    names: NamePattern | None = None
    name: str = field(default="folder", init=False)

    @classmethod
    def open(cls, archive: Path, names: NamePattern | None = None) -> Zipped:
        """List the signs. Raises SignletError if there is no clip, or it is damaged."""
        kept = _arranged(archive, names)
        opened = cls(archive, tuple(sorted({one.sign for one in kept.found})), names)
        opened.__dict__["_kept"] = kept
        return opened

    @property
    def notes(self) -> tuple[str, ...]:
        """On folders and files that are skipped, and on unknown signers. Raises SignletError."""
        return self._arranged().notes

    def refs(self) -> list[ClipRef]:
        """All clips, sorted by path. Raises SignletError."""
        return [
            ClipRef(one.name, self.archive / one.path, one.sign, one.signer, split=one.split)
            for one in self._arranged().found
        ]

    def read(self, ref: ClipRef) -> Clip:
        """Read one clip. Raises ClipError."""
        entry = ref.path.relative_to(self.archive).as_posix()
        with _unpacked(self.archive, entry, ref.path) as path:
            try:
                clip = read_clip(path)
            except ClipError as error:
                raise ClipError(str(error).replace(str(path), str(ref.path))) from None
        return replace(clip, name=ref.name, sign=ref.sign, signer=ref.signer)

    def _arranged(self) -> _Kept:
        """Clips and notes, made again where the archive was changed."""
        kept: _Kept | None = self.__dict__.get("_kept")
        if kept is None or not kept.state.holds():
            kept = _arranged(self.archive, self.names)
            self.__dict__["_kept"] = kept
        return kept

    def __reduce__(self) -> tuple[Any, ...]:
        # What was found, which may be long, is not sent to worker processes: they are given refs.
        return type(self), (self.archive, self.signs, self.names)


@dataclass(frozen=True)
class _Kept:
    """The content of an archive, valid until it changes."""

    state: State
    found: list[NamedClip]
    notes: tuple[str, ...]


def _arranged(archive: Path, names: NamePattern | None) -> _Kept:
    state = State()
    state.note(str(archive.absolute()))
    # A folder that was packed whole is below its own name.
    found, notes = arranged(_tree(archive), archive, names, wrapped=True)
    refuse_twice([one.path.as_posix() for one in found], archive)
    return _Kept(state, found, notes)


def _tree(archive: Path) -> Tree:
    """The entries of an archive, but for those whose names lead out of it."""
    with _opened(archive, archive) as opened:
        entries = [_place(entry.filename) for entry in opened.infolist()]
        clips = {_place(e.filename)[0] for e in opened.infolist() if _is_clip(opened, e)}
    if sum(not folder for _, folder in entries) > _MOST_FILES:
        raise SignletError(
            f"{archive}: holds {len(entries):,} files; signlet reads at most {_MOST_FILES:,}"
        )
    inside = [(path, folder) for path, folder in entries if _is_inside(path)]
    files = sorted(path for path, folder in inside if not folder and _is_visible(path))
    named = {path for path, folder in inside if folder} | {p for f, _ in inside for p in f.parents}
    folders = {path for path in named if path.parts and _is_visible(path, folder=True)}
    full = {path.parent for path in [*files, *folders]}
    return Tree(
        [path for path in files if path in clips],
        [path for path in files if path not in clips],
        sorted(folders - full),
    )


def _is_clip(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bool:
    """By the same rule as in a folder: by its ending, else by what it begins with."""
    path, folder = _place(entry.filename)
    if folder:
        return False
    if path.suffix.lower() in LANDMARKS:
        return True
    if (tells := ending_tells(path)) is not None:
        return tells
    if entry.file_size > _MOST_BYTES or not _is_visible(path):
        return False
    try:
        with archives.unpacked(archive, entry, _MOST_BYTES, path.name) as file:
            return holds_video(cast(BinaryIO, file))
    except (SignletError, OSError, RuntimeError, *archives.DAMAGED):  # reported when it is read
        return path.suffix.lower() in SUFFIXES


def _place(name: str) -> tuple[PurePosixPath, bool]:
    """Path of an entry, and whether it is a folder; some programs of Windows write backslashes."""
    text = name.replace("\\", "/")
    return PurePosixPath(text), text.endswith("/")


def _is_inside(path: PurePosixPath) -> bool:
    return bool(path.parts) and not path.is_absolute() and ".." not in path.parts


def _is_visible(path: PurePosixPath, *, folder: bool = False) -> bool:
    above = any(is_system(part, folder=True) for part in path.parts[:-1])
    return not above and not is_system(path.name, folder=folder)


@contextmanager
def _opened(archive: Path, name: Path) -> Iterator[zipfile.ZipFile]:
    if not exists(archive):
        raise SignletError(not_found_message(archive, "file"))
    with archives.opened(archive, name, SignletError) as opened:
        yield opened


@contextmanager
def _unpacked(archive: Path, entry: str, name: Path) -> Iterator[Path]:
    """The clip as a file of a name of ours, gone afterwards."""
    with scratch("zip") as folder:
        path = folder / f"clip{name.suffix.lower()}"
        with _opened(archive, name) as opened:
            files = {_place(f.filename)[0].as_posix(): f for f in opened.infolist()}
            with (
                archives.unpacked(opened, files[entry], _MOST_BYTES, str(name)) as packed,
                path.open("wb") as file,
            ):
                while block := packed.read(_BLOCK):
                    file.write(block)
        yield path
