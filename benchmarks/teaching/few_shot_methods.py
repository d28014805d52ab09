"""The methods that `few_shot.py` compares: examples in, answers for other clips out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from benchmarks.teaching.few_shot_data import Integers, Numbers
from signlet.modelfile.taught_fit import Examples, Expected, fitted
from signlet.modelfile.taught_head import answered


@dataclass(frozen=True)
class Reading:
    """Answers for B clips.

    said: (B,) labels. best: (B,) how near the nearest sign is, larger is nearer. refused: (B,)
    whether the answer is none of the signs; None where the method knows no threshold.
    """

    said: Integers
    best: Numbers
    refused: NDArray[np.bool_] | None = None


class Method(Protocol):
    """Knows all clips of a data set by their rows, but not their signs."""

    @property
    def name(self) -> str: ...

    def read(self, examples: Integers, labels: Integers, tested: Integers) -> Reading:
        """examples: rows that are shown, with their labels. tested: rows to be read."""


@dataclass(frozen=True, eq=False)
class Taught:
    """The head of `signlet teach`. embeddings: (N, D) of all clips."""

    name: str
    embeddings: Numbers = field(repr=False)
    expected: Expected

    def read(self, examples: Integers, labels: Integers, tested: Integers) -> Reading:
        shown, numbers = np.unique(labels, return_inverse=True)
        none_kept = np.empty((0, self.embeddings.shape[1]))
        rows = self.embeddings[np.concatenate([examples, tested])].astype(np.float16)
        taught, others = np.split(rows.astype(np.float64), [len(examples)])
        head = fitted(Examples(taught, numbers, none_kept), self.expected)
        likeness = head.likeness(others)
        shares, none = answered(likeness, head.scale, head.slope, head.threshold)
        return Reading(shown[shares.argmax(1)], likeness.max(1), none > shares.max(1))


@dataclass(frozen=True, eq=False)
class NearestMean:
    """The sign whose mean is nearest. features: (N, F) of all clips."""

    name: str
    features: Numbers = field(repr=False)

    def read(self, examples: Integers, labels: Integers, tested: Integers) -> Reading:
        shown, numbers = np.unique(labels, return_inverse=True)
        weights = np.eye(len(shown))[:, numbers]
        means = weights @ self.features[examples] / weights.sum(1, keepdims=True)
        rows = self.features[tested]
        squares = np.square(rows).sum(1)[:, None] + np.square(means).sum(1) - 2 * rows @ means.T
        return Reading(shown[squares.argmin(1)], -np.sqrt(np.maximum(squares.min(1), 0)))


@dataclass(frozen=True, eq=False)
class NearestExample:
    """The sign of the nearest example. distances: (N, N) between all clips."""

    name: str
    distances: Numbers = field(repr=False)

    def read(self, examples: Integers, labels: Integers, tested: Integers) -> Reading:
        distances = self.distances[np.ix_(tested, examples)]
        return Reading(labels[distances.argmin(1)], -distances.min(1))
