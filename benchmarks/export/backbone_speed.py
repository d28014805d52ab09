"""How fast do exported files of the two backbones name a sign, beside each other?

Cost: about a minute of one core, most of it for the export.
Page: docs/export.md
Results: backbone_speed.csv
Short: --runs 5 --work {work}

    python -m benchmarks.export.backbone_speed

Models of `small` and `small-conv` with 26 signs and random weights, one thread, preprocessing
included, a raw clip of which 40 frames are kept. All files are timed in turn, many times, in one
run; `ratio` is the median over that of `small` in the same format.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import torch

from benchmarks.environment import write_csv
from benchmarks.export.export_speed import medians, raw_clip, writer
from signlet.model import SignModel
from signlet.modelfile.averaging import Average
from signlet.modelfile.card import Card
from signlet.runtimes import open_runtime
from signlet.training.recipes import load_recipe

RECIPES = ("small", "small-conv")
FILES = {"onnx": "onnx", "litert": "tflite"}
KEPT, SIGNS = 40, tuple(f"sign {number}" for number in range(26))
AVERAGE = Average.plain(1)


def exported(name: str, kind: str, work: Path) -> tuple[Path, int]:
    """A file of a recipe's distilled model, and its number of weights."""
    recipe = load_recipe(name)
    length = recipe.packing.max_len
    torch.manual_seed(0)
    model = SignModel(recipe.distilled.config(length, len(SIGNS))).eval()
    path = work / f"{name}.{FILES[kind]}"
    work.mkdir(parents=True, exist_ok=True)
    card = Card(signs=SIGNS, max_lens=(length,), average=AVERAGE, precision="fp32")
    writer(kind)(path, [model], AVERAGE, card)
    return path, sum(weights.numel() for weights in model.parameters())


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--work", type=Path, default=Path("runs/benchmark/backbones"))
    given = parser.parse_args()
    torch.set_num_threads(1)
    made = {(name, kind): exported(name, kind, given.work) for kind in FILES for name in RECIPES}
    clip = raw_clip(KEPT)
    runtimes = {each: open_runtime(path, 1) for each, (path, _) in made.items()}
    timed = {
        f"{name} {kind}": (lambda one=one: one.probabilities([clip]))
        for (name, kind), one in runtimes.items()
    }
    found = medians(timed, given.runs)
    rows: list[dict[str, Any]] = []
    for (name, kind), (path, weights) in made.items():
        ms, base = found[f"{name} {kind}"], found[f"{RECIPES[0]} {kind}"]
        row = {"recipe": name, "file": kind, "kept": KEPT, "ms": round(ms, 2)}
        row |= {"ratio": round(ms / base, 3), "bytes": path.stat().st_size, "weights": weights}
        print(" ".join(f"{key} {value}" for key, value in row.items()))
        rows.append(row)
    write_csv("backbone_speed", rows)


if __name__ == "__main__":
    main()
