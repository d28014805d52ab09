"""Predictions (N, K) in, scores out: accuracy, intervals, by signer, by sign, confusions (K, K).

SciPy and scikit-learn are imported where they are used: a command starts half a second earlier.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from signlet.errors import SignletError
from signlet.evaluation.predictions import Predictions, average, read_predictions, write_predictions
from signlet.lazy import lazily

__all__ = [
    "Predictions",
    "Scores",
    "average",
    "by_sign",
    "by_signer",
    "confusion",
    "interval_said",
    "read_predictions",
    "score",
    "scored_signers",
    "signer_interval",
    "worst_confusions",
    "write_predictions",
]
# Printing has moved to show.py; some know it by this name.
__getattr__, __dir__ = lazily(__name__, {"show": ["print_scores"]}, "signlet.evaluation")

CONFIDENCE = 0.95
CALIBRATION_BINS = 15
FEWEST_SIGNERS = 3
"""With fewer there is no interval."""


@dataclass(frozen=True)
class Scores:
    """The scores of a model on clips whose sign is known; all but `clips` are in 0..1.

    clips: how many were scored. top1, top5: share whose sign is the first guess, or one of
    the first five. balanced_accuracy: mean over the signs of the share of correct clips.
    macro_f1: mean F1 over the signs that occur as truth or as reading.
    calibration_error: expected calibration error, 15 bins of equal width.
    low, high: 95 % interval of top1 over signers, or that over clips where it is wider; NaN if
    there are fewer than three signers.
    """

    clips: int
    top1: float
    top5: float
    balanced_accuracy: float
    macro_f1: float
    calibration_error: float
    low: float
    high: float


def score(predictions: Predictions, *, resamples: int = 1000, seed: int = 0) -> Scores:
    """Score the clips whose sign is known; the order of the clips does not matter.

    resamples, seed: of the interval, see `signer_interval`.
    Raises SignletError if no clip has a known sign.
    """
    from sklearn.metrics import f1_score, recall_score

    known = _known(predictions)
    labels, read = known.labels, known.probabilities.argmax(1)
    correct, rank = read == labels, _rank(known)
    # balanced_accuracy_score is the same, but warns of signs that are only read, never shown.
    recall = recall_score(labels, read, labels=np.unique(labels), average="macro")
    low, high = _interval(correct, signer_interval(correct, known.signers, resamples, seed))
    return Scores(
        clips=len(labels),
        top1=float(correct.mean()),
        top5=float((rank < 5).mean()),
        balanced_accuracy=float(recall),
        macro_f1=float(f1_score(labels, read, average="macro", zero_division=0)),
        calibration_error=_calibration_error(known.probabilities.max(1), correct),
        low=low,
        high=high,
    )


def _interval(correct: NDArray[np.bool_], signers: tuple[float, float]) -> tuple[float, float]:
    """The interval over signers, or that over clips where it is wider.

    Similar scores of a few signers do not prove that all signers score alike.
    """
    low, high = clip_interval(correct)
    return float(np.minimum(signers[0], low)), float(np.maximum(signers[1], high))


def clip_interval(correct: NDArray[np.bool_]) -> tuple[float, float]:
    """95 % interval of the share of right clips (N,) bool, were other clips recorded.

    Wilson 1927, doi:10.1080/01621459.1927.10502953.
    """
    from scipy import stats

    test = stats.binomtest(int(correct.sum()), len(correct))
    low, high = test.proportion_ci(CONFIDENCE, method="wilson")
    return float(low), float(high)


def _known(predictions: Predictions) -> Predictions:
    known = predictions.labels >= 0
    if not known.any():
        raise SignletError("no clip has a known sign, so nothing can be scored; label some clips")
    return predictions if known.all() else predictions.select(known)


def _rank(known: Predictions) -> NDArray[np.int64]:
    """(N,) how many signs are guessed before the right one; ties go to the lower class.

    scikit-learn's top_k_accuracy_score settles ties the other way round than argmax does,
    so that its top-5 could be below top-1.
    """
    own = np.take_along_axis(known.probabilities, known.labels[:, None], 1)
    lower = np.arange(len(known.signs)) < known.labels[:, None]
    ahead = (known.probabilities > own) | ((known.probabilities == own) & lower)
    rank: NDArray[np.int64] = ahead.sum(1)
    return rank


def _calibration_error(confidence: NDArray[np.float32], correct: NDArray[np.bool_]) -> float:
    """Mean over the clips of |accuracy - mean confidence| of the clip's bin.

    As torchmetrics' with norm "l1", but a confidence of exactly 1 is in the last bin.
    """
    sure = confidence.astype(np.float64)
    bins = np.minimum((sure * CALIBRATION_BINS).astype(np.int64), CALIBRATION_BINS - 1)
    gaps = np.bincount(bins, weights=correct - sure)
    return float(np.abs(gaps).sum() / len(sure))


def signer_interval(
    correct: NDArray[np.bool_ | np.float64],
    signers: Sequence[str],
    resamples: int = 1000,
    seed: int = 0,
) -> tuple[float, float]:
    """95 % interval of the share of right clips, were other signers of the same kind recorded.

    A cluster bootstrap: whole signers are drawn with replacement. For few signers its
    quantiles are widened (expanded percentile interval, Hesterberg 2015, "What Teachers
    Should Know About the Bootstrap"), because the plain ones are too narrow there.

    correct: (N,) bool, or any other figure of each clip whose mean is asked for.
    signers: N names, all unknown ones ("") count as one signer.
    Returns low and high in the figure's range; NaN, NaN if there are fewer than
        `FEWEST_SIGNERS`: what two have in common by chance says nothing of a third.
    """
    from scipy import stats

    _, group = np.unique(np.array(signers, dtype=str), return_inverse=True)
    clips = np.bincount(group)
    groups = len(clips)
    if groups < FEWEST_SIGNERS:
        return float("nan"), float("nan")
    right = np.bincount(group, weights=correct)
    draws = np.random.default_rng(seed).multinomial(
        groups, np.full(groups, 1 / groups), size=resamples
    )
    accuracy = (draws @ right) / (draws @ clips)
    wider = np.sqrt(groups / (groups - 1)) * stats.t.ppf((1 - CONFIDENCE) / 2, groups - 1)
    tail = float(stats.norm.cdf(wider))
    low, high = np.quantile(accuracy, [tail, 1 - tail])
    return float(low), float(high)


def scored_signers(predictions: Predictions) -> int:
    """Count the signers of the clips that are scored."""
    pairs = zip(predictions.signers, predictions.labels, strict=True)
    return len({signer for signer, label in pairs if label >= 0})


def interval_said(
    low: float, high: float, signers: int = 0, form: str = ".3f", between: str = "-"
) -> str:
    """An interval of `signer_interval` in a cell of a table, or why there is none.

    signers: how many there are, 0 if that is not at hand. form: of the numbers.
    """
    if np.isnan(low):
        return {1: "one signer", 2: "two signers"}.get(signers, "1-2 signers")
    return f"{low:{form}}{between}{high:{form}}"


# --- tables -------------------------------------------------------------------------------


def by_signer(predictions: Predictions) -> pa.Table:
    """Columns signer, clips, top1, top5: one row per signer ("" if unknown), by name."""
    known = _known(predictions)
    signers, group = np.unique(np.array(known.signers, dtype=str), return_inverse=True)
    clips, rank = np.bincount(group), _rank(known)
    return pa.table(
        {
            "signer": pa.array(signers.tolist(), pa.string()),
            "clips": clips,
            "top1": np.bincount(group, weights=rank < 1) / clips,
            "top5": np.bincount(group, weights=rank < 5) / clips,
        }
    )


def by_sign(predictions: Predictions) -> pa.Table:
    """Columns sign, clips, top1, precision, f1: one row per sign, in the order of the classes.

    top1 is the share of the sign's clips named correctly (its recall), precision the share right
    among the clips read as this sign; NaN if there is none.
    """
    from sklearn.metrics import precision_recall_fscore_support

    known = _known(predictions)
    precision, recall, f1, clips = precision_recall_fscore_support(
        known.labels,
        known.probabilities.argmax(1),
        labels=np.arange(len(known.signs)),
        zero_division=np.nan,
    )
    return pa.table(
        {
            "sign": pa.array(known.signs, pa.string()),
            "clips": clips,
            "top1": recall,
            "precision": precision,
            "f1": f1,
        }
    )


def confusion(predictions: Predictions) -> NDArray[np.int64]:
    """(K, K) int64: clips that show the row's sign and are read as the column's."""
    from sklearn.metrics import confusion_matrix

    known = _known(predictions)
    counts: NDArray[np.int64] = confusion_matrix(
        known.labels, known.probabilities.argmax(1), labels=np.arange(len(known.signs))
    )
    return counts


def worst_confusions(predictions: Predictions, count: int = 10) -> pa.Table:
    """Columns sign, read_as, clips, share: the most frequent errors, most clips first.

    share is that of the sign's clips. Ties: larger share first, then the order of classes.
    """
    matrix = confusion(predictions)
    share = matrix / np.maximum(matrix.sum(1, keepdims=True), 1)
    np.fill_diagonal(matrix, 0)
    sign, read_as = np.nonzero(matrix)
    clips, part = matrix[sign, read_as], share[sign, read_as]
    worst = np.lexsort((read_as, sign, -part, -clips))[:count]
    return pa.table(
        {
            "sign": pa.array([predictions.signs[i] for i in sign[worst]], pa.string()),
            "read_as": pa.array([predictions.signs[i] for i in read_as[worst]], pa.string()),
            "clips": clips[worst],
            "share": part[worst],
        }
    )
