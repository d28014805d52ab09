"""Another source whose arrays hold other parts, in an order that the user names.

`--data pose33+left21+right21:PATH`: PATH is a folder per sign or a table, its `.npy` and
`.npz` files are (frames, 75, 2 to 4), or 150, 225 or 300 numbers a frame.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

from signlet.clip import Clip
from signlet.sources.arrays import read_npy, read_npz
from signlet.sources.points import Part
from signlet.sources.source import ClipRef, Source, read_ref

_READERS = {".npy": read_npy, ".npz": read_npz}


@dataclass(frozen=True)
class Arranged:
    """The clips of `inner`, whose arrays hold `parts`; other files are read as always."""

    inner: Source
    parts: tuple[Part, ...]

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
        reader = _READERS.get(Path(ref.path).suffix.lower())
        if reader is None:
            return self.inner.read(ref)
        return read_ref(ref, partial(reader, parts=self.parts))
