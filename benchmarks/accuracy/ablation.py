"""What is each trick of the recipe worth, if one alone is switched off or changed?

Cost: about a minute of one core for each training; about two hours on two cores for `--screen`.
Page: docs/ablation.md
Results: ablation.csv, ablation_conv.csv

    python -m benchmarks.accuracy.ablation --screen                   one fold, two seeds
    python -m benchmarks.accuracy.ablation --confirm --variants no-mixup no-teacher
    python -m benchmarks.accuracy.ablation --screen --list            what there is to do, and stop
    python -m benchmarks.accuracy.ablation --table                    Markdown, from the CSV
    python -m benchmarks.accuracy.ablation --figure                   SVG and PNG, from the CSV

Sets: `letters`, the fingerspelling lexicon; `words`, a folder of own clips (--words), left
out where there is none. Every training adds a row to the CSV when it ends; what is in the
CSV is not trained again, so the same command continues after a kill. The command may run
several times at once, on the same CSV: no training is done twice. docs/ablation.md has more.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch
from rich.console import Console

from benchmarks.accuracy.ablation_plan import RECIPE, SETS, WORDS, base_recipe, lasting, plan
from benchmarks.accuracy.ablation_report import draw, markdown
from benchmarks.accuracy.ablation_results import (
    MODELS,
    Job,
    add_row,
    check_settings,
    claim,
    job_of,
    lock,
    read_rows,
)
from benchmarks.accuracy.ablation_variants import VARIANTS
from benchmarks.environment import RESULTS
from signlet.errors import SignletError
from signlet.evaluation.duplicates import trained_duplicates
from signlet.evaluation.predictions import Predictions, read_predictions
from signlet.evaluation.scores import score
from signlet.model import SignModel
from signlet.pack import PackedSet, pack
from signlet.sources import open_source
from signlet.training import Interrupted, Recipe, train


def main() -> None:
    given = parse()
    console = Console(markup=False, highlight=False)
    try:
        if given.table or given.figure:
            show(given, console)
        else:
            run(given, console)
    except (Interrupted, KeyboardInterrupt):
        console.print("Stopped; the same command continues with what is missing.")
        sys.exit(130)
    except SignletError as error:
        console.print(f"ablation: {error}", style="red", soft_wrap=True)
        sys.exit(2)


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    preset = parser.add_mutually_exclusive_group()
    preset.add_argument("--screen", action="store_true", help="fold 0, two seeds (the default)")
    preset.add_argument("--confirm", action="store_true", help="four folds, three seeds")
    parser.add_argument("--sets", nargs="+", choices=SETS, default=list(SETS))
    parser.add_argument("--folds", type=int, nargs="+", help="instead of the preset's")
    parser.add_argument("--seeds", type=int, nargs="+", help="instead of the preset's")
    parser.add_argument(
        "--variants", nargs="+", metavar="NAME", help="default all; the base is always there"
    )
    parser.add_argument("--recipe", default=str(RECIPE), help="base recipe, a name or a YAML file")
    parser.add_argument(
        "--epochs", type=int, help="default the recipe's; of ablation_recipe.yaml 40 (words 24)"
    )
    parser.add_argument("--threads", type=int, default=1, help="of each process; default 1")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--words", type=Path, default=WORDS, help="folder of the set words")
    parser.add_argument("--csv", type=Path, default=RESULTS / "ablation.csv")
    parser.add_argument("--work", type=Path, default=Path("runs/benchmark"))
    parser.add_argument("--list", action="store_true", help="say what is to be done, and stop")
    parser.add_argument("--table", action="store_true", help="print the results as Markdown")
    parser.add_argument("--figure", action="store_true", help="draw the results")
    return parser.parse_args(arguments)


def show(given: argparse.Namespace, console: Console) -> None:
    """Table or figure of what the CSV holds of these sets (and epochs, where given)."""
    rows = [
        row
        for row in read_rows(given.csv)
        if row["set"] in given.sets and given.epochs in (None, int(row["epochs"]))
    ]
    if given.table:
        print(markdown(rows))
    if given.figure:
        for path in draw(rows, given.csv):
            console.print(f"{path}", soft_wrap=True)


def run(given: argparse.Namespace, console: Console) -> None:
    """Train whatever is missing."""
    recipe = base_recipe(given)
    jobs = plan(given, recipe, console)
    if given.list:
        listing(jobs, given.csv, console)
        return
    torch.set_num_threads(given.threads)
    check_settings(given.csv, recipe)
    sets = {name: packed_set(name, given, recipe) for name in dict.fromkeys(j.set for j in jobs)}
    variants = {variant.name: variant for variant in VARIANTS}

    def training(job: Job) -> dict[str, Any]:
        changed = lasting(replace(variants[job.variant].of(recipe), seed=job.seed), job.epochs)
        folder = given.work / given.csv.stem / job.name
        row = measure(changed, sets[job.set], job.fold, folder, given.device)
        return row | {"device": given.device, "threads": given.threads, "recipe": recipe.name}

    work_through(jobs, given.csv, training, console)


def listing(jobs: list[Job], path: Path, console: Console) -> None:
    """A line for each variant and what is left to do."""
    left = remaining(jobs, path)
    chosen = {job.variant for job in jobs}
    for variant in (v for v in VARIANTS if v.name in chosen):
        mine = [job for job in jobs if job.variant == variant.name]
        done = len(mine) - sum(job in left for job in mine)
        changes = ", ".join(f"{name} {value}" for name, value in variant.changes.items())
        side = f"  [{variant.side}]" if variant.side else ""
        line = f"{variant.name:26}{done:3} of {len(mine)}  {changes}{side}"
        console.print(line, soft_wrap=True)
    console.print(f"{len(left)} of {len(jobs)} trainings to do{_hours(len(left), path, jobs[0])}.")


def _hours(trainings: int, path: Path, like: Job) -> str:
    rows = [row for row in read_rows(path) if int(row["epochs"]) == like.epochs]
    if not rows:
        return ""
    mean = sum(float(row["cpu_seconds"]) for row in rows) / len(rows)
    return f", about {trainings * mean / 3600:.1f} hours of processor time"


def remaining(jobs: list[Job], path: Path) -> list[Job]:
    """Jobs without a row."""
    done = {job_of(row) for row in read_rows(path)}
    return [job for job in jobs if job not in done]


def work_through(
    jobs: list[Job],
    path: Path,
    training: Callable[[Job], dict[str, Any]],
    console: Console,
) -> None:
    """Do every job that is neither done nor in another process's hands; a row for each.

    training: what a job is; its result are the measured columns.
    Raises SignletError at the end where trainings failed.
    """
    failed: list[str] = []
    for number, job in enumerate(jobs, 1):
        with claim(path, job) as ours:
            if not ours:
                continue
            console.print(f"[{number}/{len(jobs)}] {job.name}", soft_wrap=True)
            try:
                row = training(job)
            except Interrupted:
                raise
            except SignletError as error:
                failed.append(job.name)
                console.print(f"failed: {error}", soft_wrap=True)
                continue
            add_row(path, asdict(job) | row)
    left = len(remaining(jobs, path)) - len(failed)
    console.print(f"{path}: {len(jobs) - left - len(failed)} of {len(jobs)} trainings are in.")
    if left:
        console.print(f"{left} are in the hands of other processes.")
    if failed:
        raise SignletError(f"{len(failed)} trainings failed ({failed[0]}); see above")


def packed_set(name: str, given: argparse.Namespace, recipe: Recipe) -> PackedSet:
    """The set, packed once; other processes wait meanwhile."""
    settings = recipe.packing
    out = given.work / f"{name}-{settings.max_len}-{settings.dtype}"
    source = open_source("fingerspelling" if name == "letters" else given.words)
    with lock(out, "pack"):
        return pack(
            source, out, settings.max_len, jobs=given.threads, dtype=settings.dtype, progress=True
        )


def measure(
    recipe: Recipe, packed: PackedSet, fold: int, folder: Path, device: str
) -> dict[str, Any]:
    """Train one fold in a folder that is emptied before and after, and score it."""
    shutil.rmtree(folder, ignore_errors=True)
    cpu, wall = time.process_time(), time.perf_counter()
    train(recipe, packed, folder, [fold], device=device)
    used = time.process_time() - cpu, time.perf_counter() - wall
    results = read_predictions(folder / "predictions.parquet")
    shutil.rmtree(folder, ignore_errors=True)
    distilled = SignModel(recipe.distilled.config(recipe.packing.max_len, len(packed.signs)))
    return {
        **scores(results, packed),
        "cpu_seconds": round(used[0], 1),
        "wall": round(used[1], 1),
        "parameters": sum(weights.numel() for weights in distilled.parameters()),
    }


def scores(results: dict[str, Predictions], packed: PackedSet) -> dict[str, Any]:
    """Top-1 of each model: of all clips, balanced over the signs, without trained duplicates."""
    duplicates = trained_duplicates(results["soup"], packed)
    row: dict[str, Any] = {"clips": len(duplicates), "copies": int(duplicates.sum())}
    for model in MODELS:
        all_clips = score(results[model], resamples=1)
        row[model] = round(all_clips.top1, 4)
        row[f"{model}_balanced"] = round(all_clips.balanced_accuracy, 4)
        without = score(results[model].select(~duplicates), resamples=1).top1
        row[f"{model}_without_copies"] = round(without, 4)
    return row


if __name__ == "__main__":
    main()
