"""The fingerspelling lexicon inside the PyPI package spoken-to-signed: real clips to try with.

436 clips of the letters A to Z in 17 sign languages, each signed by other people. The
sign language is the signer group, and the order is that of the package's index, on which
the published folds rest. The index lists the 26 American (ase) files a second time as
French (fsl): a fold that holds out one of the two and trains on the other has seen them.
"""

from __future__ import annotations

import string
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

from signlet.clip import Clip
from signlet.errors import SignletError
from signlet.sources.source import ClipRef, read_ref
from signlet.sources.tables import read_rows, refuse_twice
from signlet.text.install import needs

_PACKAGE = "spoken_to_signed"
LANGUAGES = {
    "ase": "American",
    "asq": "Austrian",
    "bzs": "Brazilian",
    "cse": "Czech",
    "csq": "Croatian",
    "eso": "Estonian",
    "fsl": "French",
    "gsg": "German",
    "ise": "Italian",
    "lls": "Lithuanian",
    "mfs": "Mexican",
    "psr": "Portuguese",
    "sgg": "Swiss German",
    "ssp": "Spanish",
    "svk": "Slovak",
    "swl": "Swedish",
    "tsm": "Turkish",
}
"""Name of each sign language by its code in ISO 639-3, without "Sign Language"."""
_INDEX = Path("assets", "fingerspelling_lexicon", "index.csv")


@dataclass(frozen=True)
class Fingerspelling:
    """Letters of the lexicon, called `<sign language>/<letter>`, for instance `eso/A`."""

    root: Path
    signs: tuple[str, ...]
    name: str = field(default="fingerspelling", init=False)
    notes: tuple[str, ...] = field(default=(), init=False)

    @classmethod
    def open(cls) -> Fingerspelling:
        """Find the package without importing it. Raises SignletError if it is missing."""
        spec = find_spec(_PACKAGE)
        places = spec.submodule_search_locations if spec else None
        if not places:
            raise SignletError(needs("the source fingerspelling", "demo"))
        return cls(Path(places[0], _INDEX).parent, tuple(string.ascii_uppercase))

    def refs(self) -> list[ClipRef]:
        """All letters in the order of the index. Raises SignletError if it is damaged."""
        index = self.root / _INDEX.name
        rows = read_rows(index, ("path", "signed_language", "glosses"))
        letters = [row for row in rows if row["glosses"].upper() in self.signs]
        names = [f"{row['signed_language']}/{row['glosses'].upper()}" for row in letters]
        refuse_twice(names, index)
        return [
            ClipRef(name, self.root / row["path"], row["glosses"].upper(), row["signed_language"])
            for name, row in zip(names, letters, strict=True)
        ]

    def read(self, ref: ClipRef) -> Clip:
        """Read one clip. Raises ClipError."""
        return read_ref(ref)
