"""From embeddings to taught signs: the nearest prototype, and how likely it is none of them."""

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
    """What answers for K signs.

    prototypes: (K, D) float64, rows of length 1. scale: of the cosines in the softmax.
    slope, threshold: of the best cosine, for "none of these".
    """

    prototypes: Numbers = field(repr=False)
    scale: float
    slope: float
    threshold: float

    def answers(self, embeddings: NDArray[np.floating[Any]]) -> tuple[Numbers, Numbers]:
        """Probabilities of the signs, (B, K), and of none of them, (B,), both float64.

        embeddings: (B, D), rows of length 1. A row of the probabilities and its none sum to 1.
        """
        cosines = embeddings.astype(np.float64) @ self.prototypes.T
        best = cosines.max(1)
        none = 1 / (1 + np.exp(-self.slope * (self.threshold - best)))
        powers = np.exp(self.scale * (cosines - best[:, None]))
        shares = powers / powers.sum(1, keepdims=True)
        return shares * (1 - none)[:, None], none
