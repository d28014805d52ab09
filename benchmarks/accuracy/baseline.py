"""How often do simple classifiers, without a network, name a sign of an unseen person?

Cost: about two minutes on two cores for the letters.
Page: docs/evaluation.md
Results: baseline.csv, baseline_words.csv

    python -m benchmarks.accuracy.baseline                    # the fingerspelling letters
    python -m benchmarks.accuracy.baseline --data /path       # a packed set, or any source of clips

Logistic regression on 8 resampled frames and extremely randomised trees on 16, of hands
and arms. Two minutes on two cores for the letters. Writes benchmarks/results/baseline.csv.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import os
import platform
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import track
from rich.table import Table
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from benchmarks.environment import WRITTEN
from signlet import landmarks
from signlet.errors import ClipError, SignletError
from signlet.evaluation.folds import FoldPlan, signer_folds
from signlet.evaluation.scores import Predictions, Scores, score
from signlet.pack import PackedSet
from signlet.pack.layout import HEADER
from signlet.sources import open_source

SEEDS = (0, 1, 2)
WITHOUT_COPIES = "top1_without_copies"
CHOSEN = np.concatenate([landmarks.PARTS[part] for part in ("left_hand", "right_hand", "arms")])
"""Positions of hands and arms among the 100 selected points, and, of raw rows, the same 54."""
RAW_CHOSEN = np.array(landmarks.SINGLE)[CHOSEN]
WRIST, KNUCKLE = 0, 9
SHOULDERS = slice(0, 2)
"""Of the arms' twelve points."""


@dataclass(frozen=True)
class Baseline:
    """A classifier, the frames it sees, and the seeds that make a difference to it."""

    name: str
    frames: int
    make: Callable[[int], object]
    seeds: tuple[int, ...]


BASELINES = (
    Baseline(
        "logistic regression (8)",
        8,
        lambda _: make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)),
        (0,),  # nothing is drawn at random: every seed gives the same
    ),
    Baseline(
        "randomised trees (16)",
        16,
        lambda seed: ExtraTreesClassifier(300, random_state=seed, n_jobs=2),
        SEEDS,
    ),
)


@dataclass(frozen=True)
class Clips:
    """Hands and arms of all clips: (T, 54, 3) each, NaN where not found."""

    frames: list[NDArray[np.float32]]
    names: list[str]
    signers: list[str]
    labels: NDArray[np.int64]
    signs: tuple[str, ...]


# --- features -----------------------------------------------------------------------------


def features(frames: NDArray[np.float32], count: int) -> NDArray[np.float32]:
    """(T, 54, 3) -> (count * 54 * 3,): gaps bridged, placed by the body, resampled in time.

    Hands are relative to their wrist in units of the hand, arms relative to the middle of
    the shoulders in units of their distance. What was never found is 0.
    """
    hands = ~np.isnan(frames[:, :42, 0]).all(1)
    filled = bridge_gaps(frames[hands] if hands.any() else frames)
    left, right, arms = filled[:, :21], filled[:, 21:42], filled[:, 42:]
    shoulders = arms[:, SHOULDERS]
    middle, width = shoulders.mean(1, keepdims=True), distance(shoulders[:, 0], shoulders[:, 1])
    parts = [in_hand_units(left), in_hand_units(right), (arms - middle) / width]
    return np.nan_to_num(resample(np.concatenate(parts, axis=1), count)).ravel()


def in_hand_units(hand: NDArray[np.float32]) -> NDArray[np.float32]:
    return (hand - hand[:, [WRIST]]) / distance(hand[:, WRIST], hand[:, KNUCKLE])


def distance(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    """Median length over the frames; at least a hair, so that nothing is divided by 0."""
    return max(float(np.median(np.linalg.norm(a - b, axis=-1))), 1e-6)


def bridge_gaps(frames: NDArray[np.float32]) -> NDArray[np.float32]:
    flat, time_of = frames.reshape(len(frames), -1).copy(), np.arange(len(frames))
    for column in flat.T:
        found = ~np.isnan(column)
        if found.any() and not found.all():
            column[:] = np.interp(time_of, time_of[found], column[found])
    return flat.reshape(frames.shape)


def resample(frames: NDArray[np.float32], count: int) -> NDArray[np.float32]:
    place = np.linspace(0, len(frames) - 1, count)
    before, after = np.floor(place).astype(int), np.ceil(place).astype(int)
    part = (place - before).astype(np.float32)[:, None, None]
    return frames[before] * (1 - part) + frames[after] * part


# --- clips --------------------------------------------------------------------------------


def read_clips(where: str) -> Clips:
    return read_packed(where) if (Path(where) / HEADER).exists() else read_source(where)


def read_packed(where: str) -> Clips:
    packed = PackedSet.open(where)
    ends = packed.offsets + packed.lengths
    spans = zip(packed.offsets, ends, strict=True)
    frames = [packed.frames[start:end, CHOSEN].astype(np.float32) for start, end in spans]
    return Clips(frames, packed.names, packed.signers, packed.labels, packed.signs)


def read_source(where: str) -> Clips:
    source, frames, kept = open_source(where), [], []
    for ref in track(source.refs(), "reading", transient=True, disable=not sys.stdout.isatty()):
        try:
            frames.append(source.read(ref).frames[:, RAW_CHOSEN])
            kept.append(ref)
        except ClipError as error:
            print(f"left out: {error}")
    number = {sign: i for i, sign in enumerate(source.signs)}
    labels = np.array([number.get(ref.sign, -1) for ref in kept], dtype=np.int64)
    signers = [ref.signer or "" for ref in kept]
    return Clips(frames, [ref.name for ref in kept], signers, labels, source.signs)


def copies(clips: Clips, plan: FoldPlan) -> NDArray[np.bool_]:
    """(N,) clips of which another fold holds an exact copy: a model has trained on them."""
    content = [hashlib.sha256(frames.tobytes()).digest() for frames in clips.frames]
    folds: dict[bytes, set[int]] = {}
    for key, fold in zip(content, plan.folds.tolist(), strict=True):
        folds.setdefault(key, set()).add(fold)
    return np.array([len(folds[key] - {-1}) > 1 for key in content])


# --- running ------------------------------------------------------------------------------


def predict(
    baseline: Baseline, x: NDArray[np.float32], clips: Clips, plan: FoldPlan, seed: int
) -> Predictions:
    """Out-of-fold predictions: each clip by the model that was trained without its fold."""
    p = np.full((len(x), len(clips.signs)), 1 / len(clips.signs), dtype=np.float32)
    for fold in range(plan.folds.max() + 1):
        training, held_out = plan.training(fold), plan.held_out(fold)
        model = baseline.make(seed).fit(x[training], clips.labels[training])
        p[held_out] = 0
        p[np.ix_(held_out, model.classes_)] = model.predict_proba(x[held_out])
    return Predictions(clips.names, clips.signers, clips.labels, p, plan.folds, clips.signs)


def scores_of(
    predictions: Predictions, copied: NDArray[np.bool_]
) -> Iterator[tuple[str, Scores, int, float]]:
    """Fold (or "all"), its scores, its copies, and top-1 without the copies."""
    used = predictions.folds >= 0
    for fold in [*map(str, np.unique(predictions.folds[used])), "all"]:
        rows = used if fold == "all" else predictions.folds == int(fold)
        distinct = score(predictions.select(rows & ~copied)).top1
        yield fold, score(predictions.select(rows)), int((rows & copied).sum()), distinct


def run(baseline: Baseline, clips: Clips, plan: FoldPlan, where: str) -> list[dict[str, object]]:
    rows, copied = [], copies(clips, plan)
    x = np.stack([features(frames, baseline.frames) for frames in clips.frames])
    for seed in baseline.seeds:
        predictions = predict(baseline, x, clips, plan, seed)
        for fold, s, same, distinct in scores_of(predictions, copied):
            row = {"data": where, "baseline": baseline.name, "seed": seed, "fold": fold}
            row |= {name: rounded(value) for name, value in asdict(s).items()}
            row |= {"copies": same, WITHOUT_COPIES: rounded(distinct)}
            rows.append(row)
    return rows


def rounded(value: float) -> float:
    return round(value, 4)


# --- results ------------------------------------------------------------------------------


def environment() -> dict[str, object]:
    packages = ("numpy", "scikit-learn", "torch")
    return {
        "cpu": cpu_model(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        **{name: version(name) for name in packages},
    }


def cpu_model() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def show(rows: list[dict[str, object]], console: Console) -> None:
    """One line per baseline and fold: mean over the seeds, and how far the seeds spread."""
    table = Table(box=SIMPLE_HEAD)
    for heading in ("baseline", "fold", "clips", "accuracy", "spread", "balanced", "no copies"):
        table.add_column(
            heading, no_wrap=True, justify="left" if heading == "baseline" else "right"
        )
    for name in dict.fromkeys(row["baseline"] for row in rows):
        mine = [row for row in rows if row["baseline"] == name]
        folds = list(dict.fromkeys(row["fold"] for row in mine))
        for fold in [*folds, "mean of folds"]:
            table.add_row(str(name), str(fold), *cells([r for r in mine if chosen(r, fold)]))
    console.print(table)
    console.print("accuracy: mean over seeds; spread: standard deviation over seeds ('-': nothing")
    console.print("random); no copies: accuracy on clips of which no other fold holds a copy")


def chosen(row: dict[str, object], fold: object) -> bool:
    return row["fold"] == fold or (fold == "mean of folds" and row["fold"] != "all")


def cells(rows: list[dict[str, object]]) -> list[str]:
    def over_seeds(column: str) -> list[float]:
        seeds = dict.fromkeys(row["seed"] for row in rows)
        return [float(np.mean([r[column] for r in rows if r["seed"] == seed])) for seed in seeds]

    top1 = over_seeds("top1")
    spread = f"{np.std(top1, ddof=1):.3f}" if len(top1) > 1 else "-"
    means = [f"{np.mean(over_seeds(name)):.3f}" for name in ("balanced_accuracy", WITHOUT_COPIES)]
    clips = sum(row["clips"] for row in rows) // len(top1)
    return [str(clips), f"{np.mean(top1):.3f}", spread, *means]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default="fingerspelling", help="packed set or source of clips")
    parser.add_argument("--folds", type=int, default=4)
    parser.add_argument("--out", type=Path, default=WRITTEN / "baseline.csv")
    arguments = parser.parse_args()
    try:
        clips = read_clips(arguments.data)
        plan = signer_folds(clips.labels, clips.signers, arguments.folds)
    except SignletError as error:
        sys.exit(f"error: {error}")
    if plan.note:
        print(f"note: {plan.note}")
    where = arguments.data if arguments.data == "fingerspelling" else Path(arguments.data).name
    rows = [row for baseline in BASELINES for row in run(baseline, clips, plan, where)]
    show(rows, Console(width=100))
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    with arguments.out.open("w", encoding="utf-8", newline="") as file:
        machine = environment()
        writer = csv.DictWriter(file, [*rows[0], *machine])
        writer.writeheader()
        writer.writerows(row | machine for row in rows)


if __name__ == "__main__":
    main()
