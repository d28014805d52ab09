"""Trainings from random weights on the same few examples, for `few_shot.py`."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.teaching.few_shot_data import Clips, Integers, kept
from benchmarks.teaching.few_shot_methods import Reading
from signlet.pack import PackedSet, pack
from signlet.training import Recipe
from signlet.training.fold import FoldTraining
from signlet.training.progress import Silent
from signlet.training.recipes import load_recipe
from signlet.training.settings import steps_and_batch_size


def long_enough(recipe: Recipe, clips: int) -> Recipe:
    """With the epochs that `signlet train` gives to so few clips."""
    length = recipe.optimiser
    steps = steps_and_batch_size(clips, length.batch_size)[0]
    times = max(1, -(-length.min_steps // (steps * length.epochs)))
    epochs = length.epochs * times
    recipe = replace(recipe, optimiser=replace(length, epochs=epochs), validate_every=epochs)
    return replace(recipe, soup_epochs=recipe.soup_epochs * times)


@dataclass(frozen=True, eq=False)
class Scratch:
    """Trains anew for each reading, and keeps what it read. seconds: of each training."""

    name: str
    recipe: Recipe
    packed: PackedSet
    rows: Integers
    work: Path
    seconds: list[float] = field(default_factory=list)

    @classmethod
    def of(cls, clips: Clips, work: Path, recipe: str = "small") -> Scratch:
        torch.set_num_threads(1)
        settings = load_recipe(recipe)
        settings = replace(settings, loss=replace(settings.loss, ousm=0))
        length = settings.packing.max_len
        packed = pack(clips.source, work / f"packed-{clips.name}-{length}", length)
        place = {name: row for row, name in enumerate(packed.names)}
        rows = np.array([place[ref.name] for ref in clips.refs])
        return cls(f"recipe {recipe}, from scratch", settings, packed, rows, work)

    def read(self, examples: Integers, labels: Integers, tested: Integers) -> Reading:
        mine, others = self.rows[examples], self.rows[tested]
        recipe = long_enough(self.recipe, len(mine))

        def make() -> dict[str, NDArray[Any]]:
            started = time.process_time()
            training = FoldTraining(recipe, self.packed, mine, others, Path("unused"))
            training.run(Silent(), save=False)
            model = training.soup_with_head()
            seconds = time.process_time() - started
            answers = training.predict(model).numpy()
            return {"answers": answers, "seconds": np.array(seconds)}

        what = f"{recipe}{mine.tolist()}{others.tolist()}"
        name = hashlib.sha256(what.encode()).hexdigest()[:16]
        found = kept(self.work / f"scratch-{name}.npz", make)
        self.seconds.append(float(found["seconds"]))
        shown = np.unique(self.packed.labels[mine])
        answers = found["answers"][:, shown]
        # The packed set may number the signs otherwise.
        numbers = {
            int(self.packed.labels[row]): int(label)
            for row, label in zip(mine, labels, strict=True)
        }
        said = np.array([numbers[int(label)] for label in shown])[answers.argmax(1)]
        return Reading(said, answers.max(1).astype(np.float64))
