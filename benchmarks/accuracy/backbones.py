"""Which backbone names more signs of unseen people in the same processor time, or both together?

Cost: about 45 minutes of one core for the letters, 100 for the words; less with fewer --seeds.
Page: docs/model.md
Results: letters_backbones.csv, words_backbones.csv, letters_bones_backbones.csv
Short: --seeds 0 --folds 0 --epochs 1 --work {work}

    python -m benchmarks.accuracy.backbones       the letters: `small` and `small-conv`
    python -m benchmarks.accuracy.backbones --data ../shared/data/webcam --name words
    python -m benchmarks.accuracy.backbones --seeds 0 --name letters_bones --recipe FILE

The last compares any other recipe with `small`; FILE was conv_bones_recipe.yaml of this folder.

A probe measures an epoch of both recipes by turns. The other recipe then gets as many epochs as fit
into the time of `small`'s; its schedules span just these. Both are trained by turns, a fold and a
seed of each after the other, so that whatever else the machine does hits both alike. They are
looked at and saved at the end only, which changes no result.

`both` are the averaged probabilities of the two models of one fold and seed: twice the time.
`twice` spends that on `small` alone: the models of one seed and of the next. Finished trainings are
kept and not repeated; the CSV grows with each.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.accuracy.ablation_plan import lasting
from benchmarks.accuracy.demo_accuracy import MODELS, accuracy, one
from benchmarks.environment import write_csv
from signlet.evaluation.duplicates import trained_duplicates
from signlet.evaluation.predictions import Predictions, average, read_predictions
from signlet.evaluation.scores import score
from signlet.pack import PackedSet, pack
from signlet.sources import open_source
from signlet.training import Recipe
from signlet.training.fold import FoldTraining
from signlet.training.recipes import load_recipe
from signlet.training.run import plan_of

SHARES = (0.0, 0.2, 0.4, 0.6, 0.8)
"""Where in a training the probed epochs lie: augmentation and mixup change on the way."""
Row = dict[str, Any]


def epoch_seconds(recipes: list[Recipe], packed: PackedSet, at: Path) -> list[float]:
    """Measure an epoch of fold 0 of each recipe, by turns: processor time; kept beside `at`."""
    known = Path(f"{at}-seconds-{'-'.join(r.name for r in recipes)}.txt")
    if not known.exists():
        plan = plan_of(packed, recipes[0])
        rows = plan.training(0), plan.held_out(0)
        trainings = [FoldTraining(recipe, packed, *rows, at) for recipe in recipes]
        probed = [[_epoch(t, share) for t in trainings] for share in (0.0, *SHARES)]
        known.write_text(" ".join(f"{s:.3f}" for s in np.mean(probed[1:], axis=0)))
    return [float(text) for text in known.read_text().split()]


def _epoch(training: FoldTraining, share: float) -> float:
    """Processor time of the epoch that lies at this share of the training."""
    training.task.train()
    training.epoch, training.step = int(share * training.recipe.optimiser.epochs), 0
    started = time.process_time()
    for batch in training.batches.stream(training.epoch):
        training.run_step(batch)
    return time.process_time() - started


def in_equal_time(recipes: list[Recipe], packed: PackedSet, at: Path) -> list[Row]:
    """Of each recipe its epochs, as many as fit into the time of the first, and their seconds."""
    seconds = epoch_seconds(recipes, packed, at)
    budget = recipes[0].optimiser.epochs * seconds[0]
    return [
        {"recipe": r.name, "epochs": max(1, round(budget / s)), "epoch_seconds": s}
        for r, s in zip(recipes, seconds, strict=True)
    ]


def together(name: str, runs: list[Path], packed: PackedSet, seed: int, fold: int) -> Row:
    """Scores of the averaged probabilities of several runs of one fold."""
    read = [read_predictions(run / "predictions.parquet") for run in runs]
    seconds = sum(int((run / "cpu_seconds.txt").read_text()) for run in runs)
    row: Row = {"recipe": name, "seed": seed, "fold": fold}
    for model in MODELS:
        row |= _scores(model, average([one[model] for one in read]), packed)
    return row | {"cpu_seconds": seconds}


def _scores(model: str, predictions: Predictions, packed: PackedSet) -> Row:
    duplicates, found = trained_duplicates(predictions, packed), score(predictions, resamples=1)
    return {
        "clips": len(duplicates),
        "copies": int(duplicates.sum()),
        model: round(found.top1, 4),
        f"{model}_balanced": round(found.balanced_accuracy, 4),
        f"{model}_without_copies": round(accuracy(predictions.select(~duplicates)), 4),
    }


class Trainings:
    """All trainings of a comparison, by seed, fold and recipe; finished ones are not repeated."""

    def __init__(self, recipes: list[Recipe], about: list[Row], packed: PackedSet, at: Path):
        self.recipes, self.about, self.packed, self.at = recipes, about, packed, at
        self.rows: list[Row] = []

    def folder(self, which: int, seed: int, fold: int) -> Path:
        about = self.about[which]
        return Path(f"{self.at}-{about['recipe']}-{about['epochs']}-{fold}-{seed}")

    def train(self, seed: int, fold: int) -> None:
        """One training of each recipe, then what both say together."""
        for which, recipe in enumerate(self.recipes):
            about = self.about[which]
            mine = replace(lasting(recipe, about["epochs"]), seed=seed)
            self.rows.append(about | one(mine, self.packed, fold, self.folder(which, seed, fold)))
        runs = [self.folder(which, seed, fold) for which in (0, 1)]
        self.rows.append(together("both", runs, self.packed, seed, fold))

    def train_twice(self, seeds: list[int], fold: int) -> None:
        """The first recipe's models of each seed and the next together, where there are two."""
        for seed, other in zip(seeds, [*seeds[1:], seeds[0]], strict=True):
            runs = [self.folder(0, number, fold) for number in (seed, other)]
            if seed != other:
                self.rows.append(together("twice", runs, self.packed, seed, fold))


def summarise(rows: list[Row]) -> None:
    """Mean of the folds, mean and spread over the seeds: of the soup, a line a recipe."""
    columns = ("soup", "soup_balanced", "soup_without_copies", "cpu_seconds")
    print(f"{'recipe':>12}", *(f"{column:>20}" for column in columns))
    for name in dict.fromkeys(row["recipe"] for row in rows):
        mine = [row for row in rows if row["recipe"] == name]
        seeds = sorted({row["seed"] for row in mine})
        cells = []
        for column in columns:
            of_seeds = [np.mean([float(r[column]) for r in mine if r["seed"] == s]) for s in seeds]
            spread = np.std(of_seeds, ddof=1) if len(seeds) > 1 else float("nan")
            cells.append(f"{np.mean(of_seeds):11.3f} +- {spread:5.3f}")
        print(f"{name:>12}", *cells, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--recipe", default="small-conv", help="to compare with `small`")
    parser.add_argument("--data", default="fingerspelling", help="clips")
    parser.add_argument("--name", default="letters", help="of the CSV: NAME_backbones.csv")
    parser.add_argument("--folds", type=int, nargs="+", default=[0, 1, 2, 3])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--epochs", type=int, help="of `small`, instead of its own")
    parser.add_argument("--work", type=Path, default=Path("runs/benchmark"))
    given = parser.parse_args()
    torch.set_num_threads(1)
    recipes = [load_recipe("small"), load_recipe(given.recipe)]
    if given.epochs:
        recipes = [lasting(recipe, given.epochs) for recipe in recipes]
    length = recipes[0].packing.max_len
    packed = pack(open_source(given.data), given.work / f"packed-{given.name}-{length}", length)
    at = given.work / f"{given.name}-equal"
    about = in_equal_time(recipes, packed, at)
    print(about, flush=True)
    trainings = Trainings(recipes, about, packed, at)
    csv = f"{given.name}_backbones"
    for seed in given.seeds:
        for fold in given.folds:
            trainings.train(seed, fold)
            write_csv(csv, in_columns(given.name, trainings.rows))
    for fold in given.folds:
        trainings.train_twice(given.seeds, fold)
    write_csv(csv, in_columns(given.name, trainings.rows))
    summarise(trainings.rows)


def in_columns(name: str, rows: list[Row]) -> list[Row]:
    """All rows with the columns of the first, in its order; empty where they have none."""
    return [{"set": name} | {column: row.get(column, "") for column in rows[0]} for row in rows]


if __name__ == "__main__":
    main()
