"""Resuming an interrupted pack: check the output directory, keep the finished shards."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from signlet.errors import SignletError
from signlet.files.atomic import write_text
from signlet.pack import layout
from signlet.pack.layout import Settings
from signlet.running.lock import LOCK

_TEMPORARY = tuple(
    f".{name}-"
    for name in (
        *(layout.FRAMES, layout.INDEX, layout.SKIPPED, layout.HEADER),
        *(layout.SHARDS, layout.SETTINGS),
    )
)


def prepare(out: Path, settings: Settings) -> None:
    """Make the directory for the shards, keeping finished ones of the same settings."""
    folder = out / layout.SHARDS
    try:
        if out.exists():
            _refuse_foreign(out)
            for name in filter(_is_temporary, os.listdir(out)):
                _delete(out / name)
        if layout.read_settings(folder / layout.SETTINGS) != settings:
            discard(folder)
    except OSError as error:
        raise SignletError(f"{out}: cannot be used as a directory ({error.strerror})") from error
    write_text(folder / layout.SETTINGS, layout.as_json(settings))


def _refuse_foreign(out: Path) -> None:
    """Raise SignletError if the directory is neither empty nor an unfinished pack."""
    folder = out / layout.SHARDS
    if (folder / layout.SETTINGS).exists():
        return
    found = {name for name in os.listdir(out) if not _is_temporary(name)}
    found -= {layout.SKIPPED, LOCK}
    if found == {layout.SHARDS} and all(map(_is_temporary, os.listdir(folder))):
        return
    if found:
        raise SignletError(f"{out}: is not empty and is not a packed set; choose another directory")


def _is_temporary(name: str) -> bool:
    """Return True if a killed process left it behind (`atomic.replacing`, `discard`)."""
    return name.startswith(_TEMPORARY)


def _delete(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def discard(folder: Path) -> None:
    """Delete shards so that a kill on the way leaves them whole or with a temporary name."""
    if folder.exists():
        aside = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
        folder.replace(aside / folder.name)
        shutil.rmtree(aside)
