"""Accuracy against guessing: predictions in, an `Accuracy` out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from signlet.evaluation.scores import Predictions, clip_interval, score


@dataclass(frozen=True)
class Accuracy:
    """Share of clips named correctly, its likely range, and the share that guessing gets; in 0..1.

    low, high: NaN if too few people were tested to predict the score of others.
    """

    right: float
    low: float
    high: float
    guessing: float
    clips: int
    signers: int
    better: bool | None
    """True if it is better than guessing; None if there are too few clips to tell."""


def accuracy(predictions: Predictions) -> Accuracy:
    """Measure how often clips are named correctly, and whether that is more than guessing.

    Guessing names the most frequent sign each time. The range is the interval of `score`; whether
    it is more than guessing is also asked of fewer signers, by the interval over clips. Raises
    SignletError if no clip has a known sign.
    """
    scores, known = score(predictions), predictions.labels >= 0
    labels, read = predictions.labels[known], predictions.probabilities[known].argmax(1)
    guessing = float(max(np.bincount(labels).max() / len(labels), 1 / len(predictions.signs)))
    low, high = clip_interval(labels == read)
    low, high = float(np.fmin(scores.low, low)), float(np.fmax(scores.high, high))
    better = True if low > guessing else (None if high > guessing and scores.top1 else False)
    if scores.top1 <= guessing:
        better = False
    signers = len(set(predictions.signers) - {""})
    return Accuracy(scores.top1, scores.low, scores.high, guessing, scores.clips, signers, better)
