"""The words and numbers of a report."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from signlet.evaluation.duplicates import NO_ESTIMATE, without_duplicates
from signlet.evaluation.scores import (
    FEWEST_SIGNERS,
    Predictions,
    Scores,
    by_sign,
    by_signer,
    confusion,
    score,
    worst_confusions,
)
from signlet.report.examples import ReportExample
from signlet.report.plots import confusion_plot, learning_curves
from signlet.runs.finished import Run
from signlet.runs.metrics import Curves

FEW_SIGNERS = 8
"""Below this many held-out signer groups the page says that its estimate is rough."""

_ABOUT = {
    "student": "what the teacher is the average of",
    "teacher": "running average of the student",
    "distilled": "the model to ship",
    "soup": "mean of the last distilled models",
}


def content(
    run: Run, examples: Sequence[ReportExample], duplicates: NDArray[np.bool_] | None = None
) -> dict[str, Any]:
    """Everything that the template report.html names.

    duplicates: (N,) the held-out clips that were trained on under another name, where known.
    """
    predictions = run.predictions[run.best]
    results = [(name, _ABOUT[name], score(p)) for name, p in run.predictions.items()]
    matrix = confusion(predictions)
    best = next(scores for name, _, scores in results if name == run.best)
    return {
        "run": run,
        "facts": _facts(run, predictions, best),
        "best": best,
        "signs": len(predictions.signs),
        "no_estimate": duplicates is not None
        and without_duplicates(predictions, duplicates) is None,
        "headline": _headline(run.best, predictions, run.config.get("split")),
        "warnings": [
            *warnings(predictions, str(run.config.get("split_note") or "")),
            *_duplicates(run.best, predictions, duplicates),
        ],
        "results": results,
        "training": _training(run.curves),
        "curves": learning_curves(run.curves),
        "signers": sorted(by_signer(predictions).to_pylist(), key=lambda row: row["top1"]),
        "sign_rows": _sign_rows(predictions),
        "matrix": confusion_plot(matrix, predictions.signs),
        "worst": worst_confusions(predictions, 10).to_pylist(),
        "examples": _by_kind(examples),
    }


def _facts(run: Run, predictions: Predictions, best: Scores) -> list[tuple[str, str]]:
    signers = set(predictions.signers) - {""}
    source = run.config.get("source")
    named = {"Recipe": run.recipe, "Data": source if isinstance(source, str) else ""}
    return [
        *((term, value) for term, value in named.items() if value),
        ("Date", f"{run.date.day} {run.date:%B %Y, %H:%M}"),
        ("signlet", run.version),
        ("Clips", f"{best.clips:,}"),
        ("Signs", f"{len(predictions.signs):,}"),
        ("Signer groups", f"{len(signers):,}" if signers else "unknown"),
    ]


def _headline(best: str, predictions: Predictions, split: object) -> tuple[str, str]:
    if split:
        return f"The {best} reads", f"of the clips of the published split {split}."
    known = len(set(predictions.signers) - {""}) > 0 and not _shared(predictions)
    whose = "clips of signers it was not trained on" if known else "clips held out"
    return f"The {best} reads", f"of the {whose}."


def warnings(predictions: Predictions, split_note: str = "") -> list[str]:
    """Plain sentences on what the numbers do not say.

    split_note: what is known of a published split that was held out; "" where signers were.
    """
    if split_note:
        return [f"{split_note[0].upper()}{split_note[1:]}."]
    clips, unknown = len(predictions.signers), predictions.signers.count("")
    groups, folds = len(set(predictions.signers) - {""}), np.unique(predictions.folds)
    found = []
    if _shared(predictions):
        found.append(
            "Every signer was trained on with other clips. Expect clearly fewer right readings of "
            "new signers."
        )
    elif groups == 1 and not unknown:
        found.append(
            "Only one signer was held out, so there is no telling how much signers differ. "
            "Train all folds."
        )
    elif groups < 2:
        found.append(
            "The signers are not told apart, so the models were tested on people they were "
            "trained on. Expect clearly fewer right readings of new signers."
        )
    elif unknown:
        found.append(
            f"The signer of {unknown} of {clips} clips is unknown. Where one of them shows a "
            "person who was trained on, the accuracy is too high for new signers."
        )
    if 2 <= groups < FEW_SIGNERS and not _shared(predictions):
        few = groups + (unknown > 0) < FEWEST_SIGNERS
        rough = "That is too few for an interval" if few else "The interval is rough"
        found.append(
            f"Only {groups} signer groups were held out. {rough}, and the next group may be read "
            "much better or worse."
        )
    if len(folds) == 1 and groups > 1:
        found.append(
            "Only one fold was held out; the other signers' clips were never tested. "
            "Train all folds before you compare this figure with another system's."
        )
    return found


def _shared(predictions: Predictions) -> bool:
    """Return True if a known signer was held out in several folds, so trained on in each."""
    pairs = {p for p in zip(predictions.signers, predictions.folds.tolist(), strict=True) if p[0]}
    return len(pairs) > len({signer for signer, _ in pairs})


def _duplicates(
    best: str, predictions: Predictions, duplicates: NDArray[np.bool_] | None
) -> list[str]:
    if duplicates is None or not duplicates.any():
        return []
    found = (
        f"{duplicates.sum()} of {len(duplicates)} held-out clips are duplicates of clips that were "
        f"trained on under another signer's name "
        f"({predictions.names[int(duplicates.argmax())]} is the first)"
    )
    rest = without_duplicates(predictions, duplicates)
    if rest is None:
        return [f"{found}: {NO_ESTIMATE}."]
    top1 = f"{100 * rest:.1f}\N{NO-BREAK SPACE}%"
    return [f"{found}. Without them the {best} reads {top1} right."]


def _training(curves: Curves) -> str:
    if not curves:
        return ""
    epochs = max(int(c["epoch"].max()) - int(c["epoch"].min()) + 1 for c in curves.values())
    parts = [f"{epochs} epochs" + (f" in each of {len(curves)} folds" if len(curves) > 1 else "")]
    seconds = [c["seconds"] for c in curves.values() if "seconds" in c]
    if seconds:
        parts.append(f"{_duration(sum(float(np.nansum(s)) for s in seconds))} of training")
    speeds = [c["clips_per_second"] for c in curves.values() if "clips_per_second" in c]
    if speeds and not np.isnan(np.concatenate(speeds)).all():
        parts.append(f"{np.nanmedian(np.concatenate(speeds)):,.0f} clips a second (median)")
    spread = " Lines are means over the folds; the band is the range of the distilled model."
    return ", ".join(parts) + "." + (spread if len(curves) > 1 else "")


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    named = [(hours, "h"), (minutes, "min"), (rest if not hours else 0, "s")]
    return " ".join(f"{value} {unit}" for value, unit in named if value) or "0 s"


def _sign_rows(predictions: Predictions) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = by_sign(predictions).to_pylist()
    errors = confusion(predictions)
    np.fill_diagonal(errors, 0)
    for row, wrong in zip(rows, errors, strict=True):
        other = int(wrong.argmax())
        row["misread"] = f"{predictions.signs[other]} ({wrong[other]})" if wrong[other] else ""
    return sorted(rows, key=lambda row: row["top1"] if row["clips"] else 2.0)


def _by_kind(examples: Sequence[ReportExample]) -> list[tuple[str, list[ReportExample]]]:
    right = [example for example in examples if example.right]
    wrong = [example for example in examples if not example.right]
    return [pair for pair in (("Read right", right), ("Read wrong", wrong)) if pair[1]]
