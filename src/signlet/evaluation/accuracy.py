"""Accuracy against guessing: predictions in, an `Accuracy` out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from signlet.evaluation.scores import (
    CONFIDENCE,
    FEWEST_SIGNERS,
    Predictions,
    score,
    scored_signers,
)


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

    Guessing names the most frequent sign each time. The range is the interval over signers, or
    that over clips (Wilson 1927, doi:10.1080/01621459.1927.10502953) where it is wider: similar
    scores of a few signers do not prove that all signers score alike. Raises SignletError if no
    clip has a known sign.
    """
    from scipy import stats

    scores, labels = score(predictions), predictions.labels[predictions.labels >= 0]
    guessing = float(max(np.bincount(labels).max() / len(labels), 1 / len(predictions.signs)))
    right = round(scores.top1 * scores.clips)
    test = stats.binomtest(right, scores.clips)
    clips = test.proportion_ci(CONFIDENCE, method="wilson")
    low, high = np.fmin(scores.low, clips.low), np.fmax(scores.high, clips.high)
    better = True if low > guessing else (None if high > guessing and right else False)
    if right / scores.clips <= guessing:
        better = False
    few = scored_signers(predictions) < FEWEST_SIGNERS
    said = (float("nan"), float("nan")) if few else (float(low), float(high))
    signers = len(set(predictions.signers) - {""})
    return Accuracy(scores.top1, *said, guessing, scores.clips, signers, better)
