"""From embeddings to taught signs: the likest one, and how likely it is none of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]


def unit(rows: NDArray[np.floating[Any]]) -> Numbers:
    """(..., D) of any length -> float64 of length 1; zeros stay zeros."""
    wide = rows.astype(np.float64)
    length = np.sqrt(np.square(wide).sum(-1, keepdims=True))
    return wide / np.maximum(length, 1e-12)


@dataclass(frozen=True, eq=False)
class Head:
    """The head for K taught signs.

    prototypes: (K, D) float64, the signs' means, rows of length 1. shown: (N, D) float64, the
    examples sorted by sign; a sign that has only a prototype shows that. starts: (K,) int64,
    where each sign begins among them. scale: of the likenesses in the softmax. slope,
    threshold: of the largest likeness, for "none of these".
    """

    prototypes: Numbers = field(repr=False)
    shown: Numbers = field(repr=False)
    starts: NDArray[np.int64] = field(repr=False)
    scale: float
    slope: float
    threshold: float

    def likeness(self, embeddings: NDArray[np.floating[Any]]) -> Numbers:
        """(B, D), rows of length 1 -> (B, K) float64, from -1 to 1.

        Half of it is the cosine to the sign's mean, half that to the nearest of its examples.
        """
        wide = embeddings.astype(np.float64)
        nearest = np.maximum.reduceat(wide @ self.shown.T, self.starts, axis=1)
        halves: Numbers = (wide @ self.prototypes.T + nearest) / 2
        return halves

    def answers(self, embeddings: NDArray[np.floating[Any]]) -> tuple[Numbers, Numbers]:
        """Probabilities of the signs, (B, K), and of none of them, (B,), both float64.

        embeddings: (B, D), rows of length 1. A row of the probabilities and its none sum to 1.
        """
        return answered(self.likeness(embeddings), self.scale, self.slope, self.threshold)


def answered(
    likeness: Numbers, scale: float, slope: float, threshold: float
) -> tuple[Numbers, Numbers]:
    """See `Head.answers`. likeness: (B, K), -inf for signs that cannot be the answer."""
    best = likeness.max(1)
    none = 1 / (1 + np.exp(-slope * (threshold - best)))
    powers = np.exp(scale * (likeness - best[:, None]))
    shares = powers / powers.sum(1, keepdims=True)
    return shares * (1 - none)[:, None], none
