"""The head that examples make: prototypes, and a threshold fitted by leaving examples out."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from signlet.teaching.head import Head, Numbers, unit

KNOWN_MEAN, UNKNOWN_MEAN, SPREAD = 0.75, 0.45, 0.12
"""Best cosines to expect of clips of taught signs and of other signs, and their deviation."""
PRIOR = 10
"""So many examples the expectation counts for."""
SCALE = 20.0
SLOPE_MIN, SLOPE_MAX = 10.0, 100.0

Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Expected:
    """What is expected of a base model's cosines before an example is seen.

    known, unknown: mean best cosine of clips of a taught sign and of other signs.
    spread: standard deviation of both. scale: of the softmax.
    """

    known: float = KNOWN_MEAN
    unknown: float = UNKNOWN_MEAN
    spread: float = SPREAD
    scale: float = SCALE

    @classmethod
    def read(cls, raw: Any) -> Expected:
        """From an untrusted card; a number that it lacks is that of the default.

        Raises ValueError where one makes no sense.
        """
        if not isinstance(raw, dict):
            raise ValueError("teaching is not an object")
        given = {name: raw.get(name, usual) for name, usual in asdict(cls()).items()}
        if not all(type(n) in (int, float) and math.isfinite(n) for n in given.values()):
            raise ValueError("teaching holds something else than numbers")
        made = cls(**{name: float(number) for name, number in given.items()})
        means = -1 <= made.unknown <= 1 and -1 <= made.known <= 1
        if not (means and 1e-3 <= made.spread <= 1 and 0 < made.scale <= 1000):
            raise ValueError("teaching holds numbers that make no sense")
        return made


@dataclass(frozen=True, eq=False)
class Examples:
    """N clips whose sign is known, and the base model's own signs that are kept beside them.

    embeddings: (N, D), rows of length 1. labels: (N,) the clips' signs, numbered from K0 on;
    every one of K - K0 signs has a clip. kept: (K0, D) prototypes of the kept signs.
    """

    embeddings: Numbers = field(repr=False)
    labels: Integers = field(repr=False)
    kept: Numbers = field(repr=False)

    @property
    def signs(self) -> int:
        """K, the kept ones included."""
        return max(len(self.kept), int(self.labels.max(initial=-1)) + 1)

    def counts(self) -> Integers:
        """(N,) examples of each clip's sign."""
        return np.bincount(self.labels, minlength=1)[self.labels]

    @cached_property
    def sums(self) -> Numbers:
        """(K, D) sums of each sign's embeddings; zeros for the kept ones."""
        order = np.argsort(self.labels, kind="stable")
        starts = np.searchsorted(self.labels[order], np.arange(len(self.kept), self.signs))
        taught = np.add.reduceat(self.embeddings[order], starts) if len(starts) else self.kept[:0]
        return np.concatenate([np.zeros_like(self.kept), taught])

    @cached_property
    def prototypes(self) -> Numbers:
        """(K, D) of length 1: the signs' mean embeddings, the kept ones first."""
        return np.concatenate([self.kept, unit(self.sums[len(self.kept) :])])

    def without(self, rows: NDArray[np.bool_]) -> tuple[Examples, Integers]:
        """Without some clips; signs that have none left are gone.

        rows: (N,) bool. Returns the rest, and the number here of each sign there.
        """
        labels, start = self.labels[~rows], len(self.kept)
        present, again = np.unique(labels, return_inverse=True)
        rest = Examples(self.embeddings[~rows], again.reshape(-1) + start, self.kept)
        return rest, np.concatenate([np.arange(start), present])


@dataclass(frozen=True, eq=False)
class Similarities:
    """Cosines of N examples to prototypes that were made without them.

    own: (N,) to the clip's own sign, made of its other clips; NaN for a sign's only clip.
    other: (N,) the largest to another sign, -inf where there is none. nearest: (N,) which.
    """

    own: Numbers
    other: Numbers
    nearest: Integers

    @classmethod
    def of(cls, examples: Examples) -> Similarities:
        """Measure all examples."""
        rows = np.arange(len(examples.labels))
        rest = unit(examples.sums[examples.labels] - examples.embeddings)
        own = np.where(examples.counts() > 1, (rest * examples.embeddings).sum(1), np.nan)
        cosines = examples.embeddings @ examples.prototypes.T
        cosines[rows, examples.labels] = -np.inf
        nearest = cosines.argmax(1)
        return cls(own, cosines[rows, nearest], nearest)

    def known(self) -> Numbers:
        """Best cosines of clips of known signs, to all signs."""
        several = ~np.isnan(self.own)
        return np.maximum(self.own[several], self.other[several])

    def unknown(self) -> Numbers:
        """Best cosines of the same clips, were their signs not taught."""
        return self.other[np.isfinite(self.other)]

    def looks_like(self, threshold: float) -> Integers:
        """(N,) the other sign that a clip is nearer to than to its own, -1 for none.

        threshold: what the only clip of a sign is compared with instead.
        """
        own = np.where(np.isnan(self.own), threshold, self.own)
        return np.where(self.other > own, self.nearest, -1)


def fitted(examples: Examples, expected: Expected) -> Head:
    """The head of examples, deterministic."""
    seen = Similarities.of(examples)
    known, unknown = seen.known(), seen.unknown()
    high, low = _mean(known, expected.known), _mean(unknown, expected.unknown)
    squares = np.square(known - high).sum() + np.square(unknown - low).sum()
    count = PRIOR + len(known) + len(unknown)
    variance = (PRIOR * expected.spread**2 + float(squares)) / count
    slope = min(max((high - low) / variance, SLOPE_MIN), SLOPE_MAX)
    return Head(examples.prototypes, expected.scale, slope, (high + low) / 2)


def _mean(seen: Numbers, expected: float) -> float:
    return (PRIOR * expected + float(seen.sum())) / (PRIOR + len(seen))
