"""Small predictions to score."""

from __future__ import annotations

import numpy as np

from signlet.evaluation.scores import (
    Predictions,
)

SIGNS = ("a", "b", "c", "d", "e", "f", "g")


def make(labels: list[int], probabilities: object, signers: str | list[str] = "") -> Predictions:
    p = np.array(probabilities, dtype=np.float32)
    who = list(signers) or [f"s{i}" for i in range(len(labels))]
    names = [f"clip{i}" for i in range(len(labels))]
    label = np.array(labels, dtype=np.int64)
    return Predictions(names, who, label, p, np.zeros_like(label), SIGNS[: p.shape[1]])


def random_predictions(seed: int, clips: int, classes: int, signers: int = 5) -> Predictions:
    """Half-right predictions with ties (weights are small whole numbers)."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, classes, clips)
    weights = rng.integers(0, 4, (clips, classes)) + 1e-3
    weights[np.arange(clips), labels] += rng.integers(0, 3, clips)
    p = weights / weights.sum(1, keepdims=True)
    return make(labels.tolist(), p, [f"s{i}" for i in rng.integers(0, signers, clips)])


def small() -> Predictions:
    """Five clips, two of them wrong: an "a" read as "b", a "c" read as "a"."""
    p = [[0.7, 0.2, 0.1], [0.2, 0.5, 0.3], [0.1, 0.8, 0.1], [0.6, 0.3, 0.1], [0.05, 0.9, 0.05]]
    return make([0, 0, 1, 2, 1], p, "xxyyy")
