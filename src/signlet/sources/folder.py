"""Own landmark data: a folder per sign, or a table that lists the files."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from signlet.clip import Clip
from signlet.sources.arrange import arranged
from signlet.sources.encoding import encoding_note
from signlet.sources.pattern import NamePattern
from signlet.sources.rows import Columns, clip_rows, ref_of
from signlet.sources.source import ClipRef, read_ref
from signlet.sources.tables import refuse_twice
from signlet.sources.walk import tree_of


@dataclass(frozen=True)
class Folder:
    """Clips `<sign>/<signer>_<anything>`, in any of the formats that `read_clip` reads.

    The signer is what stands before the first underscore, where that can be a person (see
    `signers_of`), or a folder that is called like one, `signer03`; else it is unknown. Folders
    `train`, `val` and `test` around those of the signs are the clips' split (see `arranged`).
    Signs and clips are sorted by name; a clip is called `<sign>/<file name>`. `names`, where
    given, says instead what the files' names tell. Hidden files are left out.
    """

    root: Path
    signs: tuple[str, ...]
    names: NamePattern | None = None
    name: str = field(default="folder", init=False)

    @classmethod
    def open(cls, root: Path, names: NamePattern | None = None) -> Folder:
        """List the signs. Raises SignletError where there is no clip."""
        found, _ = arranged(tree_of(root), root, names)
        return cls(root, tuple(sorted({one.sign for one in found})), names)

    @property
    def notes(self) -> tuple[str, ...]:
        """On folders and files that are left aside, and on unknown signers. Raises SignletError."""
        return arranged(tree_of(self.root), self.root, self.names)[1]

    def refs(self) -> list[ClipRef]:
        """All clips, sorted by path. Raises SignletError where there is none."""
        found, _ = arranged(tree_of(self.root), self.root, self.names)
        return [
            ClipRef(one.name, self.root / one.path, one.sign, one.signer, split=one.split)
            for one in found
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
