"""Published sets as downloaded: a folder in, a `Source` out; one small module a layout."""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path

from signlet.errors import SignletError
from signlet.sources.datasets import (
    asl_citizen,
    asl_fingerspelling,
    autsl,
    include,
    karsl,
    lsa64,
    mp_data,
    ms_asl,
    tasks_json,
    wlasl,
)
from signlet.sources.datasets.layout import Layout, Listing, Published

__all__ = ["LAYOUTS", "Layout", "Listing", "Published", "open_published", "unknown_layout"]

LAYOUTS = (
    wlasl.LAYOUT,
    asl_citizen.LAYOUT,
    autsl.LAYOUT,
    lsa64.LAYOUT,
    ms_asl.LAYOUT,
    karsl.LAYOUT,
    include.LAYOUT,
    asl_fingerspelling.LAYOUT,
    mp_data.LAYOUT,
    tasks_json.LAYOUT,
)
"""In the order in which they are tried on a folder whose layout is not named."""


def unknown_layout(name: str, rest: str) -> SignletError:
    """The error for a name before a colon that no layout has."""
    names = [layout.name for layout in LAYOUTS]
    near = get_close_matches(name.lower(), names, 1)
    hint = f"did you mean {near[0]}:{rest}?" if near else f"there are {', '.join(names)}, folder"
    return SignletError(f"{name}:{rest}: {name!r} is not a known layout; {hint}")


def open_published(where: str | Path) -> Published | None:
    """A published set: named ("wlasl:PATH"), or known by what is in the folder.

    Returns None if it is neither. Raises SignletError if it is named and not there.
    """
    name, colon, rest = str(where).partition(":")
    named = next((layout for layout in LAYOUTS if colon and layout.name == name), None)
    if named is not None and not Path(where).exists():
        return Published.open(named, Path(rest))
    root = Path(where)
    if root.is_dir():
        for layout in LAYOUTS:
            known = layout.known_by(root)
            if known:
                return _recognised(layout, root, known)
    return None


def _recognised(layout: Layout, root: Path, known: str) -> Published:
    try:
        return Published.open(layout, root, known)
    except SignletError as error:
        raise SignletError(
            f"{error} (signlet read it as {layout.name} because of {known}; folder:{root} reads "
            "it as a folder of your own)"
        ) from None
