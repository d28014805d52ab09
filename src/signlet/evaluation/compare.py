"""Comparison of models on the same clips: predictions (N, K) in, differences with intervals out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from signlet.errors import SignletError
from signlet.evaluation.predictions import Predictions
from signlet.evaluation.scores import signer_interval
from signlet.text.confusables import shown


@dataclass(frozen=True)
class Pair:
    """Two models on the same N clips of known sign.

    difference: top-1 of the first minus top-1 of the second. low, high: its 95 % interval over
    signers, NaN if there are fewer than three. same_answer: share of clips for which both
    have the same first answer. only_first, only_second: share that only this one names correctly.
    """

    difference: float
    low: float
    high: float
    same_answer: float
    only_first: float
    only_second: float


def compare(
    first: Predictions, second: Predictions, *, resamples: int = 1000, seed: int = 0
) -> Pair:
    """Compare two models on the clips whose sign is known.

    The interval is a paired one: each draw of signers is the same for both models, so what
    makes a signer hard for both takes no part in it. See `signer_interval`.
    Raises SignletError if the clips are not the same in the same order, or none is known.
    """
    if first.names != second.names or not np.array_equal(first.labels, second.labels):
        raise SignletError("models to compare must predict the same clips in the same order")
    known = np.flatnonzero(first.labels >= 0)
    if not len(known):
        raise SignletError("no clip has a known sign, so nothing can be compared; label some clips")
    answers, others = (p.probabilities[known].argmax(1) for p in (first, second))
    right, other_right = (a == first.labels[known] for a in (answers, others))
    gain: NDArray[np.float64] = right.astype(np.float64) - other_right
    signers = [first.signers[i] for i in known]
    low, high = signer_interval(gain, signers, resamples=resamples, seed=seed)
    return Pair(
        difference=float(gain.mean()),
        low=low,
        high=high,
        same_answer=float((answers == others).mean()),
        only_first=float((right & ~other_right).mean()),
        only_second=float((other_right & ~right).mean()),
    )


# --- the same clips -----------------------------------------------------------------------


def align(models: Mapping[str, Predictions]) -> dict[str, Predictions]:
    """The clips that every model has and held out, in the order of the first model.

    models: name -> predictions. A clip may be held out in different folds.
    Raises SignletError if the models know different signs, disagree on sign or signer of a
    clip, or have no clip in common.
    """
    for name in models:
        _require_same_signs(next(iter(models)), name, models)
    held_out = [
        {name for name, fold in zip(p.names, p.folds.tolist(), strict=True) if fold >= 0}
        for p in models.values()
    ]
    shared = set.intersection(*held_out)
    if not shared:
        raise SignletError(
            f"{' and '.join(models)} have no held-out clip in common; "
            "train them on the same clips and folds"
        )
    first, *_ = models.values()
    order = [name for name in first.names if name in shared]
    aligned = {name: _ordered(p, order) for name, p in models.items()}
    for name in aligned:
        _require_same_clips(next(iter(aligned)), name, aligned)
    return aligned


def _ordered(predictions: Predictions, names: Sequence[str]) -> Predictions:
    row = {name: i for i, name in enumerate(predictions.names)}
    return predictions.select(np.array([row[name] for name in names], dtype=np.int64))


def _require_same_signs(one: str, other: str, models: Mapping[str, Predictions]) -> None:
    ours, theirs = models[one].signs, models[other].signs
    if ours == theirs:
        return
    if len(ours) != len(theirs):
        differ = f"{one} knows {len(ours)} signs, {other} {len(theirs)}"
    else:
        place = next(i for i in range(len(ours)) if ours[i] != theirs[i])
        mine, its = shown(ours[place]), shown(theirs[place])
        differ = f"sign {place} is {mine} in {one} and {its} in {other}"
    raise SignletError(f"{differ}; they need the same signs in the same order")


def _require_same_clips(one: str, other: str, models: Mapping[str, Predictions]) -> None:
    ours, theirs = models[one], models[other]
    differ = ours.labels != theirs.labels
    differ |= np.array(ours.signers, dtype=str) != np.array(theirs.signers, dtype=str)
    if differ.any():
        raise SignletError(
            f"{one} and {other} disagree on sign or signer of {differ.sum()} clips, such as "
            f"{ours.names[int(differ.argmax())]}; train both on the same data"
        )
