"""Own landmark data: a folder per sign, or a table that lists the files."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from signlet.clip import Clip
from signlet.errors import SignletError
from signlet.sources.encoding import encoding_note
from signlet.sources.files import SUFFIXES
from signlet.sources.rows import Columns, clip_rows, ref_of
from signlet.sources.source import ClipRef, read_ref
from signlet.sources.tables import refuse_twice


@dataclass(frozen=True)
class Folder:
    """Clips `<sign>/<signer>_<anything>`, in any of the formats that `read_clip` reads.

    The signer is what stands before the first underscore; without one it is unknown.
    Signs and clips are sorted by name; a clip is called `<sign>/<file name>`. Hidden files
    and files of other kinds are left out, deeper folders are not entered.
    """

    root: Path
    signs: tuple[str, ...]
    name: str = field(default="folder", init=False)
    notes: tuple[str, ...] = field(default=(), init=False)

    @classmethod
    def open(cls, root: Path) -> Folder:
        """List the signs. Raises SignletError where there is no clip."""
        return cls(root, tuple(sorted({path.parent.name for path in _clip_files(root)})))

    def refs(self) -> list[ClipRef]:
        """All clips, sorted by sign and file name. Raises SignletError where there is none."""
        return [
            ClipRef(f"{p.parent.name}/{p.name}", p, p.parent.name, signer_of(p.name))
            for p in _clip_files(self.root)
        ]

    def read(self, ref: ClipRef) -> Clip:
        """Read one clip. Raises ClipError."""
        return read_ref(ref)


@dataclass(frozen=True)
class Manifest:
    """Clips listed in a table with the columns `path`, `sign` and, if known, others of `COLUMNS`.

    The table is CSV, or a JSON list of objects; `columns` says what its columns are called where
    they are called otherwise. Paths are relative to the table or absolute, and are the clips'
    names (see `ref_of`). The order is the table's; signs are sorted. That a file is missing
    shows when it is read.
    """

    table: Path
    signs: tuple[str, ...]
    columns: Columns = field(default_factory=dict)
    name: str = field(default="folder", init=False)

    @classmethod
    def open(cls, table: Path, columns: Columns | None = None) -> Manifest:
        """List the signs. Raises SignletError."""
        columns = columns or {}
        return cls(table, tuple(sorted({r["sign"] for r in clip_rows(table, columns)})), columns)

    @property
    def notes(self) -> tuple[str, ...]:
        """On a table whose encoding is a guess."""
        return tuple(filter(None, [encoding_note(self.table)]))

    def refs(self) -> list[ClipRef]:
        """All clips. Raises SignletError where one is listed twice or there is none."""
        refs = [ref_of(row, self.table) for row in clip_rows(self.table, self.columns)]
        refuse_twice([ref.name for ref in refs], self.table)
        return refs

    def read(self, ref: ClipRef) -> Clip:
        """Read one clip. Raises ClipError."""
        return read_ref(ref)


def _clip_files(root: Path) -> list[Path]:
    try:
        found = sorted(
            path
            for sign in root.iterdir()
            if sign.is_dir() and not sign.name.startswith(".")
            for path in sign.iterdir()
            if path.suffix.lower() in SUFFIXES and not path.name.startswith(".")
        )
    except OSError as error:
        raise SignletError(f"{root}: cannot be listed ({error.strerror})") from error
    if not found:
        raise SignletError(_no_clips(root))
    return found


def _no_clips(root: Path) -> str:
    loose = sum(path.suffix.lower() in SUFFIXES for path in root.iterdir())
    has = f"{loose} clip{'s'[: loose != 1]}, but no folder for each sign" if loose else "no clips"
    return (
        f"{root}: holds {has}; expected <sign>/<signer>_<anything> ending in {', '.join(SUFFIXES)}"
    )


def signer_of(file_name: str) -> str | None:
    """Signer in a file name: what stands before the first underscore, else None."""
    signer, underscore, _ = file_name.partition("_")
    return signer if underscore and signer else None
