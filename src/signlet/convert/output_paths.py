"""Output paths: clips of a set in, a path for each out, and a table for what names cannot hold."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path

from signlet.errors import SignletError
from signlet.files.atomic import write_text
from signlet.printable import printable
from signlet.running.lock import LOCK
from signlet.sources import ClipRef, open_source
from signlet.sources.files import SUFFIXES
from signlet.text.names import cell, file_name
from signlet.video.suffixes import VIDEO_SUFFIXES

RECORD, MANIFEST = "convert.json", "manifest.csv"
NO_SIGN = "unknown"
"""Folder of clips whose sign is not known."""
_COLUMNS = ("path", "sign", "signer", "split")


def places(refs: Sequence[ClipRef]) -> list[Path]:
    """For each clip `<sign>/<signer>_<name>.npz`, each once, the same in every run."""
    taken: set[str] = set()
    found = []
    for ref in refs:
        folder, stem = file_name(ref.sign or NO_SIGN), file_name(_stem(ref))
        number, path = 1, f"{folder}/{stem}.npz"
        while path.casefold() in taken:
            number += 1
            path = f"{folder}/{stem}-{number}.npz"
        taken.add(path.casefold())
        found.append(Path(path))
    return found


def _stem(ref: ClipRef) -> str:
    own = ref.path.name  # where it is escaped in the clip's name, the backslash is not a folder
    escaped = ref.name.endswith(printable(own)) and not own.isprintable()
    last = own if escaped else ref.name.replace("\\", "/").rstrip("/").split("/")[-1]
    stem, dot, ending = last.rpartition(".")
    name = stem if f"{dot}{ending}".lower() in (*SUFFIXES, *VIDEO_SUFFIXES) else last
    if not ref.signer or name.startswith(f"{ref.signer}_"):
        return name
    return f"{ref.signer}_{name}"


def claim(out: Path, about: dict[str, str]) -> None:
    """Take a folder for a conversion, or take up one that was begun.

    about: what is converted and how. Raises SignletError if it holds something else.
    """
    record = out / RECORD
    if record.is_file():
        if record.read_text(encoding="utf-8") != _text(about):
            raise SignletError(
                f"{out}: contains clips that were converted from other files, or with other "
                "flags; choose another "
                "folder or delete this one"
            )
        return
    if out.exists() and (not out.is_dir() or {path.name for path in out.iterdir()} - {LOCK}):
        raise SignletError(f"{out}: exists already; name a new folder to write")
    write_text(record, _text(about))


def _text(about: dict[str, str]) -> str:
    text = json.dumps(about, indent=1, ensure_ascii=False)
    return text.encode(errors="backslashreplace").decode() + "\n"


def describe(out: Path, refs: Sequence[ClipRef], paths: Sequence[Path]) -> Path:
    """Return the data for other commands: the folder, or a table in it where names say too little.

    refs, paths: of the clips that were written.
    """
    if _told_by_names(out, refs, paths):
        return out
    if any(ref.sign is None for ref in refs):
        return out  # a table needs every sign
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(_COLUMNS)
    for ref, path in zip(refs, paths, strict=True):
        texts = path.as_posix(), ref.sign, ref.signer, ref.split
        table.writerow([cell(text or "") for text in texts])
    write_text(out / MANIFEST, text.getvalue())
    return out / MANIFEST


def _told_by_names(out: Path, refs: Sequence[ClipRef], paths: Sequence[Path]) -> bool:
    try:
        found = {ref.path: ref for ref in open_source(f"folder:{out}").refs()}
    except SignletError:
        return False
    return len(found) == len(refs) and all(
        (told := found.get(out / path)) is not None
        and (told.sign, told.signer, told.split) == (ref.sign, ref.signer, ref.split)
        for ref, path in zip(refs, paths, strict=True)
    )
