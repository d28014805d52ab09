"""Is the published recipe better than `small`, in the processor time that `small` takes?

Cost: about 8 minutes on two cores for the letters, 10 for the words.
Page: docs/training.md
Results: demo_equal_time.csv, words_equal_time.csv

    python -m benchmarks.accuracy.equal_time  the letters, against demo_accuracy.csv
    python -m benchmarks.accuracy.equal_time --data ../shared/data/webcam --name words
    python -m benchmarks.accuracy.equal_time --sizes published-576 --epochs 40 --schedule falling

Two sizes of the published 25-frame system: its own (`asl-signs-25`) and that of its 80-frame
distilled model for both (576, as the reference was run on these sets). Both with batches of
32 and as many epochs as fit into the time; the schedules span just these epochs. Run
demo_accuracy.py first: its CSV tells the time and what `small` reaches. Finished trainings
are kept and not repeated. With --epochs they train for so many, whatever time it takes, and
`small` is compared on the same folds and seeds.
"""

from __future__ import annotations

import argparse
import csv
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from joblib import Parallel, delayed

from benchmarks.accuracy.ablation_plan import lasting
from benchmarks.accuracy.demo_accuracy import one
from benchmarks.environment import RESULTS, write_csv
from benchmarks.training_speed.batches import with_batch
from signlet.model import ModelSize
from signlet.pack import PackedSet, pack
from signlet.sources import open_source
from signlet.training import Recipe, train
from signlet.training.recipes import load_recipe

SMALLER = ModelSize(dense=192, widths=(512, 576, 576, 512), heads=16, part_dropout=0.025)
PROBED = 2


def published(name: str, schedule: str | None = None) -> Recipe:
    """The published recipe with the batches of one of its eight GPUs; fp32, as on any CPU.

    schedule: of mixup, where it is not to be the write-up's.
    """
    recipe = load_recipe("asl-signs-25")
    recipe = with_batch(recipe, 32, precision="fp32")
    sizes = {} if name == "published" else {"student": SMALLER, "distilled": SMALLER}
    recipe = replace(recipe, name=name, **sizes)
    if schedule is None:
        return recipe
    mixup = replace(recipe.mixup, schedule=schedule)
    return replace(recipe, name=f"{name}-{schedule}", mixup=mixup)


def seconds_an_epoch(recipe: Recipe, packed: PackedSet, run: Path) -> float:
    """Processor time of an epoch of fold 0, from a training of two; kept in `run`."""
    known = run / "seconds_an_epoch.txt"
    if not known.exists():
        torch.set_num_threads(1)
        started = time.process_time()
        short = lasting(recipe, PROBED)
        train(short, packed, run, [0], resume=True)
        known.write_text(f"{(time.process_time() - started) / PROBED:.2f}")
    return float(known.read_text())


def epochs_within(budget: float, recipe: Recipe, packed: PackedSet, run: Path) -> int:
    """As many epochs as fit into so many seconds."""
    each = seconds_an_epoch(recipe, packed, run)
    epochs = max(1, int(budget / each))
    print(f"{recipe.name}: {epochs} epochs of {each:.1f} s in {budget:.0f} s", flush=True)
    return epochs


def means(rows: list[dict[str, str]], columns: tuple[str, ...]) -> dict[str, float]:
    """Mean over folds and seeds."""
    return {column: float(np.mean([float(row[column]) for row in rows])) for column in columns}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", default="fingerspelling", help="clips")
    parser.add_argument("--name", default="demo", help="of demo_accuracy's CSV: NAME_accuracy.csv")
    parser.add_argument("--sizes", nargs="+", default=["published", "published-576"])
    parser.add_argument("--folds", type=int, nargs="+", default=[0, 1, 2, 3])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--epochs", type=int, help="instead of equal time")
    parser.add_argument("--schedule", choices=["rising", "falling"], help="of mixup")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--work", type=Path, default=Path("runs/benchmark"))
    given = parser.parse_args()
    if given.epochs is not None and given.epochs < 1:
        parser.error("--epochs: give at least 1")
    with (RESULTS / f"{given.name}_accuracy.csv").open(encoding="utf-8") as file:
        ours = list(csv.DictReader(file))
    if given.epochs:
        ours = [r for r in ours if int(r["fold"]) in given.folds and int(r["seed"]) in given.seeds]
        if not ours:
            sys.exit(f"{given.name}_accuracy.csv has none of these folds and seeds; see --help")
    budget = means(ours, ("cpu_seconds",))["cpu_seconds"]
    packed = pack(open_source(given.data), given.work / f"packed-{given.name}-25", 25)
    rows: list[dict[str, object]] = []
    for name in given.sizes:
        recipe = published(name, given.schedule)
        epochs = given.epochs or epochs_within(
            budget, recipe, packed, given.work / f"{given.name}-{recipe.name}-probe"
        )
        done = Parallel(n_jobs=given.jobs)(
            delayed(one)(
                replace(lasting(recipe, epochs), seed=seed),
                packed,
                fold,
                given.work / f"{given.name}-{recipe.name}-{epochs}-{fold}-{seed}",
            )
            for fold in given.folds
            for seed in given.seeds
        )
        rows += [
            {"set": given.name, "recipe": recipe.name, "epochs": epochs, **row} for row in done
        ]
        kind = f"{given.epochs}_epochs" if given.epochs else "equal_time"
        write_csv(f"{given.name}_{kind}", rows)
    report(ours, rows)


def report(ours: list[dict[str, str]], rows: list[dict[str, object]]) -> None:
    """Means over folds and seeds, a line a recipe."""
    columns = ("student", "distilled", "soup", "soup_balanced", "cpu_seconds")
    print(f"{'recipe':>16}", *(f"{column:>14}" for column in columns))
    groups = {ours[0]["recipe"]: ours}
    for row in rows:
        groups.setdefault(str(row["recipe"]), []).append({k: str(v) for k, v in row.items()})
    for name, group in groups.items():
        print(f"{name:>16}", *(f"{value:14.3f}" for value in means(group, columns).values()))


if __name__ == "__main__":
    main()
