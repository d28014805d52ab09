"""The card of an exported file: one JSON text inside the file in, a checked `Card` out."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from signlet.errors import SignletError, first_line
from signlet.files.json_text import parsed
from signlet.landmarks import NUM_RAW, SCHEMA
from signlet.modelfile import MAX_SIZE
from signlet.modelfile.averaging import Average
from signlet.modelfile.calibration import Calibration
from signlet.modelfile.float16 import Halves, as_text, unit_rows
from signlet.modelfile.taught import Taught, own_prototypes
from signlet.modelfile.taught_fit import Expected
from signlet.printable import in_a_message
from signlet.text.names import is_name
from signlet.version import __version__

FORMAT = 1
ENTRY = "signlet"
"""Name of the text among a file's metadata."""
_MAX_SIGNS = 1_000_000


@dataclass(frozen=True, kw_only=True)
class Card:
    """All that is known of an exported model.

    signs: K names in the order of the outputs. max_lens: frames each member looks at, after
    preprocessing. average: how the members' answers become one. precision: of the weights.
    max_frames: longest clip that the graph takes, None for any. embedding: D numbers of each
    clip's, None if the graph gives none. licence: of the model, in the words of whoever
    exported it. calibration: temperature and threshold, None if nobody has measured them;
    the graph's outputs are before it. prototypes: (K, D) float16, the mean embedding of each
    sign's clips at length 1. teaching: what to expect of embeddings. taught: signs that were
    taught later; they are answered instead of the graph's own. None if there is none.
    about: recipe, data, scores.
    """

    signs: tuple[str, ...]
    max_lens: tuple[int, ...]
    average: Average
    precision: str
    max_frames: int | None = None
    embedding: int | None = None
    licence: str = ""
    calibration: Calibration | None = None
    prototypes: Halves | None = field(default=None, repr=False, compare=False)
    teaching: Expected | None = None
    taught: Taught | None = field(default=None, compare=False)
    about: dict[str, Any] = field(default_factory=dict)

    def as_json(self) -> str:
        """The text for the file."""
        content = {
            "format": FORMAT,
            "signlet": __version__,
            "landmarks": SCHEMA,
            "inputs": f"float32 (frames, {NUM_RAW}, 3), raw landmarks, NaN where not found",
            "signs": list(self.signs),
            "preprocess": [{"max_len": max_len} for max_len in self.max_lens],
            "average": self.average.as_json(),
            "precision": self.precision,
            "max_frames": self.max_frames,
            "embedding": self.embedding,
            "licence": self.licence,
            "calibration": None if self.calibration is None else self.calibration.as_json(),
            "prototypes": None if self.prototypes is None else as_text(self.prototypes),
            "teaching": None if self.teaching is None else asdict(self.teaching),
            "taught": None if self.taught is None else self.taught.as_json(),
            "about": self.about,
        }
        return json.dumps(content, ensure_ascii=False, allow_nan=False)


def read_card(text: str | None, name: str) -> Card:
    """Read a card of an untrusted file. name: the file, for errors.

    Raises SignletError if there is none, or it is damaged, newer, or of another layout of
    landmarks.
    """
    if not text:
        raise SignletError(
            f"{name}: was not exported by signlet, or is cut off; copy it again, or export again"
        )
    try:
        raw = parsed(text)
        other = _other_kind(raw)
        card = None if other else _card(raw)
    except Exception as error:  # whatever a hostile text makes of the lines above
        said = f"no {error}" if isinstance(error, KeyError) else first_line(error, 200)
        raise SignletError(f"{name}: its description is damaged ({said}); export again") from None
    if card is None:
        raise SignletError(f"{name}: {other}")
    return card


def _other_kind(raw: dict[str, Any]) -> str:
    """Return why a card is not for this version of signlet; "" if it is."""
    if raw["format"] != FORMAT:
        return f"has card format {raw['format']!r}; update signlet"
    if raw["landmarks"] != SCHEMA:
        return f"made for landmarks {raw['landmarks']!r}, not {SCHEMA!r}"
    return ""


def _card(raw: dict[str, Any]) -> Card:
    signs = raw["signs"]
    if not isinstance(signs, list) or not all(map(is_name, signs)):
        raise ValueError("signs is not a list of names")
    if not 0 < len(signs) <= _MAX_SIGNS:
        raise ValueError(f"{len(signs)} signs")
    require_distinct(signs)
    max_lens = tuple(_length(member["max_len"]) for member in raw["preprocess"])
    calibration, teaching, taught = (raw.get(n) for n in ("calibration", "teaching", "taught"))
    embedding = _count("embedding", raw.get("embedding"))  # older cards have no such entry
    prototypes = _prototypes(raw.get("prototypes"), len(signs), embedding)
    own = own_prototypes(signs, prototypes)
    return Card(
        signs=tuple(signs),
        max_lens=max_lens,
        average=Average.read(raw["average"], len(max_lens)),
        precision=_text(raw["precision"], "precision"),
        max_frames=_count("max_frames", raw["max_frames"]),
        embedding=embedding,
        licence=_text(raw["licence"], "licence"),
        calibration=None if calibration is None else Calibration.read(calibration),
        prototypes=prototypes,
        teaching=None if teaching is None else Expected.read(teaching),
        taught=None if taught is None else Taught.read(taught, embedding, own),
        about=dict(raw["about"]),
    )


def require_distinct(signs: Sequence[str]) -> None:
    """Raise ValueError if two signs have one name: nobody could tell which was meant."""
    twice = [sign for sign, count in Counter(signs).items() if count > 1]
    if twice:
        raise ValueError(f"the sign {twice[0]!r} appears twice")


def _text(value: Any, name: str) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{name} is not text")
    return in_a_message(value)


def _length(value: Any) -> int:
    if type(value) is not int or not 0 < value <= MAX_SIZE:
        raise ValueError(f"max_len is {value!r}")
    return value


def _count(name: str, value: Any) -> int | None:
    """A number above 0, or none."""
    if value is None or (type(value) is int and value > 0):
        return value
    raise ValueError(f"{name} is {value!r}")


def _prototypes(text: Any, signs: int, embedding: int | None) -> Halves | None:
    if text is None:
        return None
    if embedding is None:
        raise ValueError("prototypes without an embedding")
    return unit_rows(text, signs, embedding, "prototypes")
