"""The tiny recipe that tests train with, its flags for a command, and what two trainings share."""

from __future__ import annotations

from pathlib import Path

import torch

from signlet.evaluation.folds import signer_folds
from signlet.model import ModelSize
from signlet.pack import PackedSet
from signlet.training import Recipe
from signlet.training.fold import FoldTraining
from signlet.training.settings import OptimiserSettings, PackingSettings

SIZE = ModelSize(dense=8, widths=(16, 24, 24, 16), heads=4)
TINY = Recipe(
    name="tiny",
    packing=PackingSettings(max_len=12),
    student=SIZE,
    distilled=SIZE,
    optimiser=OptimiserSettings(epochs=4, batch_size=6, learning_rate=3e-3, weight_decay=0.01),
    soup_epochs=2,
)
SMALL = [
    *("--optimiser.epochs", "1", "--soup_epochs", "1", "--fits", "1"),
    *("--student.dense", "8", "--student.widths", "[16,16,16,16]", "--student.heads", "4"),
    *("--distilled.dense", "8", "--distilled.widths", "[16,16,16,16]", "--distilled.heads", "4"),
]
"""Flags of `signlet train` for one epoch of a tiny model."""


def fold_training(recipe: Recipe, packed: PackedSet, folder: Path) -> FoldTraining:
    """The training of fold 0 of 4."""
    plan = signer_folds(packed.labels, packed.signers, 4)
    return FoldTraining(recipe, packed, plan.training(0), plan.held_out(0), folder)


def weights(training: FoldTraining) -> dict[str, torch.Tensor]:
    """All numbers of its models, and of the soup."""
    soup = {f"soup.{k}": v for k, v in training.soup.module.state_dict().items()}
    return {**training.task.state_dict(), **soup}


def assert_same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> None:
    """Of two `weights`: bit for bit."""
    assert one.keys() == other.keys()
    for name, tensor in one.items():
        assert torch.equal(tensor, other[name]), name
