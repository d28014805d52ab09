"""How much accuracy do the smaller precisions of exported files cost?

Cost: some minutes on two cores, once demo_accuracy.py has trained.
Page: docs/export.md
Results: export_accuracy.csv

    python -m benchmarks.export.export_accuracy

Takes the letters' trainings that demo_accuracy.py keeps (one seed, four folds), exports each
fold's soup, and lets every file read the fold's held-out raw clips. Compared with torch:
accuracy over the four folds, largest difference of a probability, clips that get another sign.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.environment import write_csv
from signlet.evaluation.predictions import read_predictions
from signlet.export import litert as to_litert
from signlet.export import onnx as to_onnx
from signlet.model.files import ModelFile, load_model
from signlet.modelfile.averaging import Average
from signlet.modelfile.card import Card
from signlet.runtimes import open_runtime
from signlet.runtimes.torch import TorchRuntime
from signlet.sources import find, open_source

WRITERS = {"onnx": (to_onnx.write, "onnx"), "litert": (to_litert.write, "tflite")}
FILES = (
    ("onnx", "fp32"),
    ("onnx", "fp16"),
    ("onnx", "int8"),
    ("litert", "fp16"),
    ("litert", "int8"),
)


def answers(model: ModelFile, raws: list[NDArray[np.float32]]) -> dict[str, NDArray[np.float32]]:
    """Probabilities (N, K) of every file, and of torch."""
    found = {"torch": TorchRuntime(model).probabilities(raws)}
    average = Average.plain(len(model.members))
    lengths = tuple(member.config.max_len for member in model.members)
    with tempfile.TemporaryDirectory() as folder:
        for kind, precision in FILES:
            write, suffix = WRITERS[kind]
            path = Path(folder) / f"{precision}.{suffix}"
            card = Card(signs=model.signs, max_lens=lengths, average=average, precision=precision)
            write(path, model.members, average, card)
            found[f"{kind}-{precision}"] = open_runtime(path, 1).probabilities(raws)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", default="runs/benchmark/demo-demo-{fold}-{seed}")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    source = open_source("fingerspelling")
    labels: list[NDArray[np.int64]] = []
    parts: dict[str, list[NDArray[np.float32]]] = {}
    for fold in range(4):
        run = Path(given.runs.format(fold=fold, seed=given.seed))
        held_out = read_predictions(run / "predictions.parquet")["soup"]
        model = load_model(run / f"fold-{fold}" / "soup")
        raws = [source.read(find(source, name)).frames for name in held_out.names]
        labels.append(np.asarray(held_out.labels))
        for name, probabilities in answers(model, raws).items():
            parts.setdefault(name, []).append(probabilities)
        print(f"fold {fold}: {len(raws)} clips", flush=True)
    report(parts, labels)


def report(parts: dict[str, list[NDArray[np.float32]]], labels: list[NDArray[np.int64]]) -> None:
    """A line a file: mean accuracy of the folds, and what differs from torch."""
    rows = []
    for name, probabilities in parts.items():
        pairs = list(zip(probabilities, labels, strict=True))
        accuracy = [float((p.argmax(1) == truth).mean()) for p, truth in pairs]
        apart = [np.abs(p - t) for p, t in zip(probabilities, parts["torch"], strict=True)]
        other = [
            (p.argmax(1) != t.argmax(1)).sum()
            for p, t in zip(probabilities, parts["torch"], strict=True)
        ]
        row = {
            "file": name,
            "accuracy": round(float(np.mean(accuracy)), 4),
            "largest_difference": float(max(a.max() for a in apart)),
            "mean_difference": float(np.mean(np.concatenate(apart))),
            "other_sign": int(sum(other)),
            "clips": sum(map(len, labels)),
        }
        rows.append(row)
        print(row)
    write_csv("export_accuracy", rows)


if __name__ == "__main__":
    main()
