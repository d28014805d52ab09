"""Where clips come from: the competition's directory, own data, the fingerspelling lexicon."""

from __future__ import annotations

from pathlib import Path

from signlet.clip import Clip
from signlet.errors import SignletError
from signlet.sources.asl_signs import FILES, LABELS, TABLE, AslSigns
from signlet.sources.files import SUFFIXES, read_clip
from signlet.sources.fingerspelling import Fingerspelling
from signlet.sources.folder import Folder, Manifest
from signlet.sources.source import ClipRef, Source, find, read_ref
from signlet.sources.write import write_clip
from signlet.sources.zipped import Zipped

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
    "open_source",
    "read_clip",
    "read_named",
    "read_ref",
    "write_clip",
]


LETTERS = "fingerspelling:"
"""Begins the name of a clip of the lexicon: "fingerspelling:gsg/R"."""


def read_named(name: str | Path) -> Clip:
    """A clip by its path, or one of the lexicon's by name: "fingerspelling:gsg/R".

    Raises SignletError.
    """
    if str(name).startswith(LETTERS) and not Path(name).exists():
        letters = Fingerspelling.open()
        return letters.read(find(letters, str(name).removeprefix(LETTERS)))
    return read_clip(name)


def open_source(where: str | Path) -> Source:
    """Open a set of clips; no clip is read yet.

    where: "fingerspelling" (a folder of that name is "./fingerspelling"); a directory of
        the competition, known by its `train.csv`, `sign_to_prediction_index_map.json` or
        `train_landmark_files`; a folder with one folder per sign; a `.zip` of such a folder; or
        a manifest CSV.
    Raises SignletError where it is none of them, or its tables are damaged.
    """
    if where == "fingerspelling":
        return Fingerspelling.open()
    path = Path(where)
    if path.is_dir():
        competition = any((path / name).exists() for name in (TABLE, LABELS, FILES))
        return AslSigns.open(path) if competition else Folder.open(path)
    if path.suffix.lower() == ".csv":
        return Manifest.open(path)
    if path.suffix.lower() == ".zip" and path.exists():
        return Zipped.open(path)
    if path.suffix.lower() in SUFFIXES and path.exists():
        raise SignletError(f"{path}: is one clip; give a folder of clips or a table that lists it")
    if not path.exists():
        raise SignletError(
            f"{path}: no such file or directory, so no set of clips; "
            "give 'fingerspelling', a directory, a .zip of one or a manifest CSV"
        )
    raise SignletError(
        f"{path}: is no set of clips; give 'fingerspelling', a directory, a .zip of one or a "
        "manifest CSV"
    )
