"""Sources of clips: a folder, table, archive or name in, a `Source` of clips (T, 543, 3) out."""

from __future__ import annotations

from pathlib import Path

from signlet.clip import Clip
from signlet.errors import SignletError
from signlet.files.missing_path import exists, not_found_message
from signlet.files.regular import blocked
from signlet.sources.asl_signs import FILES, LABELS, TABLE, AslSigns
from signlet.sources.files import SUFFIXES, read_clip
from signlet.sources.fingerspelling import Fingerspelling
from signlet.sources.folder import Folder, Manifest
from signlet.sources.pattern import NamePattern
from signlet.sources.rows import Columns, parse_columns
from signlet.sources.source import ClipRef, Source, find, read_ref
from signlet.sources.tables import TABLE_SUFFIXES
from signlet.sources.unsupported import single_frames
from signlet.sources.write import write_clip
from signlet.sources.zipped import Zipped
from signlet.video.suffixes import is_video

__all__ = [
    "LETTERS",
    "AslSigns",
    "ClipRef",
    "Fingerspelling",
    "Folder",
    "Manifest",
    "Source",
    "Zipped",
    "find",
    "is_set",
    "names_clip",
    "open_source",
    "read_clip",
    "read_named",
    "read_ref",
    "with_videos",
    "write_clip",
]


LETTERS = "fingerspelling:"
"""Begins the name of a clip of the lexicon: "fingerspelling:gsg/R"."""


def read_named(name: str | Path) -> Clip:
    """A clip by its path, or one of the lexicon's by name: "fingerspelling:gsg/R".

    "pose33+left21+right21:PATH" and "person1:PATH" are understood as in `open_source`.
    Raises SignletError.
    """
    if str(name).startswith(LETTERS) and not Path(name).exists():
        letters = Fingerspelling.open()
        return letters.read(find(letters, str(name).removeprefix(LETTERS)))
    before, rest = _told(name)
    if before:
        from signlet.sources.datasets.arranged import (  # which need this module
            arrangement,
            reader_of,
        )

        told = arrangement(before)
        if told is not None:
            return read_clip(rest, reader=reader_of(Path(rest), *told))
    return read_clip(name)


def names_clip(name: str) -> bool:
    """Return True if this names one existing clip for `read_named`, and not a set of clips."""
    from signlet.sources.datasets.arranged import arrangement  # which needs this module

    path = Path(name)
    if not path.exists():
        if name.startswith(LETTERS):
            return True
        before, _, rest = name.partition(":")
        if not rest or arrangement(before) is None:
            return False
        path = Path(rest)
    return path.is_file() and not is_set(path)


def is_set(path: Path) -> bool:
    """Return True if a file is a set of clips by its ending: a table, or a .zip of a folder."""
    return path.suffix.lower() in (*TABLE_SUFFIXES, ".zip")


FOLDER = "folder"
"""Written before a colon and a path: reads the path as the user's own folder, not as a published
set."""


def open_source(where: str | Path, columns: str | None = None, names: str | None = None) -> Source:
    """Open a set of clips; no clip is read yet.

    where: "fingerspelling" (a folder of that name is "./fingerspelling"); a directory of
        the competition, known by its `train.csv`, `sign_to_prediction_index_map.json` or
        `train_landmark_files`; a folder with one folder per sign; a `.zip` of such a folder; or
        a manifest CSV. Or a published set (`signlet.sources.datasets`), named ("wlasl:PATH") or
        known by its tables; a note then says so, and "folder:PATH" is not looked at in that way.
        "pose33+left21+right21:PATH" names the parts that the arrays there hold (`parse_parts`),
        "person1:PATH" whom to take of the people in `.pose` files, counted from 0.
    columns: what a table's columns are called, see `parse_columns`; it may then be JSON, too.
    names: how the files of a folder, a .zip or a table are named, see `NamePattern`.
    Raises SignletError if it is not one of them, or its tables are damaged.
    """
    from signlet.sources.datasets import open_published, unknown_layout  # which need this module
    from signlet.sources.datasets.arranged import Arranged, arrangement

    before, rest = _told(where)
    told = arrangement(before)
    if told is not None:
        return Arranged(open_source(rest, columns, names), *told)
    pattern = None if names is None else NamePattern(names)
    if where == "fingerspelling" and columns is None and pattern is None:
        return Fingerspelling.open()
    own = before == FOLDER
    path = Path(rest if own else where)
    if why := blocked(path):
        raise SignletError(why)
    if columns is not None:
        return _table(path, parse_columns(columns), pattern)
    if pattern is not None and not path.exists() and (where == "fingerspelling" or before):
        raise SignletError(f"--names {names}: {where} names its signers itself; leave --names out")
    known = any((path / name).exists() for name in (LABELS, FILES))
    published = None if own or known or pattern is not None else open_published(where)
    if before and not own and published is None and Path(rest).exists():
        raise unknown_layout(before, rest)
    return published or _own(path, pattern, own)


def _told(where: str | Path) -> tuple[str, str]:
    """ "wlasl:PATH" -> "wlasl", "PATH"; a path that exists has nothing before it.

    Raises SignletError if nothing stands behind the colon.
    """
    before, colon, rest = str(where).partition(":")
    if before and colon and not rest:
        raise SignletError(f"{where}: has no path; give {before}:PATH")
    return (before, rest) if colon and not Path(where).exists() else ("", str(where))


def _own(path: Path, names: NamePattern | None, own: bool) -> Source:
    """A folder, a .zip or a table; a competition's directory unless that is ruled out."""
    if path.is_dir():
        known = any((path / name).exists() for name in (TABLE, LABELS, FILES))
        competition = known and not own and names is None
        if not own and names is None and (why := single_frames(path)):
            raise SignletError(why)
        return AslSigns.open(path) if competition else Folder.open(path, names)
    if path.suffix.lower() in (*TABLE_SUFFIXES, ".json"):
        return Manifest.open(path, names=names)
    if path.suffix.lower() == ".zip" and path.exists():
        return Zipped.open(path, names)
    if path.suffix.lower() in SUFFIXES and path.exists():
        raise SignletError(f"{path}: is one clip; give a folder of clips or a table that lists it")
    if not exists(path):
        raise SignletError(not_found_message(path))
    raise SignletError(
        f"{path}: is not a set of clips; give 'fingerspelling', a directory, a .zip of one or a "
        "CSV table"
    )


def _table(path: Path, columns: Columns, names: NamePattern | None) -> Manifest:
    if not exists(path):
        raise SignletError(not_found_message(path))
    if path.suffix.lower() not in (*TABLE_SUFFIXES, ".json"):
        raise SignletError(f"{path}: is not a table; --columns is for .csv, .tsv and .json")
    return Manifest.open(path, columns, names)


def with_videos(source: Source) -> bool:
    """Return True if landmarks have to be extracted first; a .zip does it while it is read."""
    return not isinstance(source, Zipped) and any(is_video(ref.path) for ref in source.refs())
