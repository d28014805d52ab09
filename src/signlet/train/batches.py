"""Batches of one epoch: order, three augmented views and mixup, all from (seed, epoch, step)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from signlet.augment import Draws, SignGroups, augment, partners
from signlet.model import Mixup
from signlet.pack import PackedSet
from signlet.train.schedule import mixup_probability
from signlet.train.settings import Recipe
from signlet.train.task import VIEWS, Batch

_ORDER, _MIXUP = 1, 2
"""Keep the random streams of the host apart."""


@dataclass(frozen=True)
class Batches:
    """Training batches of one fold.

    rows: (N,) int64 training rows of the packed set; labels: (all clips,) int64.
    """

    packed: PackedSet
    rows: Tensor
    labels: Tensor
    groups: SignGroups
    recipe: Recipe

    @classmethod
    def of(cls, packed: PackedSet, rows: NDArray[np.int64], recipe: Recipe) -> Batches:
        """Batches over these rows of the packed set."""
        labels = torch.from_numpy(np.asarray(packed.labels, dtype=np.int64))
        training = torch.from_numpy(np.asarray(rows, dtype=np.int64))
        return cls(packed, training, labels, SignGroups.of(training, labels), recipe)

    @property
    def steps(self) -> int:
        """Steps of an epoch; clips that do not fill a batch wait for another epoch."""
        return max(1, len(self.rows) // self.recipe.optimiser.batch_size)

    def order(self, epoch: int) -> Tensor:
        """(steps, B) int64 rows of this epoch."""
        rng = np.random.default_rng([self.recipe.seed, _ORDER, epoch])
        shuffled = self.rows[torch.from_numpy(rng.permutation(len(self.rows)))]
        size = min(len(shuffled), self.recipe.optimiser.batch_size)
        return shuffled[: self.steps * size].view(self.steps, size)

    def batch(self, rows: Tensor, epoch: int, step: int) -> Batch:
        """Three augmented views of the clips in rows (B,) for one step of an epoch."""
        views = len(VIEWS)
        frames, mask = self.packed.batch(rows)
        draws = Draws(
            self.recipe.seed,
            epoch,
            rows.repeat(views),
            torch.arange(views, device=rows.device).repeat_interleave(len(rows)),
        )
        early = self.recipe.augment.is_early(epoch, self.recipe.optimiser.epochs)
        partner = None
        if early and self.recipe.augment.face_cutmix > 0:
            chosen = partners(self.labels[rows].repeat(views), draws, self.groups)
            partner = self.packed.batch(chosen)
        frames, mask = augment(
            frames.repeat(views, 1, 1, 1),
            mask.repeat(views, 1),
            self.recipe.augment,
            draws,
            early=early,
            partner=partner,
        )
        return Batch(
            torch.nan_to_num(frames), mask, self.labels[rows], self._mixup(len(rows), epoch, step)
        )

    def _mixup(self, size: int, epoch: int, step: int) -> Mixup | None:
        """The mixup of this step, the same for all three models, or None."""
        recipe = self.recipe
        rng = np.random.default_rng([recipe.seed, _MIXUP, epoch, step])
        if rng.random() >= mixup_probability(epoch, recipe.optimiser.epochs, recipe.mixup):
            return None
        share = rng.beta(recipe.mixup.alpha, recipe.mixup.alpha, size).astype(np.float32)
        order = torch.from_numpy(rng.permutation(size))
        return Mixup(int(rng.integers(3)), order, torch.from_numpy(share))
