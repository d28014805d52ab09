"""The user's own data, a folder per sign or a table of files: a path in, a `Source` out."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

from signlet.clip import Clip
from signlet.errors import SignletError
from signlet.files.missing_path import exists
from signlet.sources.discover import arranged
from signlet.sources.encoding import encoding_note
from signlet.sources.named_clips import NamedClip, told_signers
from signlet.sources.overlap import overlap_note, refuse_endless
from signlet.sources.pattern import NamePattern
from signlet.sources.rows import Columns, clip_rows, columns_note, ref_of, repeated_remedy
from signlet.sources.source import ClipRef, read_ref
from signlet.sources.tables import refuse_twice
from signlet.sources.time_units import refuse_behind
from signlet.sources.unused_files import count_of, listed
from signlet.sources.walk import tree_of


@dataclass(frozen=True)
class Folder:
    """Clips `<sign>/<signer>_<anything>`, in any of the formats that `read_clip` reads.

    The signer is what stands before the first underscore, where that can be a person (see
    `signers_of`), or a folder that is called like one, `signer03`; else it is unknown. Folders
    `train`, `val` and `test` around those of the signs, or in them, are the clips' split (see
    `arranged`).
    Signs and clips are sorted by name; a clip is called `<sign>/<file name>`. `names`, where
    given, says instead what the files' names tell. Hidden files are left out.
    """

    root: Path
    signs: tuple[str, ...]
    names: NamePattern | None = None
    name: str = field(default="folder", init=False)

    @classmethod
    def open(cls, root: Path, names: NamePattern | None = None) -> Folder:
        """List the signs. Raises SignletError if there is no clip."""
        found, notes = arranged(tree := tree_of(root), root, names)
        opened = cls(root, tuple(sorted({one.sign for one in found})), names)
        opened.__dict__["_kept"] = tree, found, notes
        return opened

    @property
    def notes(self) -> tuple[str, ...]:
        """On folders and files that are skipped, and on unknown signers. Raises SignletError."""
        return self._arranged()[1]

    def refs(self) -> list[ClipRef]:
        """All clips, sorted by path. Raises SignletError if there is none."""
        return [
            ClipRef(one.name, self.root / one.path, one.sign, one.signer, split=one.split)
            for one in self._arranged()[0]
        ]

    def read(self, ref: ClipRef) -> Clip:
        """Read one clip. Raises ClipError."""
        return read_ref(ref)

    def _arranged(self) -> tuple[list[NamedClip], tuple[str, ...]]:
        """Clips and notes, made again where the folder was changed."""
        tree = tree_of(self.root)
        kept = self.__dict__.get("_kept")
        if kept is None or kept[0] is not tree:
            kept = tree, *arranged(tree, self.root, self.names)
            self.__dict__["_kept"] = kept
        return kept[1], kept[2]

    def __reduce__(self) -> tuple[Any, ...]:
        # What was found, which may be long, is not sent to worker processes: they are given refs.
        return type(self), (self.root, self.signs, self.names)


@dataclass(frozen=True)
class Manifest:
    """Clips listed in a table with the columns `path`, `sign` and, if known, others of `COLUMNS`.

    The table is CSV, or a JSON list of objects; `columns` names its columns if they have other
    names. Paths are relative to the table or absolute, and are the clips' names (see `ref_of`).
    The order is the table's; signs are sorted. Files that are missing are counted in the notes,
    and each is refused when it is read. `names` tells the signers that no column tells.
    """

    table: Path
    signs: tuple[str, ...]
    columns: Columns = field(default_factory=dict)
    names: NamePattern | None = None
    name: str = field(default="folder", init=False)

    @classmethod
    def open(
        cls, table: Path, columns: Columns | None = None, names: NamePattern | None = None
    ) -> Manifest:
        """List the signs. Raises SignletError."""
        if names is not None and not names.has("signer"):
            raise SignletError(
                f"--names {names.text}: the table names the signs, so the pattern needs "
                "only the signer; add {signer}"
            )
        if names is not None and names.has("split"):
            raise SignletError(
                f"--names {names.text}: in a table, the column split gives the split; write "
                "{any} instead of {split}"
            )
        columns = columns or {}
        signs = tuple(sorted({row["sign"] for row in clip_rows(table, columns)}))
        return cls(table, signs, columns, names)

    @property
    def notes(self) -> tuple[str, ...]:
        """On missing files, unknown signers, a guessed encoding, and columns that are not read."""
        refs, note = self._told()
        found = (_missing(refs, self.table), note, encoding_note(self.table), overlap_note(refs))
        return tuple(filter(None, [*found, columns_note(self.table, self.columns)]))

    def refs(self) -> list[ClipRef]:
        """All clips. Raises SignletError if one is listed twice or there is none.

        Also if several clips continue to the end of one recording, or if times are not seconds.
        """
        return self._told()[0]

    def read(self, ref: ClipRef) -> Clip:
        """Read one clip. Raises ClipError."""
        return read_ref(ref)

    def _told(self) -> tuple[list[ClipRef], str]:
        rows = clip_rows(self.table, self.columns)
        refs = [_located(ref_of(row, self.table)) for row in rows]
        remedy = partial(repeated_remedy, self.table, self.columns)
        refuse_twice([ref.name for ref in refs], self.table, remedy)
        refuse_endless(refs, self.table)
        if not self.__dict__.get("_measured"):
            refuse_behind(refs, self.table)
            self.__dict__["_measured"] = True  # recordings are not opened at every question
        if self.names is None:
            return refs, ""
        rest = [number for number, ref in enumerate(refs) if ref.signer is None]
        paths = [PurePosixPath(rows[number]["path"].replace("\\", "/")) for number in rest]
        signers, note = told_signers(paths, self.names)
        for number, signer in zip(rest, signers, strict=True):
            refs[number] = replace(refs[number], signer=signer)
        return refs, note


def _located(ref: ClipRef) -> ClipRef:
    """With slashes where Windows wrote backslashes, which elsewhere are letters of a name."""
    text = str(ref.path)
    if "\\" not in text or os.path.lexists(text):
        return ref
    return replace(ref, path=Path(text.replace("\\", "/")))


def _missing(refs: Sequence[ClipRef], table: Path) -> str:
    missing = list(dict.fromkeys(ref.path for ref in refs if not exists(ref.path)))
    if not missing:
        return ""
    count = count_of(len({ref.path for ref in refs}), "file")
    return (
        f"{table} lists {count}, of which {len(missing)} cannot be found: {listed(missing)}; "
        "give absolute paths, or paths relative to the table"
    )
