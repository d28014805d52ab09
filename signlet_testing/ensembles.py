"""Made-up runs and packed sets of which ensembles are put together."""

from __future__ import annotations

import contextlib
import csv
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch

import signlet
from signlet.cli import main
from signlet.evaluation.folds import signer_folds
from signlet.evaluation.predict import predict
from signlet.evaluation.predictions import Predictions, read_predictions, write_predictions
from signlet.model import ModelConfig, SignModel
from signlet.model.files import CONFIG, load_model, save_model
from signlet.pack import PackedSet, pack
from signlet_testing.clips import Synthetic, moving_hand

SIGNS = ("circle", "line", "wave")
CLIP = moving_hand(1, 2, 1)


@pytest.fixture(scope="module")
def short_packed(tmp_path_factory: pytest.TempPathFactory) -> PackedSet:
    """The clips of tiny_packed with max_len 6, so that every clip is thinned out."""
    return pack(Synthetic(), tmp_path_factory.mktemp("short") / "packed", 6, jobs=1)


def network(seed: int, max_len: int = 12, signs: int = 3) -> SignModel:
    torch.manual_seed(seed)
    config = ModelConfig(
        dense=8, widths=(16, 16, 16, 16), heads=4, max_len=max_len, num_classes=signs
    )
    model = SignModel(config).eval()
    with torch.no_grad():  # untrained answers hardly differ; these do
        model.logits.weight.mul_(40)
    return model


def make_run(folder: Path, packed: PackedSet, seed: int, folds: Sequence[int]) -> Path:
    """A finished run of untrained models, with the files that a training writes."""
    plan, members, students, parts = signer_folds(packed.labels, packed.signers, 4), [], [], []
    for fold in folds:
        soup, student = (network(1000 * seed + 10 * fold + i, packed.max_len) for i in (0, 1))
        rows = plan.held_out(fold)
        save_model(folder / f"fold-{fold}" / "student", [student], packed.signs, {})
        members.append(soup)
        students.append(student)
        parts.append((rows, fold, soup, student))
    stored = {"student": joined(packed, parts, 3), "soup": joined(packed, parts, 2)}
    write_predictions(folder / "predictions.parquet", stored)
    save_model(folder, members, packed.signs, {"recipe": "tiny", "source": "synthetic"})
    return folder


def joined(packed: PackedSet, parts: list, column: int) -> Predictions:
    rows = np.concatenate([part[0] for part in parts])
    answers = [predict(part[column], packed, torch.from_numpy(part[0])) for part in parts]
    return Predictions(
        [packed.names[i] for i in rows],
        [packed.signers[i] for i in rows],
        np.asarray(packed.labels)[rows],
        torch.cat(answers).numpy(),
        np.concatenate([np.full(len(part[0]), part[1]) for part in parts]),
        packed.signs,
    )


@pytest.fixture(scope="module")
def runs(
    tiny_packed: PackedSet, short_packed: PackedSet, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Path]:
    """a: two folds of 12 frames; b: one fold of 6 frames; c: two folds of 6 frames."""
    folder = tmp_path_factory.mktemp("runs")
    return {
        "a": make_run(folder / "a", tiny_packed, 1, [0, 1]),
        "b": make_run(folder / "b", short_packed, 2, [1]),
        "c": make_run(folder / "c", short_packed, 3, [0, 1]),
    }


@dataclass(frozen=True)
class Made:
    """What the command wrote and printed."""

    out: Path
    text: str

    @property
    def config(self) -> dict:
        return json.loads((self.out / CONFIG).read_text())

    def rows(self, table: str) -> list[dict[str, str]]:
        return list(csv.DictReader((self.out / table).open(encoding="utf-8")))


@pytest.fixture(scope="module")
def made(runs: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Made]:
    """Runs a and c by the command: softmax, which is the default, and logits."""
    folder, found = tmp_path_factory.mktemp("made"), {}
    for kind, flags in {"softmax": [], "logits": ["--average", "logits"]}.items():
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            given = [str(runs["a"]), str(runs["c"]), "-o", str(folder / kind)]
            assert main(["ensemble", *given, *flags]) == 0
        found[kind] = Made(folder / kind, said.getvalue())
    return found


def changed(run: Path, to: Path, change: object) -> Path:
    """A copy of a run with `change` done to the predictions of its soup."""
    model = load_model(run)
    save_model(to, model.members, model.signs, {})
    soup = read_predictions(run / "predictions.parquet")["soup"]
    write_predictions(to / "predictions.parquet", {"soup": change(soup)})
    return to


def said(folder: Path, clip: object = CLIP) -> np.ndarray:
    return signlet.load(folder)(clip).probabilities


def answers(read: Sequence[int], labels: Sequence[int], signers: Sequence[str]) -> Predictions:
    """Predictions of two signs whose first answer is `read`."""
    p = np.where(np.array(read)[:, None] == np.arange(2), 0.75, 0.25).astype(np.float32)
    names = [str(i) for i in range(len(read))]
    folds = np.zeros(len(read), np.int64)
    return Predictions(names, list(signers), np.array(labels), p, folds, ("yes", "no"))
