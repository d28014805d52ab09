"""The protocol of a source: `ClipRef`s and clips (T, 543, 3) out; look-up of a clip by name."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from signlet.clip import Clip
from signlet.clip.span import Span
from signlet.errors import SignletError
from signlet.printable import printable
from signlet.sources.files import Reader, read_clip

_SHOWN = 5
"""As many names are listed in an error message."""


@dataclass(frozen=True)
class ClipRef:
    """A reference to a clip: its file, sign and signer. Cheap and picklable; nothing is read yet.

    name: unique within the source; one printable line, whatever its file is called.
    path: its file; whether it exists shows when it is read.
    sign: gloss, None if unknown.
    signer: who signs, or a group of signers that must stay together; None if unknown.
    span: the stretch of the file that is the clip, None for all of it.
    split: "train", "val" or "test", as whoever published the clips has it; None if unknown.
    """

    name: str
    path: Path
    sign: str | None
    signer: str | None
    span: Span | None = None
    split: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", printable(self.name))


class Source(Protocol):
    """A set of clips. Small and picklable: worker processes get a copy."""

    @property
    def name(self) -> str:
        """Kind of source: "asl-signs", "folder" or "fingerspelling"."""

    @property
    def signs(self) -> tuple[str, ...]:
        """Label order: a sign's position is its class. Empty where no sign is known."""

    @property
    def notes(self) -> tuple[str, ...]:
        """Notes on how the clips were found: sentences without a full stop.

        They name files that were skipped, with the reason, and guesses. Raises SignletError.
        """

    def refs(self) -> list[ClipRef]:
        """All clips, always in the same order. Raises SignletError."""

    def read(self, ref: ClipRef) -> Clip:
        """Read one of them. Raises ClipError."""


def read_ref(ref: ClipRef, reader: Reader | None = None) -> Clip:
    """Read a clip's file and put the name, sign and signer of the source on it.

    reader: what reads the file; None for what its ending says.
    """
    clip = read_clip(ref.path, ref.span, reader)
    return replace(clip, name=ref.name, sign=ref.sign, signer=ref.signer)


def find(source: Source, name: str) -> ClipRef:
    """The clip of that name.

    name: a clip's name; a beginning or end of it, or of the last two parts of its path,
        will do where only one clip fits, or where those that fit share one file: then it is
        the first of them.
    Raises SignletError listing the candidates, or the names most like it.
    """
    refs = source.refs()
    exact = [ref for ref in refs if ref.name == name]
    found = exact or [ref for ref in refs if name and _fits(ref, name)]
    if len({ref.path for ref in found}) == 1:
        return found[0]
    if found:
        raise SignletError(
            f"{name!r} matches {len(found)} clips: {_listed([ref.name for ref in found])}; name one"
        )
    close = [ref.name for ref in refs if ref.name.lower() == name.lower()]
    close = close or difflib.get_close_matches(name, [r.name for r in refs], n=_SHOWN, cutoff=0.4)
    hint = f"the nearest names are {_listed(close)}" if close else _example(refs)
    raise SignletError(f"no clip is called {name!r}; {hint}")


def _fits(ref: ClipRef, name: str) -> bool:
    tail = "/".join(ref.path.parts[-2:])
    return any(text.startswith(name) or text.endswith(name) for text in (ref.name, tail))


def _example(refs: list[ClipRef]) -> str:
    return f"a name looks like {refs[0].name}" if refs else "there are no clips"


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
