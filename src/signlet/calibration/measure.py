"""Measure a model's calibration: temperature, and the threshold below which it answers "none".

The temperature comes from the run's out-of-fold predictions, the threshold from answers to
clips of signs that the model does not know (`signlet.calibration.unknown`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score, roc_curve

from signlet.calibration.temperature import (
    by_others,
    elsewhere_tempered,
    is_worse,
    kept_temperature,
    log_loss_of,
)
from signlet.calibration.threshold import Floats, choose_threshold, promised
from signlet.errors import SignletError
from signlet.evaluation.predictions import Predictions
from signlet.evaluation.scores import score, signer_interval
from signlet.modelfile.calibration import Calibration, tempered

_ENOUGH_SIGNERS = 10
_OTHERS = "for other people, more or fewer clips may get none"
_TPR, _NAN = 0.95, float("nan")


@dataclass(frozen=True)
class Share:
    """A share of clips; low, high: 95 % interval over signers, NaN for fewer than three."""

    share: float
    low: float
    high: float


@dataclass(frozen=True)
class Report:
    """The quality of a calibration; NaN if it is unknown.

    known, unknown: clips. known_signers, unknown_signers: how many, all nameless ones count
    as one. accuracy: of all known clips. log_loss, calibration_error: before and after the
    temperature; where there are two signers or more, "after" has each clip's temperature
    fitted on other signers; the two are equal where no temperature is kept. accepted: known
    clips at or above the threshold. accepted_accuracy: share of these that are named
    correctly. false_accepts: unknown clips at or above the threshold.
    false_accepts_elsewhere: the same with each clip's threshold chosen on other signers.
    auroc, fpr95: see `Calibration`. notes: what cannot be promised.
    """

    known: int
    known_signers: int
    unknown: int
    unknown_signers: int
    accuracy: float
    log_loss: tuple[float, float]
    calibration_error: tuple[float, float]
    accepted: Share
    accepted_accuracy: Share
    false_accepts: Share
    false_accepts_elsewhere: float
    auroc: float
    fpr95: float
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Calibrated:
    """The result of `calibrate`.

    before, after: out-of-fold predictions without and with the temperature (fitted on other
    signers). known, unknown: (N,), (M,) confidences with the temperature that is kept.
    """

    calibration: Calibration
    report: Report
    before: Predictions
    after: Predictions
    known: Floats
    unknown: Floats


def calibrate(
    out_of_fold: Predictions, answers: Sequence[Predictions], false_accepts: float = 0.05
) -> Calibrated:
    """Fit the temperature, choose the threshold, and say how well both work.

    out_of_fold: of the run's model, on clips that it was not trained on.
    answers: of one or several models to clips of unknown signs (label -1). Where they hold
    known clips too, these are what the unknown ones are compared with (AUROC, FPR), because
    the same models have read them; else the out-of-fold clips are.
    false_accepts: share of unknown clips that may be accepted, 0 < share < 1.
    Raises SignletError if clips of either kind are missing, or the share is not between 0 and 1.
    """
    require_share(false_accepts)
    seen = out_of_fold.select(out_of_fold.labels >= 0)
    unknown = [part.select(part.labels < 0) for part in answers]
    if not len(seen.names) or not any(part.names for part in unknown):
        raise SignletError("calibration needs clips of known and of unknown signs; label some")
    temperature, after = kept_temperature(seen)
    confidences = _confidences(unknown, temperature)
    threshold = choose_threshold(confidences, false_accepts)
    auroc, fpr95 = _separation(seen, answers, confidences, temperature)
    calibration = Calibration(
        temperature, threshold, false_accepts, auroc, fpr95, len(seen.names), len(confidences)
    )
    known = _confidences([seen], temperature)
    strangers = [signer for part in unknown for signer in part.signers]
    report = _report(calibration, seen, after, known, confidences, strangers)
    return Calibrated(calibration, report, seen, after, known, confidences)


def require_share(false_accepts: float) -> None:
    """Raise SignletError if this is not a share between 0 and 1."""
    if not 0 < false_accepts < 1:
        raise SignletError(f"--false-accepts {false_accepts}: give a share above 0 and below 1")


# --- threshold ----------------------------------------------------------------------------


def _confidences(parts: Sequence[Predictions], temperature: float) -> Floats:
    answers = [tempered(p.probabilities, temperature).max(1) for p in parts if p.names]
    return np.concatenate(answers).astype(np.float64)


def _separation(
    seen: Predictions, answers: Sequence[Predictions], unknown: Floats, temperature: float
) -> tuple[float, float]:
    """AUROC and FPR at 95 % TPR of the confidence."""
    beside = [part.select(part.labels >= 0) for part in answers]
    known = _confidences(beside if any(p.names for p in beside) else [seen], temperature)
    is_known = np.repeat([1, 0], [len(known), len(unknown)])
    confidence = np.concatenate([known, unknown])
    fpr, tpr, _ = roc_curve(is_known, confidence, drop_intermediate=False)
    return float(roc_auc_score(is_known, confidence)), float(fpr[np.argmax(tpr >= _TPR)])


def _elsewhere_accepted(unknown: Floats, signers: Sequence[str], false_accepts: float) -> float:
    """Share accepted with each clip's threshold chosen on other signers.

    NaN for one signer, and where no threshold can be chosen without some of them.
    """
    accepted = np.zeros(len(unknown), dtype=bool)

    def choose_and_apply(others: NDArray[np.int64], own: NDArray[np.int64]) -> None:
        accepted[own] = unknown[own] >= choose_threshold(unknown[others], false_accepts)

    try:
        return float(accepted.mean()) if by_others(signers, choose_and_apply) else _NAN
    except SignletError:  # the others' clips are read with full certainty
        return _NAN


# --- report -------------------------------------------------------------------------------


def _report(
    calibration: Calibration,
    seen: Predictions,
    after: Predictions,
    known: Floats,
    unknown: Floats,
    strangers: Sequence[str],
) -> Report:
    right = seen.probabilities.argmax(1) == seen.labels
    accepted, passed = known >= calibration.threshold, unknown >= calibration.threshold
    accepted_signers = [seen.signers[i] for i in np.flatnonzero(accepted)]
    before_score, after_score = (score(part, resamples=1) for part in (seen, after))
    return Report(
        known=calibration.known,
        known_signers=len(set(seen.signers)),
        unknown=calibration.unknown,
        unknown_signers=len(set(strangers)),
        accuracy=before_score.top1,
        log_loss=(log_loss_of(seen), log_loss_of(after)),
        calibration_error=(before_score.calibration_error, after_score.calibration_error),
        accepted=_share(accepted, seen.signers),
        accepted_accuracy=_share(right[accepted], accepted_signers),
        false_accepts=_share(passed, strangers),
        false_accepts_elsewhere=_elsewhere_accepted(unknown, strangers, calibration.false_accepts),
        auroc=calibration.auroc,
        fpr95=calibration.fpr95,
        notes=(
            *_notes(calibration, seen.signers, strangers),
            *_uncorrected(seen, calibration.temperature),
        ),
    )


def _share(chosen: NDArray[np.bool_], signers: Sequence[str]) -> Share:
    if not len(chosen):
        return Share(_NAN, _NAN, _NAN)
    return Share(float(chosen.mean()), *signer_interval(chosen, signers))


def _notes(calibration: Calibration, signers: Sequence[str], strangers: Sequence[str]) -> list[str]:
    notes = _too_few(calibration)
    both = ("known", signers), ("unknown", strangers)
    notes += _few_people(*min(both, key=lambda clips: len(set(clips[1]))))
    return notes


def _too_few(calibration: Calibration) -> list[str]:
    """Return the note on a wish that is finer than the clips allow; [] for any other."""
    unknown, wish = calibration.unknown, calibration.false_accepts
    if promised(unknown, wish) <= wish + 1e-9:
        return []
    missing = math.ceil(1 / wish - 1 - 1e-9) - unknown
    return [
        f"{unknown} clips of unknown signs are too few for {wish * 100:g} of 100: they allow no "
        f"better than about 1 in {unknown + 1} with a sign by mistake; add {missing} more"
    ]


def _few_people(which: str, signers: Sequence[str]) -> list[str]:
    """Return the note on few signers of clips of known or unknown signs; [] for many."""
    people = len(set(signers))
    if people >= _ENOUGH_SIGNERS:
        return []
    clips = f"the clips of {which} signs"
    if people == 1 and "" not in signers:
        return [f"one person signs in all {clips}: {_OTHERS}; add clips of more people"]
    if people == 1:
        return [
            f"{clips} do not say who signs: {_OTHERS}; name the files <signer>_<number>, or list "
            "them in a table (path,sign,signer)"
        ]
    return [f"only {people} people sign in {clips}: {_OTHERS}; add clips of more people"]


def _uncorrected(seen: Predictions, temperature: float) -> list[str]:
    """Return the note on confidences that stay as they are; [] for others."""
    if temperature != 1:
        return []
    tried = elsewhere_tempered(seen)
    if is_worse(seen, tried):
        return [
            "confidences stay as they are: how sure the model may be differs from person to "
            "person, so what corrects them for some people makes them worse for others (log loss "
            f"{log_loss_of(seen):.3f}, corrected {log_loss_of(tried):.3f}); do not take them for "
            "probabilities"
        ]
    return [
        "confidences stay as they are: these clips do not show how to correct them, as where a "
        "model names nearly all clips correctly, or nearly all wrongly"
    ]
