"""Packed clips and (seed, epoch, step) in, batches of three views (3 B, T, 100, 3) out."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from signlet.augment import Draws, SignGroups, augment, draw_same_class
from signlet.model import Mixup
from signlet.pack import PackedSet
from signlet.training.processes import Processes
from signlet.training.schedule import mixup_probability
from signlet.training.settings import Recipe, group_size, steps_and_batch_size
from signlet.training.task import VIEWS, Batch

_ORDER, _MIXUP = 1, 2
"""Keep the random streams of the host apart."""
_LAYERS = 3
Clips = tuple[Tensor, Tensor]
"""Frames (B, T, 100, 3) and mask (B, T)."""
Fetched = tuple[Draws, Clips, Clips | None]
"""The draws of a batch's views (3 B,), its clips, and for every view the clip whose head it may
get: all that is made ahead of its step, on the device to train on."""


@dataclass(frozen=True)
class Batches:
    """Training batches of one fold.

    rows: (N,) int64 training rows of the packed set; labels: (all clips,) int64.
    processes: who shares each batch; the order of the clips is the same for any number.
    """

    packed: PackedSet
    rows: Tensor
    labels: Tensor
    groups: SignGroups
    recipe: Recipe
    processes: Processes = field(default_factory=Processes)

    @classmethod
    def of(
        cls,
        packed: PackedSet,
        rows: NDArray[np.int64],
        recipe: Recipe,
        processes: Processes | None = None,
    ) -> Batches:
        """Batches over these rows of the packed set."""
        labels = torch.from_numpy(np.asarray(packed.labels, dtype=np.int64))
        training = torch.from_numpy(np.asarray(rows, dtype=np.int64))
        groups = SignGroups.of(training, labels)
        return cls(packed, training, labels, groups, recipe, processes or Processes())

    @property
    def size(self) -> int:
        """Clips of a batch, over all processes."""
        return self._epoch[1]

    @property
    def steps(self) -> int:
        """Steps of an epoch, see `steps_and_batch_size`."""
        return self._epoch[0]

    @property
    def _epoch(self) -> tuple[int, int]:
        length = self.recipe.optimiser
        groups = length.batch_size // group_size(length.batch_size, length.group)
        return steps_and_batch_size(len(self.rows), length.batch_size, self.processes.count, groups)

    def order(self, epoch: int) -> Tensor:
        """(steps, B) int64 rows of this epoch, for all processes together."""
        rng = np.random.default_rng([self.recipe.seed, _ORDER, epoch])
        shuffled = self.rows[torch.from_numpy(rng.permutation(len(self.rows)))]
        taken = torch.arange(self.steps * self.size) % len(shuffled)
        return shuffled[taken].view(self.steps, self.size)

    def stream(self, epoch: int, first: int = 0) -> Iterator[Batch]:
        """This process's part of every batch of an epoch, from step `first` on.

        Where the clips are not on the device to train on, those of the next batch are
        fetched in a thread while this one is worked on.
        """
        todo = [self.processes.own(rows) for rows in self.order(epoch)[first:]]
        here = self.packed.device == self.processes.device
        fetched = (self._fetch(rows, epoch) for rows in todo) if here else self._ahead(todo, epoch)
        for step, (rows, ready) in enumerate(zip(todo, fetched, strict=True), first):
            yield self._views(rows, ready, epoch, step)

    def batch(self, rows: Tensor, epoch: int, step: int) -> Batch:
        """Three augmented views of the clips in rows (B,) for one step of an epoch."""
        return self._views(rows, self._fetch(rows, epoch), epoch, step)

    def _ahead(self, todo: list[Tensor], epoch: int) -> Iterator[Fetched]:
        with ThreadPoolExecutor(1) as thread:
            coming = [thread.submit(self._fetch, rows, epoch) for rows in todo[:1]]
            for following in [*todo[1:], None][: len(todo)]:  # none after an epoch's last step
                ready = coming.pop().result()
                if following is not None:
                    coming.append(thread.submit(self._fetch, following, epoch))
                yield ready

    def _is_early(self, epoch: int) -> bool:
        return self.recipe.augment.is_early(epoch, self.recipe.optimiser.epochs)

    def _draws(self, rows: Tensor, epoch: int) -> Draws:
        views = torch.arange(len(VIEWS), device=rows.device).repeat_interleave(len(rows))
        return Draws(self.recipe.seed, epoch, rows.repeat(len(VIEWS)), views)

    def _fetch(self, rows: Tensor, epoch: int) -> Fetched:
        draws, clips, same_class = self._draws(rows, epoch), self._clips(rows), None
        if self._is_early(epoch) and self.recipe.augment.face_cutmix > 0:
            labels = self.labels[rows].repeat(len(VIEWS))
            same_class = self._clips(draw_same_class(labels, draws, self.groups))
        return draws.to(self.processes.device), clips, same_class

    def _clips(self, rows: Tensor) -> Clips:
        frames, mask = self.packed.batch(rows)
        device = self.processes.device
        if frames.device == device:
            return frames, mask
        pinned = device.type == "cuda"
        frames, mask = (x.pin_memory() if pinned else x for x in (frames, mask))
        return frames.to(device, non_blocking=True), mask.to(device, non_blocking=True)

    def _views(self, rows: Tensor, fetched: Fetched, epoch: int, step: int) -> Batch:
        draws, (frames, mask), same_class = fetched
        frames, mask = augment(
            frames.repeat(len(VIEWS), 1, 1, 1),
            mask.repeat(len(VIEWS), 1),
            self.recipe.augment,
            draws,
            early=self._is_early(epoch),
            same_class=same_class,
        )
        labels = self.labels[rows].to(self.processes.device, non_blocking=True)
        mixup = self._mixup(len(rows), epoch, step)
        return Batch(torch.nan_to_num(frames), mask, labels, mixup)

    def _mixup(self, size: int, epoch: int, step: int) -> Mixup | None:
        """The mixup of this step, the same for all three models, or None.

        Each group of clips has a draw of its own: whether, before which layer, and with whom.
        """
        group = group_size(size, self.recipe.optimiser.group)
        count = size // group
        order = np.arange(size).reshape(count, group)
        layer, share = np.full_like(order, _LAYERS), np.ones(order.shape, dtype=np.float32)
        for k in range(count):
            rng = self._mixup_rng(epoch, step, self.processes.rank * count + k)
            if rng.random() < self._mixup_probability(epoch):
                share[k] = rng.beta(self.recipe.mixup.alpha, self.recipe.mixup.alpha, group)
                order[k] = order[k][rng.permutation(group)]
                layer[k] = rng.integers(_LAYERS)
        used = tuple(int(number) for number in np.unique(layer) if number < _LAYERS)
        if not used:
            return None
        device = self.processes.device
        on, whom, kept = (
            torch.from_numpy(x.ravel()).to(device, non_blocking=True) for x in (layer, order, share)
        )
        return Mixup(on, whom, kept, used)

    def _mixup_rng(self, epoch: int, step: int, group: int) -> np.random.Generator:
        return np.random.default_rng([self.recipe.seed, _MIXUP, epoch, step, group])

    def _mixup_probability(self, epoch: int) -> float:
        return mixup_probability(epoch, self.recipe.optimiser.epochs, self.recipe.mixup)
