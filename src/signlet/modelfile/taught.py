"""Taught signs: the JSON in the card of a taught file in, examples and a head out."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from signlet.modelfile.float16 import Halves, as_text, unit_rows
from signlet.modelfile.taught_fit import Examples, Expected, fitted
from signlet.modelfile.taught_head import Head, Numbers, unit
from signlet.text.names import is_name

_SCALES = {"scale": (0.0, 1000.0), "slope": (0.0, 200.0), "threshold": (-2.0, 2.0)}
"""Values outside these are of no head."""


@dataclass(frozen=True)
class Example:
    """A clip of a taught sign. signer: "" if unknown. name: of the clip, for people."""

    sign: str
    signer: str
    name: str


@dataclass(frozen=True, eq=False)
class Taught:
    """Signs with their examples, and the head that they made.

    signs: K names in the order of the answers; the first `kept` are the base model's own.
    examples: N of the others. embeddings: (N, D) float16, theirs. head: see `Head`.
    """

    signs: tuple[str, ...]
    kept: int
    examples: tuple[Example, ...] = field(repr=False)
    embeddings: Halves = field(repr=False)
    head: Head = field(repr=False)

    @classmethod
    def of(
        cls,
        kept: dict[str, Numbers],
        examples: Sequence[Example],
        embeddings: NDArray[np.floating[Any]],
        expected: Expected,
    ) -> Taught:
        """Teach.

        kept: prototypes (D,) of the base model's signs by name. examples: N, of signs that are
        not among them. embeddings: (N, D); they are rounded to half precision, as files have
        them, so that a file answers as what was written.
        """
        signs = (*kept, *sorted({example.sign for example in examples}))
        halves = embeddings.astype(np.float16)
        head = fitted(_numbered(signs, kept, examples, halves), expected)
        return cls(signs, len(kept), tuple(examples), halves, head)

    def numbered(self) -> Examples:
        """The examples with the kept signs, for `fit` and `estimate`."""
        kept = dict(zip(self.signs[: self.kept], self.head.prototypes, strict=False))
        return _numbered(self.signs, kept, self.examples, self.embeddings)

    def counts(self) -> dict[str, int]:
        """Examples of each taught sign, in the order of the answers."""
        shown = Counter(example.sign for example in self.examples)
        return {sign: shown[sign] for sign in self.signs[self.kept :]}

    def people(self) -> int:
        """Known signers."""
        return len({example.signer for example in self.examples} - {""})

    def as_json(self) -> dict[str, Any]:
        """For the card and `read`."""
        number = {sign: i for i, sign in enumerate(self.signs)}
        return {
            "signs": list(self.signs),
            "kept": self.kept,
            "examples": {
                "labels": [number[example.sign] for example in self.examples],
                "signers": [example.signer for example in self.examples],
                "names": [example.name for example in self.examples],
                "embeddings": as_text(self.embeddings),
            },
            **{name: getattr(self.head, name) for name in _SCALES},
        }

    @classmethod
    def read(cls, raw: Any, width: int | None, own: dict[str, Numbers]) -> Taught:
        """From an untrusted card.

        width: D. own: prototypes of the base model's signs by name, empty if unknown.
        Raises ValueError, KeyError or TypeError if it is damaged.
        """
        signs, kept = _signs(raw["signs"], raw["kept"], own)
        labels = raw["examples"]["labels"]
        _check_labels(labels, kept, len(signs))
        if width is None:
            raise ValueError("taught without an embedding")
        texts = [_texts(raw["examples"][name], len(labels), name) for name in ("signers", "names")]
        examples = tuple(
            Example(signs[label], *about) for label, *about in zip(labels, *texts, strict=True)
        )
        halves = unit_rows(raw["examples"]["embeddings"], len(labels), width, "examples")
        shown = _numbered(signs, {s: own[s] for s in signs[:kept]}, examples, halves)
        numbers = {name: _number(raw[name], name) for name in _SCALES}
        head = Head(shown.prototypes, shown.shown, shown.starts, **numbers)
        return cls(signs, kept, examples, halves, head)


def _numbered(
    signs: Sequence[str], kept: dict[str, Numbers], examples: Sequence[Example], halves: Halves
) -> Examples:
    number = {sign: i for i, sign in enumerate(signs)}
    labels = np.array([number[example.sign] for example in examples], np.int64)
    rows = np.stack([*kept.values()]) if kept else np.empty((0, halves.shape[1]))
    return Examples(halves.astype(np.float64), labels, rows)


def own_prototypes(signs: Sequence[str], rows: Halves | None) -> dict[str, Numbers]:
    """Prototypes (D,) of a base model's signs by name; empty if they are unknown."""
    return {} if rows is None else dict(zip(signs, unit(rows), strict=True))


# --- checks of an untrusted card ---------------------------------------------------------------


def _signs(signs: Any, kept: Any, own: dict[str, Numbers]) -> tuple[tuple[str, ...], int]:
    if not isinstance(signs, list) or not all(map(is_name, signs)):
        raise ValueError("its taught signs are not a list of names")
    if not signs or len(set(signs)) < len(signs):
        raise ValueError("it has no taught signs, or one of them twice")
    if type(kept) is not int or not 0 <= kept <= len(signs):
        raise ValueError(f"kept is {kept!r}")
    if unknown := [sign for sign in signs[:kept] if sign not in own]:
        raise ValueError(f"it has no prototype of {unknown[0]!r}")
    return tuple(signs), kept


def _check_labels(labels: Any, kept: int, count: int) -> None:
    if not isinstance(labels, list) or not all(type(label) is int for label in labels):
        raise ValueError("the labels of its examples are not a list of numbers")
    if set(labels) != set(range(kept, count)):
        raise ValueError("its examples are not of its taught signs")


def _texts(texts: Any, count: int, name: str) -> list[str]:
    right = isinstance(texts, list) and all(isinstance(text, str) for text in texts)
    if not right or len(texts) != count:
        raise ValueError(f"the {name} of its examples are not {count} texts")
    return list(texts)


def _number(value: Any, name: str) -> float:
    low, high = _SCALES[name]
    if type(value) not in (int, float) or not math.isfinite(value) or not low <= value <= high:
        raise ValueError(f"{name} is {value!r}")
    return float(value)
