"""Own clips in a `.zip` of a folder, as the live page saves them."""

from __future__ import annotations

import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

from signlet.clip import Clip
from signlet.errors import ClipError, SignletError
from signlet.sources.files import SUFFIXES, read_clip
from signlet.sources.folder import signer_of
from signlet.sources.source import ClipRef
from signlet.sources.tables import refuse_twice

_MOST_FILES = 20_000
_MOST_BYTES = 1 << 30
"""Of one clip, unpacked: a longer video is not one sign."""
_BLOCK = 1 << 20
_DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, KeyError, ValueError)


@dataclass(frozen=True)
class Zipped:
    """Clips `<sign>/<signer>_<anything>` in an archive, maybe all in one folder; see `Folder`.

    Nothing is unpacked to where an entry's name points: a clip is copied to a temporary file
    of our own name while it is read. A clip's path is `clips.zip/<entry>`, for messages.
    """

    archive: Path
    signs: tuple[str, ...]
    name: str = field(default="folder", init=False)
    notes: tuple[str, ...] = field(default=(), init=False)

    @classmethod
    def open(cls, archive: Path) -> Zipped:
        """List the signs. Raises SignletError where there is no clip, or it is damaged."""
        return cls(archive, tuple(sorted({path.parent.name for path in _entries(archive)})))

    def refs(self) -> list[ClipRef]:
        """All clips, sorted by sign and file name. Raises SignletError."""
        return [
            ClipRef(
                f"{entry.parent.name}/{entry.name}",
                self.archive / entry,
                entry.parent.name,
                signer_of(entry.name),
            )
            for entry in _entries(self.archive)
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


def _entries(archive: Path) -> list[PurePosixPath]:
    """Names of the clips in an archive, sorted."""
    with _opened(archive, archive) as opened:
        names = [file.filename for file in opened.infolist() if not file.is_dir()]
    if len(names) > _MOST_FILES:
        raise SignletError(f"{archive}: holds {len(names):,} files; {_MOST_FILES:,} are read")
    paths = [path for path in map(PurePosixPath, names) if _is_clip(path)]
    # A folder that was packed whole lies below its own name.
    whole = len({path.parts[0] for path in paths}) == 1 and {len(p.parts) for p in paths} == {3}
    clips = sorted(path for path in paths if len(path.parts) == (3 if whole else 2))
    if not clips:
        raise SignletError(
            f"{archive}: holds no clips; expected <sign>/<signer>_<anything> ending in "
            f"{', '.join(SUFFIXES)}"
        )
    refuse_twice([clip.as_posix() for clip in clips], archive)
    return clips


def _is_clip(path: PurePosixPath) -> bool:
    """Whether an entry is <sign>/<file>, or <folder>/<sign>/<file>, of a kind that is read."""
    hidden = any(part.startswith((".", "__MACOSX")) for part in path.parts)
    known = path.suffix.lower() in SUFFIXES and not path.is_absolute()
    return known and not hidden and len(path.parts) in (2, 3)


@contextmanager
def _opened(archive: Path, name: Path) -> Iterator[zipfile.ZipFile]:
    try:
        with zipfile.ZipFile(archive) as opened:
            yield opened
    except FileNotFoundError:
        raise SignletError(f"{archive}: there is no such file; check the path") from None
    except NotImplementedError:
        raise ClipError(f"{name}: is packed in a way that is not read; pack it again") from None
    except RuntimeError:
        raise ClipError(f"{name}: is encrypted; pack it without a password") from None
    except OSError as error:
        raise SignletError(f"{name}: cannot be read ({error.strerror or error})") from None
    except _DAMAGED as error:
        raise ClipError(f"{name}: is damaged ({error}); copy or save the .zip again") from None


@contextmanager
def _unpacked(archive: Path, entry: str, name: Path) -> Iterator[Path]:
    """The clip as a file of a name of ours, gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="signlet-zip-") as folder:
        path = Path(folder) / f"clip{name.suffix.lower()}"
        with _opened(archive, name) as opened:
            files = {PurePosixPath(f.filename).as_posix(): f for f in opened.infolist()}
            if files[entry].file_size > _MOST_BYTES:
                raise ClipError(
                    f"{name}: is larger than {_MOST_BYTES >> 20} MB; cut it to one sign"
                )
            # zipfile gives no more than the size that the entry claims, and checks its sum.
            with opened.open(files[entry]) as packed, path.open("wb") as file:
                while block := packed.read(_BLOCK):
                    file.write(block)
        yield path
