"""Does `--init` help with few clips: words of five people?

Cost: about 5 minutes on two cores, with the letters' training.
Page: docs/own_signs.md
Results: init_small.csv

    python -m benchmarks.accuracy.init_small --data ../shared/data/webcam
    python -m benchmarks.accuracy.init_small --data DIR --seeds 0 1 2 --epochs 15 60

A model of the fingerspelled letters is trained first (kept under runs/benchmark), unless --init
names a run folder of the recipe small or demo. Then, for each seed, so many of the people who show
most words are drawn, a model is trained on their clips only, once from random weights and once
from the letters', and both read all other people's clips of the same words. Both trainings of a
pair have the same clips, seed and length, and no OUSM, as `signlet train` does for so few clips.
"""

from __future__ import annotations

import argparse
import time
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.environment import write_csv
from signlet.evaluation.predict import predictions_of
from signlet.evaluation.scores import score
from signlet.pack import PackedSet, pack
from signlet.sources import open_source
from signlet.training import Recipe, train
from signlet.training.fold import FoldTraining
from signlet.training.init import Init, read_init
from signlet.training.progress import Silent
from signlet.training.recipes import load_recipe

LETTERS = "letters-for-init"


def letters(recipe: Recipe, work: Path) -> Init:
    """The model to start from; trained where it is not there yet."""
    run = work / LETTERS
    if not (run / "model.safetensors").exists():
        packed = pack(open_source("fingerspelling"), work / "packed-letters", 16)
        train(recipe, packed, run, [], full_fit=True, resume=True)
    return read_init(str(run), recipe)


def split(packed: PackedSet, signers: int, seed: int) -> tuple[NDArray, NDArray]:
    """Rows of the drawn people, and of all others' clips of the words that the drawn show."""
    words: dict[str, set[int]] = defaultdict(set)
    for signer, label in zip(packed.signers, packed.labels.tolist(), strict=True):
        words[signer].add(label)
    most = sorted(words, key=lambda signer: (-len(words[signer]), signer))[: 4 * signers]
    drawn = set(np.random.default_rng(seed).choice(most, signers, replace=False))
    known = set().union(*(words[signer] for signer in drawn))
    mine = np.array([signer in drawn for signer in packed.signers])
    shown = np.isin(packed.labels, list(known))
    return np.flatnonzero(mine), np.flatnonzero(~mine & shown)


def one(
    recipe: Recipe, packed: PackedSet, rows: NDArray, held_out: NDArray, init: Init | None
) -> dict[str, object]:
    started = time.process_time()
    work = FoldTraining(recipe, packed, rows, held_out, Path("unused"), init=init)
    work.run(Silent(), save=False)
    answers = work.predict(work.soup_with_head()).numpy()
    result = score(predictions_of(packed, held_out, answers, 0), resamples=1)
    return {
        "seed": recipe.seed,
        "epochs": recipe.optimiser.epochs,
        "steps": work.steps,
        "clips": len(rows),
        "signs": len(set(packed.labels[rows].tolist())),
        "tested": len(held_out),
        "init": "letters" if init else "none",
        "from": init.where if init else "",
        "top1": round(result.top1, 4),
        "balanced": round(result.balanced_accuracy, 4),
        "cpu_seconds": round(time.process_time() - started),
    }


def summarise(rows: list[dict[str, object]]) -> None:
    """Mean and spread over the seeds, of both and of their difference."""
    for epochs in sorted({int(str(row["epochs"])) for row in rows}):
        for column in ("top1", "balanced"):
            without, started = (
                np.array([float(str(row[column])) for row in rows if _is(row, epochs, init)])
                for init in ("none", "letters")
            )
            parts = {"without": without, "with": started, "gain": started - without}
            text = ", ".join(f"{k} {v.mean():.3f} +- {v.std(ddof=1):.3f}" for k, v in parts.items())
            print(f"{epochs:>3} epochs {column:>8}: {text}")


def _is(row: dict[str, object], epochs: int, init: str) -> bool:
    return (row["epochs"], row["init"]) == (epochs, init)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", required=True, help="folder of words")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--epochs", type=int, nargs="+", default=[30])
    parser.add_argument("--signers", type=int, default=5)
    parser.add_argument("--init", help="run folder of the letters, or fingerspelling")
    parser.add_argument("--work", type=Path, default=Path("runs/benchmark"))
    given = parser.parse_args()
    torch.set_num_threads(1)
    recipe = load_recipe("small")
    recipe = replace(recipe, loss=replace(recipe.loss, ousm=0))
    packed = pack(open_source(given.data), given.work / "packed-words-16", recipe.packing.max_len)
    init = read_init(given.init, recipe) if given.init else letters(recipe, given.work)
    rows = []
    for seed in given.seeds:
        mine, others = split(packed, given.signers, seed)
        for epochs in given.epochs:
            now = replace(recipe, seed=seed, optimiser=replace(recipe.optimiser, epochs=epochs))
            now = replace(now, validate_every=epochs)
            for start in (None, init):
                rows.append(one(now, packed, mine, others, start))
                print(rows[-1], flush=True)
    write_csv("init_small", rows)
    summarise(rows)


if __name__ == "__main__":
    main()
