"""How often does a recipe name a sign of an unseen person, over 4 folds and several seeds?

Cost: about 11 minutes on two cores for the letters, 25 for the words.
Page: docs/training.md
Results: demo_accuracy.csv, words_accuracy.csv, letters_rotate_30_accuracy.csv,
    words_rotate_30_accuracy.csv

    python -m benchmarks.accuracy.demo_accuracy  the letters: 12 trainings, two at a time
    python -m benchmarks.accuracy.demo_accuracy --folds 0 --seeds 0 1 2
    python -m benchmarks.accuracy.demo_accuracy --recipe small --data DIR --name words

Prints the mean and spread over the seeds, then what the averaged answers of all seeds score, and
how many pairs of signer and sign they miss in every clip: what more seeds cannot mend.

Finished trainings are kept under runs/benchmark and not repeated. Each training has one
thread here, so that two fit side by side; `cpu_seconds` is what it used.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from joblib import Parallel, delayed
from numpy.typing import NDArray

from benchmarks.accuracy.ablation_variants import VARIANTS
from benchmarks.environment import write_csv
from signlet.evaluation.duplicates import trained_duplicates
from signlet.evaluation.predictions import Predictions, average, read_predictions
from signlet.evaluation.scores import score
from signlet.pack import PackedSet, pack
from signlet.sources import open_source
from signlet.training import Recipe, train
from signlet.training.recipes import load_recipe

MODELS = ("student", "teacher", "distilled", "soup")
CHANGES = {variant.name: variant for variant in VARIANTS}


def one(recipe: Recipe, packed: PackedSet, fold: int, run: Path) -> dict[str, object]:
    """Train one fold and score it."""
    torch.set_num_threads(1)
    timing = run / "cpu_seconds.txt"
    if not (run / "model.safetensors").exists():
        started = time.process_time()
        train(recipe, packed, run, [fold], resume=True)
        timing.write_text(f"{time.process_time() - started:.0f}")
    results = read_predictions(run / "predictions.parquet")
    row: dict[str, object] = {
        "seed": recipe.seed,
        "fold": fold,
        "clips": len(results["soup"].names),
    }
    duplicates = trained_duplicates(results["soup"], packed)
    row["copies"] = int(duplicates.sum())
    for name in MODELS:
        row[name] = round(score(results[name], resamples=1).top1, 4)
        row[f"{name}_balanced"] = round(score(results[name], resamples=1).balanced_accuracy, 4)
        row[f"{name}_without_copies"] = round(accuracy(results[name].select(~duplicates)), 4)
    row["cpu_seconds"] = timing.read_text() if timing.exists() else ""
    print(row, flush=True)
    return row


def accuracy(predictions: Predictions) -> float:
    return float((predictions.probabilities.argmax(1) == predictions.labels).mean())


def summarise(rows: list[dict[str, object]]) -> None:
    """Mean and spread over seeds, of each fold and of the mean of the folds."""
    folds = sorted({row["fold"] for row in rows})
    suffixes = ("", "_balanced", "_without_copies")
    for column in [f"{name}{suffix}" for suffix in suffixes for name in MODELS]:
        table = np.array([[float(r[column]) for r in rows if r["fold"] == f] for f in folds])
        for name, values in [*zip(folds, table, strict=True), ("mean", table.mean(0))]:
            spread = values.std(ddof=1) if len(values) > 1 else float("nan")
            print(f"{column:>26}  fold {name!s:>4}: {values.mean():.3f} +- {spread:.3f}")


def together(runs: list[list[Path]]) -> None:
    """Scores of the averaged soups and teachers of all seeds; the runs of each fold together."""
    read = [[read_predictions(run / "predictions.parquet") for run in fold] for fold in runs]
    for name in ("soup", "teacher"):
        folds = [average([run[name] for run in fold]) for fold in read]
        top1 = np.mean([score(fold, resamples=1).top1 for fold in folds])
        balanced = np.mean([score(fold, resamples=1).balanced_accuracy for fold in folds])
        wrong = [found for fold in folds for found in missed(fold)]
        whole = [len(clips) for clips in wrong if clips.all()]
        print(
            f"{len(read[0])} {name}s averaged: {top1:.3f}, balanced {balanced:.3f}; "
            f"{len(whole)} of {len(wrong)} pairs of signer and sign are missed in every clip: "
            f"{sum(whole)} of {sum(int(clips.sum()) for clips in wrong)} errors"
        )


def missed(predictions: Predictions) -> list[NDArray[np.bool_]]:
    """Find the clips of each pair of signer and sign that are named wrongly."""
    wrong = predictions.probabilities.argmax(1) != predictions.labels
    pairs = list(zip(predictions.signers, predictions.labels.tolist(), strict=True))
    return [wrong[[own == pair for own in pairs]] for pair in sorted(set(pairs))]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--recipe", default="demo")
    parser.add_argument("--variant", choices=list(CHANGES), help="a change of the ablation")
    parser.add_argument("--data", default="fingerspelling", help="clips, or a packed set")
    parser.add_argument("--name", default="demo", help="of the CSV: NAME_accuracy.csv")
    parser.add_argument("--folds", type=int, nargs="+", default=[0, 1, 2, 3])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--work", type=Path, default=Path("runs/benchmark"))
    given = parser.parse_args()
    recipe = load_recipe(given.recipe)
    if given.variant:
        changed = CHANGES[given.variant].of(recipe)
        recipe = replace(changed, name=f"{recipe.name}-{given.variant}")
    length = recipe.packing.max_len
    where = given.work / f"packed-{given.name}-{length}"
    packed = pack(open_source(given.data), where, length)
    runs = [
        [given.work / f"{given.name}-{recipe.name}-{fold}-{seed}" for seed in given.seeds]
        for fold in given.folds
    ]
    rows = Parallel(n_jobs=given.jobs)(
        delayed(one)(replace(recipe, seed=seed), packed, fold, run)
        for fold, of_seeds in zip(given.folds, runs, strict=True)
        for seed, run in zip(given.seeds, of_seeds, strict=True)
    )
    write_csv(f"{given.name}_accuracy", [{"recipe": recipe.name, **row} for row in rows])
    summarise(rows)
    together(runs)


if __name__ == "__main__":
    main()
