"""Messages on missing paths: a path in, one line with the nearest existing name out."""

from __future__ import annotations

import os
from difflib import get_close_matches
from pathlib import Path

from signlet.sources.unused_files import one_line

_LOOKED_AT = 10_000
"""Number of names in a folder to compare with the missing one."""


def not_found_message(path: str | Path, what: str = "file or folder") -> str:
    """Return the message on a missing path, and where to look, in one line.

    what: should be there. Names the folder of the path that is missing already, where a link
    leads, or a name that is nearly the same.
    """
    path = Path(path)
    return f"{path}: there is no such {what}{_hint(path)}"


def exists(path: str | Path) -> bool:
    """Return True if the path exists; an invalid path does not."""
    try:
        return Path(path).exists()
    except (OSError, ValueError):  # too long, a NUL in it, a folder that may not be looked into
        return False


def _hint(path: Path) -> str:
    if os.path.islink(path):
        return f"; it is a link to {one_line(os.readlink(path))}, which does not exist"
    missing = path
    for parent in path.parents:
        if not exists(parent):
            missing = parent
        elif not parent.is_dir():
            return f"; {one_line(str(parent))} is a file, not a folder"
        else:
            break
    nor = f", nor a folder {one_line(str(missing))}" if missing != path else ""
    return nor + (_meant(missing) or "; check the path")


def _meant(path: Path) -> str:
    """A name beside it that is nearly the same; "" for none."""
    try:
        with os.scandir(path.parent) as inside:
            names = [entry.name for entry, _ in zip(inside, range(_LOOKED_AT), strict=False)]
    except (OSError, ValueError):
        return ""
    plain = {name.casefold(): name for name in sorted(names, reverse=True)}
    near = get_close_matches(path.name.casefold(), plain, 1, 0.75)
    return f"; did you mean {one_line(str(path.parent / plain[near[0]]))}?" if near else ""
