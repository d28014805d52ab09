"""Logits by likeness: embeddings (B, D) of length 1 in, logits (B, K) out.

The likeness of a clip to a sign is half its nearness to the sign's mean, and half its nearness to
the nearest example.

A linear layer that was trained with smoothing on few and uneven clips describes a sign worse
than the features in front of it do (docs/training.md has the figures). This head reads them
directly: nothing in it is trained, so it is fitted in a second after any training.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

SCALE = 6.0
"""Logits of a likeness of 1. With it the probabilities of held-out letters and words had the
lowest log loss; `signlet calibrate` measures it for your own model."""


class NearestHead(nn.Module):
    """Nearest mean and nearest prototype, half each.

    means: (K, D), prototypes: (K, P, D), all of length 1; a sign with fewer than P prototypes
    repeats one, which changes nothing.
    """

    means: Tensor
    prototypes: Tensor

    def __init__(self, width: int, num_classes: int, prototypes: int) -> None:
        super().__init__()
        self.register_buffer("means", torch.zeros(num_classes, width))
        self.register_buffer("prototypes", torch.zeros(num_classes, prototypes, width))

    def forward(self, embedding: Tensor) -> Tensor:
        """embedding (B, D) of length 1 -> logits (B, K), from -SCALE to SCALE."""
        likeness = embedding @ self.means.mT
        nearest = (embedding @ self.prototypes.flatten(0, 1).mT).unflatten(
            1, self.prototypes.shape[:2]
        )
        return (likeness + nearest.amax(2)) * (SCALE / 2)

    @torch.no_grad()
    def fit(self, embeddings: NDArray[np.float32], labels: NDArray[np.int64]) -> None:
        """Take the signs' means and prototypes from clips.

        embeddings: (N, D) float32 of length 1. labels: (N,) class of each, from 0; a class
            without a clip keeps zeros, and is as unlike everything as can be told.
        """
        for label in range(len(self.means)):
            own = embeddings[labels == label]
            if not len(own):
                continue
            self.means[label] = torch.from_numpy(_unit(own.mean(0)))
            chosen = _prototypes(own, self.prototypes.shape[1])
            repeated = chosen[np.arange(self.prototypes.shape[1]) % len(chosen)]
            self.prototypes[label] = torch.from_numpy(repeated)


def _prototypes(own: NDArray[np.float32], most: int) -> NDArray[np.float32]:
    """(N, D) of one sign -> (at most `most`, D): the clips, or the centres of their clusters."""
    if len(own) <= most:
        return own
    from sklearn.cluster import KMeans
    from threadpoolctl import threadpool_limits

    # With one thread the sums are added up in the same order on every machine with its kernels.
    with threadpool_limits(1):
        clusters = KMeans(most, n_init=1, random_state=0).fit(own.astype(np.float64))
    return _unit(clusters.cluster_centers_)


def _unit(rows: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
    length = np.linalg.norm(rows, axis=-1, keepdims=True)
    return (rows / np.maximum(length, 1e-12)).astype(np.float32)
