"""Another source whose files hold other parts, or several people, as the user says.

`--data pose33+left21+right21:PATH`: PATH is a folder per sign or a table, its `.npy` and
`.npz` files are (frames, 75, 2 to 4), or 150, 225 or 300 numbers a frame. `--data person1:PATH`:
of the people in `.pose` files the second is taken, not the largest.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from signlet.clip import Clip
from signlet.clip.points import Part, parse_parts
from signlet.sources.arrays import read_npy, read_npz
from signlet.sources.files import Reader
from signlet.sources.source import ClipRef, Source, read_ref

_PERSON = re.compile(r"person(\d{1,3})")
_READERS = {".npy": read_npy, ".npz": read_npz}


def arrangement(text: str) -> tuple[tuple[Part, ...], int | None] | None:
    """Parts and person that stand before a colon; None if it is neither.

    Raises SignletError as `parse_parts` does.
    """
    parts, person = parse_parts(text), _PERSON.fullmatch(text)
    if person is not None:
        return (), int(person[1])
    return None if parts is None else (parts, None)


@dataclass(frozen=True)
class Arranged:
    """The clips of `inner`, whose arrays hold `parts`; other files are read as always.

    person: whom to take in `.pose` files, counted from 0; None for the largest.
    """

    inner: Source
    parts: tuple[Part, ...] = ()
    person: int | None = None

    @property
    def name(self) -> str:
        """Kind of the source within."""
        return self.inner.name

    @property
    def signs(self) -> tuple[str, ...]:
        """Of the source within."""
        return self.inner.signs

    @property
    def notes(self) -> tuple[str, ...]:
        """Of the source within."""
        return self.inner.notes

    def refs(self) -> list[ClipRef]:
        """Of the source within."""
        return self.inner.refs()

    def read(self, ref: ClipRef) -> Clip:
        """Read one clip. Raises ClipError."""
        reader = reader_of(ref.path, self.parts, self.person)
        return self.inner.read(ref) if reader is None else read_ref(ref, reader)


def reader_of(path: Path, parts: tuple[Part, ...], person: int | None) -> Reader | None:
    """Return the reader for a file with such an arrangement; None for the usual reader."""
    suffix = path.suffix.lower()
    if parts and suffix in _READERS:
        return partial(_READERS[suffix], parts=parts)
    return partial(_person, person=person) if person is not None and suffix == ".pose" else None


def _person(path: Path, person: int) -> Clip:
    from signlet.sources.pose import read_pose

    return read_pose(path, person)
