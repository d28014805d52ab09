"""Evidence on the starter model: accuracy by fold, and clips that its threshold lets pass."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.starter.starter_training import FOLDS
from signlet.calibration import Calibration, tempered
from signlet.calibration.measure import Calibrated, calibrate
from signlet.evaluation.duplicates import trained_duplicates
from signlet.evaluation.predictions import Predictions
from signlet.evaluation.scores import score
from signlet.pack import PackedSet

KEPT = 0.9
"""The threshold lets this share of the clips pass that are read right."""
SHOWN = (0.0, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)


@dataclass(frozen=True)
class Evidence:
    """Evidence on the starter. seen: out-of-fold answers; distinct: those without duplicates.

    made: calibration of the distinct ones and how well it works; calibration: what ships.
    """

    seen: Predictions
    distinct: Predictions
    made: Calibrated
    calibration: Calibration


def evidence(seen: Predictions, others: Predictions, packed: PackedSet) -> Evidence:
    """Temperature and threshold; duplicates of clips that were trained on have no say."""
    distinct = seen.select(~trained_duplicates(seen, packed))
    made = calibrate(distinct, [others])
    threshold = starter_threshold(distinct, made.calibration.temperature)
    passing = float((made.unknown >= threshold).mean())
    calibration = replace(made.calibration, threshold=threshold, false_accepts=round(passing, 4))
    return Evidence(seen, distinct, made, calibration)


def starter_threshold(distinct: Predictions, temperature: float) -> float:
    """The confidence that `KEPT` of the clips read right reach.

    Unknown letters are hardly told from known ones (docs/unknown_signs.md), so a threshold
    that stops most of them would stop most known letters too. This one is chosen by what it
    costs: a right answer in ten.
    """
    confidence = tempered(distinct.probabilities, temperature).max(1)
    right = distinct.probabilities.argmax(1) == distinct.labels
    return round(float(np.quantile(confidence[right], 1 - KEPT)), 3)


def threshold_rows(found: Evidence) -> list[dict[str, Any]]:
    """Count what passes several thresholds, on languages that were not trained on."""
    right = found.distinct.probabilities.argmax(1) == found.distinct.labels
    known, unknown = found.made.known, found.made.unknown
    rows = []
    for threshold in sorted({*SHOWN, found.calibration.threshold}):
        passed = known >= threshold
        rows.append(
            {
                "threshold": threshold,
                "ships": threshold == found.calibration.threshold,
                "known_accepted": share(passed),
                "right_of_accepted": share(right[passed]) if passed.any() else "",
                "right_of_stopped": share(right[~passed]) if not passed.all() else "",
                "right_accepted": share(passed[right]),
                "unknown_accepted": share(unknown >= threshold),
            }
        )
    return rows


def ships(found: Evidence) -> dict[str, Any]:
    """The row of the threshold that ships."""
    return next(row for row in threshold_rows(found) if row["ships"])


def share(chosen: NDArray[np.bool_]) -> float:
    return round(float(chosen.mean()), 4)


def fold_rows(found: Evidence) -> list[dict[str, Any]]:
    """Accuracy of each fold, with and without duplicates, and of their mean."""
    rows: list[dict[str, Any]] = []
    for fold in FOLDS:
        every, own = (p.select(p.folds == fold) for p in (found.seen, found.distinct))
        languages = " ".join(sorted(set(every.signers)))
        rows.append(
            {
                "fold": fold,
                "languages": languages,
                "clips": len(every.names),
                "copies": len(every.names) - len(own.names),
                "accuracy": round(score(every, resamples=1).top1, 4),
                "accuracy_without_copies": round(score(own, resamples=1).top1, 4),
                "top5_without_copies": round(score(own, resamples=1).top5, 4),
            }
        )
    columns = ("accuracy", "accuracy_without_copies", "top5_without_copies")
    mean = {name: round(float(np.mean([row[name] for row in rows])), 4) for name in columns}
    total = {name: sum(row[name] for row in rows) for name in ("clips", "copies")}
    return [*rows, {"fold": "mean", "languages": "", **total, **mean}]
