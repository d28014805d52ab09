"""The place of a training in its command, and the people it is tested on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from signlet.evaluation.folds import FoldPlan
from signlet.pack import PackedSet
from signlet.runs.folder import RunFolder, fit_numbers
from signlet.training.settings import Recipe, steps_and_batch_size


@dataclass(frozen=True)
class Turn:
    """The place of a training in its command.

    number: 1 for the first. count: in all. later: steps of the trainings after it.
    name: for people, where it is more than a number.
    """

    number: int = 1
    count: int = 1
    later: int = 0
    name: str = ""

    @property
    def title(self) -> str:
        """The training's name for people."""
        if self.name:
            return self.name
        return "Training" if self.count == 1 else f"Training {self.number} of {self.count}"


def turns_of(
    recipe: Recipe,
    packed: PackedSet,
    run: RunFolder,
    plan: FoldPlan | None,
    folds: Sequence[int],
    fits: int,
) -> dict[int, Turn]:
    """Return the turn of each training by its number: the folds, then those on all clips."""
    clips = {fold: len(plan.training(fold)) for fold in folds} if plan else {}
    clips |= dict.fromkeys(fit_numbers(fits), int((np.asarray(packed.labels) >= 0).sum()))
    steps = {
        number: 0 if run.training(number).finished else _steps(recipe, count)
        for number, count in clips.items()
    }
    turns, later = {}, sum(steps.values())
    for place, (number, own) in enumerate(steps.items(), 1):
        later -= own
        turns[number] = Turn(place, len(steps), later)
    return turns


def _steps(recipe: Recipe, clips: int) -> int:
    length = recipe.optimiser
    return steps_and_batch_size(max(clips, 1), length.batch_size)[0] * length.epochs


def tested(packed: PackedSet, plan: FoldPlan, held_out: NDArray[np.int64]) -> str:
    """Return whose clips a training is tested on: "12 clips of 3 people left out"."""
    clips = f"{len(held_out):,} clips"
    if plan.split:
        return f"{clips} of the published split {plan.split}"
    if not plan.grouped:
        return f"{clips} left out, from people it also trains on"
    signers = len({packed.signers[row] for row in held_out})
    one, more = "person", "people"
    if packed.source == "fingerspelling":  # whose signers are languages
        one, more = "sign language", "sign languages"
    return f"{clips} of {signers:,} {one if signers == 1 else more} left out"
