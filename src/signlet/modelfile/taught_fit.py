"""The head that examples make: means, the examples, and a threshold fitted by leaving them out."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from signlet.modelfile.taught_head import Head, Numbers, unit

KNOWN_MEAN, UNKNOWN_MEAN, SPREAD = 0.88, 0.43, 0.24
"""Best likenesses to expect of clips of taught signs and of others, and their deviation: those of
a model of the recipe `demo`, letters only, for words of 80 people that it had never seen."""
PRIOR = 10
"""The expectation weighs as much as this many examples."""
SCALE = 12.0
SLOPE_MIN, SLOPE_MAX = 10.0, 100.0

Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Expected:
    """The prior on a base model's likenesses, before an example is seen.

    known, unknown: mean best likeness of clips of a taught sign and of other signs.
    spread: standard deviation of both. scale: of the softmax.
    """

    known: float = KNOWN_MEAN
    unknown: float = UNKNOWN_MEAN
    spread: float = SPREAD
    scale: float = SCALE

    @classmethod
    def read(cls, raw: Any) -> Expected:
        """From an untrusted card; missing numbers take the default.

        Raises ValueError if one makes no sense.
        """
        if not isinstance(raw, dict):
            raise ValueError("teaching is not an object")
        given = {name: raw.get(name, usual) for name, usual in asdict(cls()).items()}
        if not all(type(n) in (int, float) and math.isfinite(n) for n in given.values()):
            raise ValueError("teaching contains something other than numbers")
        made = cls(**{name: float(number) for name, number in given.items()})
        means = -1 <= made.unknown <= 1 and -1 <= made.known <= 1
        if not (means and 1e-3 <= made.spread <= 1 and 0 < made.scale <= 1000):
            raise ValueError("teaching contains numbers that make no sense")
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
    def prototypes(self) -> Numbers:
        """(K, D) of length 1: the signs' mean embeddings, the kept ones first."""
        taught = self.starts[len(self.kept) :]
        if not len(taught):
            return self.kept
        return np.concatenate([self.kept, unit(np.add.reduceat(self.shown, taught))])

    @cached_property
    def shown(self) -> Numbers:
        """(K0 + N, D) embeddings sorted by sign; the kept signs show their prototypes."""
        return np.concatenate([self.kept, self.embeddings[np.argsort(self.labels, kind="stable")]])

    @cached_property
    def starts(self) -> Integers:
        """(K,) where each sign begins in `shown`."""
        kept = len(self.kept)
        taught = np.searchsorted(np.sort(self.labels), np.arange(kept, self.signs))
        return np.concatenate([np.arange(kept), kept + taught])

    def without(self, rows: NDArray[np.bool_]) -> tuple[Examples, Integers]:
        """Without some clips; signs that have none left are gone.

        rows: (N,) bool. Returns the rest, and the number here of each sign there.
        """
        labels, start = self.labels[~rows], len(self.kept)
        present, again = np.unique(labels, return_inverse=True)
        rest = Examples(self.embeddings[~rows], again.reshape(-1) + start, self.kept)
        return rest, np.concatenate([np.arange(start), present])


@dataclass(frozen=True, eq=False)
class Likenesses:
    """The likenesses of N clips to K signs, as `Head.likeness`, but each without itself.

    labels: (N,) the clips' signs. cosines: (N, N) between the clips. present: (N,) bool, the
    clips that make the signs. scores: (N, K), -inf where a sign has no other clip.
    """

    labels: Integers
    cosines: Numbers
    present: NDArray[np.bool_]
    scores: Numbers

    @classmethod
    def of(cls, examples: Examples) -> Likenesses:
        """Of all examples to all signs."""
        rows, labels, kept = examples.embeddings, examples.labels, len(examples.kept)
        cosines, present = rows @ rows.T, np.ones(len(rows), np.bool_)
        taught = _scores(cosines, labels, np.arange(kept, examples.signs), present)
        scores = np.concatenate([rows @ examples.kept.T, taught], axis=1)
        return cls(labels, cosines, present, scores)

    def without(self, rows: NDArray[np.bool_]) -> Likenesses:
        """To signs that are made without some clips; only their signs are measured again.

        rows: (N,) bool. These clips still have scores, as clips that were not taught.
        """
        present, signs = self.present & ~rows, np.unique(self.labels[rows])
        scores = self.scores.copy()
        scores[:, signs] = _scores(self.cosines, self.labels, signs, present)
        return replace(self, present=present, scores=scores)

    def similarities(self) -> Similarities:
        """Of the clips that make the signs."""
        scores, labels = self.scores[self.present], self.labels[self.present]
        rows = np.arange(len(labels))
        own = scores[rows, labels]
        scores[rows, labels] = -np.inf
        nearest = scores.argmax(1)
        own[np.isneginf(own)] = np.nan
        return Similarities(own, scores[rows, nearest], nearest)


def _scores(
    cosines: Numbers, labels: Integers, signs: Integers, present: NDArray[np.bool_]
) -> Numbers:
    """(N, S): `Likenesses.scores` to some signs, sorted, which their present clips make.

    All comes from the cosines: a clip's product with a mean is the sum of its products with
    the mean's clips, over the length of their sum.
    """
    found = np.full((len(labels), len(signs)), -np.inf)
    shown = np.flatnonzero(present & np.isin(labels, signs))
    if not len(shown):
        return found
    shown = shown[np.argsort(labels[shown], kind="stable")]
    left, starts, own = np.unique(labels[shown], return_index=True, return_inverse=True)
    own = own.reshape(-1)
    to, itself = cosines[:, shown], cosines[shown, shown]
    sums = np.add.reduceat(to, starts, axis=1)
    inside = sums[shown, own]
    squares = np.tile(np.add.reduceat(inside, starts), (len(labels), 1))
    squares[shown, own] += itself - 2 * inside
    sums[shown, own] -= itself
    to[shown, np.arange(len(shown))] = -np.inf
    nearest = np.maximum.reduceat(to, starts, axis=1)
    means = sums / np.sqrt(np.maximum(squares, 1e-24))
    found[:, np.searchsorted(signs, left)] = (means + nearest) / 2
    return found


@dataclass(frozen=True, eq=False)
class Similarities:
    """Likenesses of N examples to signs that were made without them.

    own: (N,) to the clip's own sign, made of its other clips; NaN for a sign's only clip.
    other: (N,) the largest to another sign, -inf where there is none. nearest: (N,) which.
    """

    own: Numbers
    other: Numbers
    nearest: Integers

    @classmethod
    def of(cls, examples: Examples) -> Similarities:
        """Measure all examples."""
        return Likenesses.of(examples).similarities()

    def known(self) -> Numbers:
        """Best likenesses of clips of known signs, to all signs."""
        several = ~np.isnan(self.own)
        return np.maximum(self.own[several], self.other[several])

    def unknown(self) -> Numbers:
        """Best likenesses of the same clips, were their signs not taught."""
        return self.other[np.isfinite(self.other)]

    def looks_like(self, threshold: float) -> Integers:
        """(N,) the other sign that a clip is liker than its own, -1 for none.

        threshold: what the only clip of a sign is compared with instead.
        """
        own = np.where(np.isnan(self.own), threshold, self.own)
        return np.where(self.other > own, self.nearest, -1)


def fitted(examples: Examples, expected: Expected) -> Head:
    """The head of examples, deterministic."""
    numbers = scales(Similarities.of(examples), expected)
    return Head(examples.prototypes, examples.shown, examples.starts, *numbers)


def scales(seen: Similarities, expected: Expected) -> tuple[float, float, float]:
    """Scale, slope and threshold of the head that examples make."""
    known, unknown = seen.known(), seen.unknown()
    high, low = _mean(known, expected.known), _mean(unknown, expected.unknown)
    squares = np.square(known - high).sum() + np.square(unknown - low).sum()
    count = PRIOR + len(known) + len(unknown)
    variance = (PRIOR * expected.spread**2 + float(squares)) / count
    slope = min(max((high - low) / variance, SLOPE_MIN), SLOPE_MAX)
    return expected.scale, slope, (high + low) / 2


def _mean(seen: Numbers, expected: float) -> float:
    return (PRIOR * expected + float(seen.sum())) / (PRIOR + len(seen))
