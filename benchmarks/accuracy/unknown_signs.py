"""Can a model tell that a sign is none of those it knows?

Cost: about 15 minutes on two cores for 16 trainings; an hour more for the other 52.
Page: docs/unknown_signs.md
Results: unknown_signs.csv

    python -m benchmarks.accuracy.unknown_signs           4 folds, 4 groups of letters: 16 trainings
    python -m benchmarks.accuracy.unknown_signs --groups 4 13  and 13 groups of two letters: 52 more
    python -m benchmarks.accuracy.unknown_signs --epochs 3 --folds 0 1 --groups 2  a quick look

Each group of letters is left out of a training of its own, in every fold: its clips are then of
unknown signs and of unseen languages. Three readings of the answers are compared: the largest
probability as the model gives it, the same after the temperature, and the entropy. Temperature
and threshold of a fold are chosen on the other folds, so that every figure is one of unseen
languages. (A logit's absolute height, which the energy score needs, is not kept in a run.)

Finished trainings are kept under runs/benchmark; the run without any letter left out is that
of demo_accuracy.py. A training has one thread, so that two fit side by side. A quick look, by
--epochs, writes no CSV.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from joblib import Parallel, delayed
from numpy.typing import NDArray
from rich.console import Console
from scipy.stats import entropy
from sklearn.metrics import roc_auc_score, roc_curve

from benchmarks.environment import write_csv
from signlet.calibration import tempered
from signlet.calibration.leave_out import LeaveOut
from signlet.calibration.temperature import fit_temperature
from signlet.calibration.threshold import choose_threshold
from signlet.evaluation.duplicates import trained_duplicates
from signlet.evaluation.predictions import Predictions, read_predictions
from signlet.evaluation.scores import score
from signlet.modelfile.averaging import log_probabilities
from signlet.pack import PackedSet, pack
from signlet.sources import open_source
from signlet.training import Recipe, train
from signlet.training.recipes import load_recipe

Score = Callable[[Predictions, float], NDArray[np.float64]]


def largest(predictions: Predictions, temperature: float) -> NDArray[np.float64]:
    return tempered(predictions.probabilities, temperature).max(1).astype(np.float64)


def certainty(predictions: Predictions, temperature: float) -> NDArray[np.float64]:
    """1 less the entropy as a share of the largest possible one."""
    answers = tempered(predictions.probabilities, temperature).astype(np.float64)
    return 1 - entropy(answers, axis=1) / np.log(answers.shape[1])


DETECTORS: dict[str, tuple[Score, bool]] = {
    "largest probability": (largest, False),
    "largest, with temperature": (largest, True),
    "entropy, with temperature": (certainty, True),
}


@dataclass(frozen=True)
class Fold:
    """A fold's held-out clips: as the whole model reads them, and as those without signs do.

    known, unknown: answers of the latter, a part for each group; duplicates are left out of
    `seen` and of `known`.
    """

    fold: int
    seen: Predictions
    known: tuple[Predictions, ...]
    unknown: tuple[Predictions, ...]


def measure(recipe: Recipe, packed: PackedSet, fold: int, groups: int, work: Path) -> Fold:
    """Train what is missing of a fold."""
    torch.set_num_threads(1)
    quiet, run = Console(quiet=True), work / f"demo-{recipe.name}-{fold}-{recipe.seed}"
    if not (run / "model.safetensors").exists():
        train(recipe, packed, run, [fold], resume=True)
    seen = read_predictions(run / "predictions.parquet")["soup"]
    place = work / f"unknown-{recipe.name}-{fold}-{recipe.seed}-{groups}"
    answers = LeaveOut(recipe, packed, (fold,), groups, place).run(quiet)
    print(f"fold {fold}, {groups} groups: done", flush=True)
    duplicates = trained_duplicates(seen, packed)
    names = {name for name, duplicate in zip(seen.names, duplicates, strict=True) if duplicate}
    own = [part.select([n not in names for n in part.names]) for part in answers]
    return Fold(
        fold,
        seen.select(~duplicates),
        tuple(part.select(part.labels >= 0) for part in own),
        tuple(part.select(part.labels < 0) for part in answers),
    )


def joined(parts: list[Predictions]) -> Predictions:
    """All clips of several folds."""
    return Predictions(
        [name for part in parts for name in part.names],
        [signer for part in parts for signer in part.signers],
        np.concatenate([part.labels for part in parts]),
        np.concatenate([part.probabilities for part in parts]),
        np.concatenate([part.folds for part in parts]),
        parts[0].signs,
    )


def scores(parts: tuple[Predictions, ...], detector: Score, temperature: float) -> NDArray:
    return np.concatenate([detector(part, temperature) for part in parts])


def row(name: str, fold: Fold, others: list[Fold], false_accepts: float) -> dict[str, object]:
    """Figures of one fold, with temperature and threshold of the other ones."""
    detector, scaled = DETECTORS[name]
    temperature = fit_temperature(joined([f.seen for f in others])) if scaled else 1.0
    elsewhere = np.concatenate([scores(f.unknown, detector, temperature) for f in others])
    threshold = choose_threshold(elsewhere, false_accepts)
    known, unknown = (scores(part, detector, temperature) for part in (fold.known, fold.unknown))
    is_known = np.repeat([1, 0], [len(known), len(unknown)])
    both = np.concatenate([known, unknown])
    fpr, tpr, _ = roc_curve(is_known, both, drop_intermediate=False)
    right = fold.seen.probabilities.argmax(1) == fold.seen.labels
    accepted = detector(fold.seen, temperature) >= threshold
    after = replace(fold.seen, probabilities=tempered(fold.seen.probabilities, temperature))
    return {
        "detector": name,
        "fold": fold.fold,
        "clips": len(right),
        "unknown": len(unknown),
        "temperature": round(temperature, 3),
        "threshold": round(threshold, 4),
        "auroc": round(float(roc_auc_score(is_known, both)), 4),
        "fpr95": round(float(fpr[np.argmax(tpr >= 0.95)]), 4),
        "false_accepts": round(float((unknown >= threshold).mean()), 4),
        "known_accepted": round(float(accepted.mean()), 4),
        "accuracy_accepted": round(float(right[accepted].mean()), 4) if accepted.any() else "",
        "accuracy": round(float(right.mean()), 4),
        "log_loss": round(log_loss(after), 4),
        "calibration_error": round(score(after, resamples=1).calibration_error, 4),
    }


def log_loss(predictions: Predictions) -> float:
    logs = log_probabilities(predictions.probabilities)
    return float(-np.take_along_axis(logs, predictions.labels[:, None], 1).mean())


def summarise(rows: list[dict[str, object]]) -> None:
    """A line of Markdown a detector: means over the folds, and the range of false accepts."""
    columns = ("auroc", "fpr95", "false_accepts", "known_accepted", "accuracy_accepted")
    columns += ("log_loss", "calibration_error")
    print("| groups | detector |", " | ".join(columns), "| false accepts, folds |")
    print("|---" * (len(columns) + 3) + "|")
    for groups, name in dict.fromkeys((r["groups"], r["detector"]) for r in rows):
        own = [r for r in rows if (r["groups"], r["detector"]) == (groups, name)]
        values = [[r[column] for r in own if r[column] != ""] for column in columns]
        rates = [r["false_accepts"] for r in own]
        cells = [f"{np.mean(found):.3f}" if found else "-" for found in values]
        print(f"| {groups} | {name} |", " | ".join(cells), f"| {min(rates)} to {max(rates)} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--recipe", default="demo")
    parser.add_argument("--folds", type=int, nargs="+", default=[0, 1, 2, 3], help="two or more")
    parser.add_argument("--groups", type=int, nargs="+", default=[4], help="groups of letters")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--epochs", type=int, help="fewer, for a quick look")
    parser.add_argument("--false-accepts", type=float, default=0.05)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--work", type=Path, default=Path("runs/benchmark"))
    given = parser.parse_args()
    if len(set(given.folds)) < 2:
        parser.error("--folds: give two or more; a fold's threshold comes from the other ones")
    recipe = replace(load_recipe(given.recipe), seed=given.seed)
    if given.epochs:
        optimiser = replace(recipe.optimiser, epochs=given.epochs)
        recipe = replace(recipe, name=f"{recipe.name}{given.epochs}", optimiser=optimiser)
    length = recipe.packing.max_len
    packed = pack(open_source("fingerspelling"), given.work / f"packed-demo-{length}", length)
    rows = []
    for groups in given.groups:
        folds = Parallel(n_jobs=given.jobs)(
            delayed(measure)(recipe, packed, fold, groups, given.work) for fold in given.folds
        )
        for name in DETECTORS:
            for fold in folds:
                others = [other for other in folds if other is not fold]
                figures = row(name, fold, others, given.false_accepts)
                rows.append({"recipe": recipe.name, "groups": groups, **figures})
    if not given.epochs:
        write_csv("unknown_signs", rows)
    summarise(rows)


if __name__ == "__main__":
    main()
