"""Messages on missing paths: a path in, one line with the nearest existing name out."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from signlet.printable import printable

_LOOKED_AT = 10_000
"""Number of names in a folder to compare with the missing one."""
_NEAR = 0.75
"""Likeness of names that may be meant for each other: mien and mine have just that."""


def not_found_message(
    path: str | Path, what: str = "file or folder", names: Iterable[str] = ()
) -> str:
    """Return the message on a missing path, and where to look, in one line.

    what: should be there. names: what could be given in place of a path, such as a model that
    comes with signlet. Names the folder of the path that is missing already, where a link leads,
    or a name that is nearly the same.
    """
    path = Path(path)
    return f"{path}: there is no such {what}{_hint(path, names)}"


def exists(path: str | Path) -> bool:
    """Return True if the path exists; an invalid path does not."""
    try:
        return Path(path).exists()
    except (OSError, ValueError):  # too long, a NUL in it, a folder that may not be looked into
        return False


def _hint(path: Path, names: Iterable[str]) -> str:
    if os.path.islink(path):
        return f"; it is a link to {printable(os.readlink(path))}, which does not exist"
    if near := _nearest(str(path), names):
        return f"; did you mean {near}?"
    missing = path
    for parent in path.parents:
        if not exists(parent):
            missing = parent
        elif not parent.is_dir():
            return f"; {printable(str(parent))} is a file, not a folder"
        else:
            break
    nor = f", nor a folder {printable(str(missing))}" if missing != path else ""
    return nor + (_meant(missing, path) or "; check the path")


def _meant(missing: Path, path: Path) -> str:
    """A name beside the missing part of a path that is nearly the same; "" for none."""
    try:
        with os.scandir(missing.parent) as inside:
            names = [entry.name for entry, _ in zip(inside, range(_LOOKED_AT), strict=False)]
    except (OSError, ValueError):
        return ""
    near = _nearest(missing.name, names)
    if not near:
        return ""
    whole = missing.parent / near / path.relative_to(missing)
    found = whole if exists(whole) else missing.parent / near
    return f"; did you mean {printable(str(found))}?"


def _nearest(name: str, names: Iterable[str]) -> str:
    """The most similar name, upper and lower case alike; "" if none is near."""
    from difflib import get_close_matches  # which only a mistake needs

    plain = {name.casefold(): name for name in sorted(names, reverse=True)}
    return next((plain[one] for one in get_close_matches(name.casefold(), plain, 1, _NEAR)), "")
