"""Which head names signs best on top of the same trained weights?

Cost: seconds for each fold, once the runs are trained.
Page: docs/training.md
Results: letters_heads.csv, words_heads.csv

    python -m benchmarks.accuracy.heads runs/benchmark/demo-demo-0-0 runs/benchmark/demo-demo-1-0
    python -m benchmarks.accuracy.heads runs/words --data runs/words/packed --name words_heads

Takes run folders of `signlet train` or of demo_accuracy.py, fits each head on the clips that a fold
was trained on, and reads those that it held out: the layer that was trained (linear), the nearest
mean of unit-length features, a linear discriminant analysis of them (shrunk covariance, equal
priors), and the mean and nearest example of `head.kind nearest`. `both` adds the log-probabilities
of teacher and soup, which one training makes. Seconds a fold; nothing is trained.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml
from numpy.typing import NDArray
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.metrics import balanced_accuracy_score

from benchmarks.environment import write_csv
from signlet.evaluation.duplicates import trained_duplicates
from signlet.evaluation.folds import signer_folds
from signlet.evaluation.predict import embed, predict, predictions_of
from signlet.model import SignModel
from signlet.model.files import load_model
from signlet.model.head import NearestHead
from signlet.modelfile.averaging import mean_probabilities
from signlet.pack import PackedSet, pack
from signlet.sources import open_source

PARTS, BOTH = ("teacher", "soup"), "both"
PROTOTYPES = 16
Rows = NDArray[np.int64]
Answers = NDArray[np.float32]


def linear(model: SignModel, packed: PackedSet, training: Rows, held_out: Rows) -> Answers:
    """The layer that was trained, which stays in a model with another head."""
    model.nearest, nearest = None, model.nearest
    try:
        return predict(model, packed, torch.from_numpy(held_out)).numpy()
    finally:
        model.nearest = nearest


def _fitted(model: SignModel, packed: PackedSet, training: Rows) -> NearestHead:
    head = NearestHead(model.config.widths[3], len(packed.signs), PROTOTYPES)
    head.fit(_embedded(model, packed, training), np.asarray(packed.labels)[training])
    return head


def _embedded(model: SignModel, packed: PackedSet, rows: Rows) -> Answers:
    return embed(model, packed, torch.from_numpy(rows)).numpy()


def nearest(model: SignModel, packed: PackedSet, training: Rows, held_out: Rows) -> Answers:
    """Mean and nearest example."""
    rows = torch.from_numpy(_embedded(model, packed, held_out))
    return _fitted(model, packed, training)(rows).softmax(1).numpy()


def means(model: SignModel, packed: PackedSet, training: Rows, held_out: Rows) -> Answers:
    """Nearest mean only."""
    head = _fitted(model, packed, training)
    rows = torch.from_numpy(_embedded(model, packed, held_out))
    return (rows @ head.means.mT * 10).softmax(1).numpy()


def discriminant(model: SignModel, packed: PackedSet, training: Rows, held_out: Rows) -> Answers:
    """Linear discriminant analysis, shrunk covariance, equal priors."""
    count = len(packed.signs)
    analysis = LinearDiscriminantAnalysis("lsqr", "auto", priors=np.full(count, 1 / count))
    analysis.fit(_embedded(model, packed, training), np.asarray(packed.labels)[training])
    answers: Answers = analysis.predict_proba(_embedded(model, packed, held_out))
    return answers.astype(np.float32)


HEADS: tuple[Callable[[SignModel, PackedSet, Rows, Rows], Answers], ...] = (
    linear,
    means,
    discriminant,
    nearest,
)


def rows_of(run: Path, packed: PackedSet) -> Iterator[dict[str, Any]]:
    """Scores of every fold, model and head of a run folder."""
    plan = signer_folds(packed.labels, packed.signers, 4)
    seed = yaml.safe_load((run / "config.yaml").read_text(encoding="utf-8"))["seed"]
    for folder in sorted(run.glob("fold-*")):
        fold = int(folder.name.removeprefix("fold-"))
        training, held_out = plan.training(fold), plan.held_out(fold)
        models = {part: load_model(folder / part).members[0] for part in PARTS}
        for head in HEADS:
            said = {n: head(m, packed, training, held_out) for n, m in models.items()}
            said[BOTH] = mean_probabilities([said[part] for part in PARTS], "logits")
            for part, answers in said.items():
                scores = scored(packed, held_out, answers, fold)
                yield {"seed": seed, "fold": fold, "model": part, "head": head.__name__} | scores


def scored(packed: PackedSet, held_out: Rows, answers: Answers, fold: int) -> dict[str, float]:
    """Top-1, balanced, and top-1 without duplicates of clips that were trained on."""
    right = answers.argmax(1) == np.asarray(packed.labels)[held_out]
    duplicates = trained_duplicates(predictions_of(packed, held_out, answers, fold), packed)
    labels = np.asarray(packed.labels)[held_out]
    return {
        "clips": len(held_out),
        "top1": round(float(right.mean()), 4),
        "balanced": round(float(balanced_accuracy_score(labels, answers.argmax(1))), 4),
        "top1_without_copies": round(float(right[~duplicates].mean()), 4),
    }


def summarise(rows: list[dict[str, Any]]) -> None:
    """Mean of the folds, mean and spread over the seeds."""
    found: dict[tuple[str, str], dict[int, list[tuple[float, ...]]]] = defaultdict(dict)
    for row in rows:
        values = (row["top1"], row["balanced"], row["top1_without_copies"])
        found[row["model"], row["head"]].setdefault(row["seed"], []).append(values)
    print("model, head: top-1, balanced, top-1 without duplicates; folds and seeds")
    for (model, head), seeds in found.items():
        of_seeds = np.array([np.mean(folds, axis=0) for folds in seeds.values()])
        mean = " ".join(f"{value:.3f}" for value in of_seeds.mean(0))
        spread = " ".join(f"{v:.3f}" for v in of_seeds.std(0, ddof=1)) if len(seeds) > 1 else ""
        counts = [len(folds) for folds in seeds.values()]
        print(f"{model:>8} {head:<13} {mean}  {spread and '+- ' + spread}  {counts}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("runs", type=Path, nargs="+", help="run folders")
    parser.add_argument("--data", default="fingerspelling", help="clips, or a packed set")
    parser.add_argument("--name", default="heads", help="of the CSV")
    parser.add_argument("--work", type=Path, default=Path("runs/benchmark/heads"))
    given = parser.parse_args()
    torch.set_num_threads(1)
    for run in given.runs:
        if not next(run.glob("fold-*/soup"), None):
            raise SystemExit(f"{run}: holds no trained fold; name a run folder of signlet train")
    if (Path(given.data) / "dataset.json").exists():
        packed = PackedSet.open(given.data)
    else:
        packed = pack(open_source(given.data), given.work / Path(given.data).name, 16)
    rows = [row for run in given.runs for row in rows_of(run, packed)]
    write_csv(given.name, rows)
    summarise(rows)


if __name__ == "__main__":
    main()
