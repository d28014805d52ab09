"""The words and numbers of a report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from signlet.evaluation.faulty import Faulty
from signlet.evaluation.scores import (
    Predictions,
    by_sign,
    by_signer,
    confusion,
    score,
    worst_confusions,
)
from signlet.evaluation.verdict import counted, untested, verdict
from signlet.report.examples import ReportExample
from signlet.report.plots import confusion_plot, learning_curves
from signlet.runs.finished import Run
from signlet.runs.metrics import Curves
from signlet.sources.fingerspelling import LANGUAGES
from signlet.text.data_names import data_name

_ABOUT = {
    "student": "the model being trained",
    "teacher": "average of the student over time",
    "distilled": "imitates the teacher",
    "soup": "average of the last epochs of the distilled model",
}
_OTHER_HEAD = (
    " After the last epoch the models get another head (head.kind: nearest), so their scores in "
    "the table for experts differ from the curves."
)


def content(
    run: Run,
    examples: Sequence[ReportExample],
    duplicates: NDArray[np.bool_] | None = None,
    recorded: NDArray[np.int64] | None = None,
    faulty: Faulty | None = None,
) -> dict[str, Any]:
    """Everything that the template report.html names.

    duplicates: (N,) the held-out clips that were trained on under another name, where known. They
        count nowhere, unless no other clip was tested.
    recorded: (K,) clips of each sign in the data set, where known. faulty: those with a problem.
    """
    tested: dict[str, Any] = {"verdict": untested(faulty), "best": None}
    if run.predictions:
        tested = _tested(run, examples, duplicates, recorded, faulty)
    accuracy = tested["verdict"].accuracy
    return {
        "run": run,
        "facts": _facts(run, duplicates),
        "training": _training(run.curves, run.config),
        "examples": _by_kind(examples),
        "faulty": [example for example in examples if example.problem],
        "accuracy": accuracy,
        "curves": learning_curves(run.curves, accuracy and accuracy.guessing),
        **tested,
    }


def _tested(
    run: Run,
    examples: Sequence[ReportExample],
    duplicates: NDArray[np.bool_] | None,
    recorded: NDArray[np.int64] | None,
    faulty: Faulty | None,
) -> dict[str, Any]:
    """Values that exist only where clips were held out."""
    settings = {**run.config, **run.about}
    said = verdict(run.predictions[run.best], settings, duplicates, recorded, faulty)
    each = {name: counted(p, duplicates) or p for name, p in run.predictions.items()}
    results = [(name, _ABOUT[name], score(p)) for name, p in each.items()]
    predictions = each[run.best]
    matrix = confusion(predictions)
    return {
        "verdict": said,
        "best": next(scores for name, _, scores in results if name == run.best),
        "results": results,
        "signs": len(predictions.signs),
        "signers": _signer_rows(predictions, settings),
        "sign_rows": _sign_rows(predictions),
        "matrix": confusion_plot(matrix, predictions.signs),
        "worst": _worst(predictions, examples),
    }


def _facts(run: Run, duplicates: NDArray[np.bool_] | None) -> list[tuple[str, str]]:
    source = run.config.get("source")
    source = source if isinstance(source, str) else ""
    named = {"Recipe": run.recipe, "Data": data_name(source)}
    facts = [(term, value) for term, value in named.items() if value]
    facts += [("Date", f"{run.date.day} {run.date:%B %Y, %H:%M}"), ("signlet", run.version)]
    if not run.predictions:
        return facts
    every = run.predictions[run.best]
    predictions = counted(every, duplicates) or every
    clips, signers = _clips(predictions), set(predictions.signers) - {""}
    more = _clips(every) - clips
    return [
        *facts,
        ("Test clips", f"{clips:,}{f' (without {more:,} duplicates)' if more else ''}"),
        ("Signs", f"{len(predictions.signs):,}"),
        (
            "Sign languages" if source == "fingerspelling" else "Signers",
            f"{len(signers):,}" if signers else "unknown",
        ),
    ]


def _clips(predictions: Predictions) -> int:
    return int((predictions.labels >= 0).sum())


def _signer_rows(predictions: Predictions, settings: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Those of `by_signer`, worst first, with names that people know."""
    rows: list[dict[str, Any]] = by_signer(predictions).to_pylist()
    names = LANGUAGES if settings.get("source") == "fingerspelling" else {}
    for row in rows:
        row["known_as"] = names.get(row["signer"], "")
    return sorted(rows, key=lambda row: row["top1"])


def _worst(predictions: Predictions, examples: Sequence[ReportExample]) -> list[dict[str, Any]]:
    """The most frequent mistakes; `clip` is the place of an example of one, or None."""
    rows: list[dict[str, Any]] = worst_confusions(predictions, 10).to_pylist()
    shown = {(example.sign, example.read): example.index for example in reversed(examples)}
    for row in rows:
        row["clip"] = shown.get((row["sign"], row["read_as"]))
    return rows


def _training(curves: Curves, config: Mapping[str, Any]) -> str:
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
    head = config.get("head")
    nearest = isinstance(head, dict) and head.get("kind") == "nearest"
    return ", ".join(parts) + "." + spread * (len(curves) > 1) + _OTHER_HEAD * nearest


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
    kinds: dict[str, list[ReportExample]] = {"Right": [], "Wrong": [], "With a problem": []}
    for example in examples:
        right = "Right" if example.right else "Wrong"
        kinds["With a problem" if example.problem else right].append(example)
    return [(kind, cards) for kind, cards in kinds.items() if cards]
