"""The temperature: a model's answers (N, K) to clips it was not trained on in, a number out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import logsumexp
from sklearn.model_selection import GroupKFold

from signlet.calibration.threshold import Floats
from signlet.evaluation.predictions import Predictions
from signlet.modelfile.averaging import log_probabilities
from signlet.modelfile.calibration import tempered

LOWEST, HIGHEST = 0.1, 10.0
"""Temperatures that are tried."""
_PARTS = 5
"""The number of parts of the signers, to measure on signers that were not used for fitting."""
_WORSE = 1.01
"""Of the log loss of other signers; with more than that, a temperature is not kept."""


def fit_temperature(predictions: Predictions) -> float:
    """The temperature in LOWEST..HIGHEST with the least log loss; all labels must be known.

    The loss is convex in 1 / temperature, so there is at most one minimum. Where there is none
    in this range (all clips are named correctly, or almost all wrong) the temperature is 1.
    """
    logits, labels = log_probabilities(predictions.probabilities), predictions.labels

    def loss(logarithm: float) -> float:
        return _loss(logits, labels, float(np.exp(logarithm)))

    bounds = (np.log(LOWEST), np.log(HIGHEST))
    found = minimize_scalar(loss, bounds=bounds, method="bounded", options={"xatol": 1e-4})
    inside = bounds[0] + 0.01 < found.x < bounds[1] - 0.01
    return float(np.exp(found.x)) if inside else 1.0


def kept_temperature(seen: Predictions) -> tuple[float, Predictions]:
    """The temperature, and each clip with the one that was fitted on other signers.

    It is 1 where it would make the confidences of other signers worse.
    """
    after = elsewhere_tempered(seen)
    if is_worse(seen, after):
        return 1.0, seen
    return fit_temperature(seen), after


def is_worse(seen: Predictions, after: Predictions) -> bool:
    """Return True if `after` has clearly more log loss than `seen`."""
    return log_loss_of(after) > _WORSE * log_loss_of(seen)


def _loss(logits: Floats, labels: NDArray[np.int64], temperature: float = 1.0) -> float:
    """Mean of -log of the probability of the true sign; logits (N, K)."""
    scaled = logits / temperature
    own = np.take_along_axis(scaled, labels[:, None], 1)[:, 0]
    return float((logsumexp(scaled, axis=1) - own).mean())


def log_loss_of(predictions: Predictions) -> float:
    """Mean of -log of the probability of the true sign."""
    return _loss(log_probabilities(predictions.probabilities), predictions.labels)


def elsewhere_tempered(seen: Predictions) -> Predictions:
    """Each clip with the temperature fitted on other signers, where there are any."""
    probabilities = np.empty_like(seen.probabilities)

    def fit_and_apply(others: NDArray[np.int64], own: NDArray[np.int64]) -> None:
        temperature = fit_temperature(seen.select(others))
        probabilities[own] = tempered(seen.probabilities[own], temperature)

    if not by_others(seen.signers, fit_and_apply):
        probabilities = tempered(seen.probabilities, fit_temperature(seen))
    return replace(seen, probabilities=probabilities)


def by_others(
    signers: Sequence[str], do: Callable[[NDArray[np.int64], NDArray[np.int64]], None]
) -> bool:
    """do(rows of other signers, rows of these) for every part; False if there is one signer."""
    parts = min(_PARTS, len(set(signers)))
    if parts < 2:
        return False
    for others, own in GroupKFold(parts).split(np.zeros(len(signers)), groups=signers):
        do(others, own)
    return True
