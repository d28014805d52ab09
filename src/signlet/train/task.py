"""The three models that are trained at once, and the losses of one batch."""

from __future__ import annotations

import copy
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from signlet.model import Mixup, SignModel
from signlet.train.losses import consistency, cross_entropy, soft_targets, without_hardest
from signlet.train.schedule import ema_decay
from signlet.train.settings import Recipe, group_size

VIEWS = ("student", "teacher", "distilled")
"""The three independently augmented views of a batch, in this order."""


@dataclass(frozen=True)
class Batch:
    """One batch in three views.

    frames: (3 B, T, 100, 3) zero where nothing was found; mask: (3 B, T) bool.
    labels: (B,) int64.
    """

    frames: Tensor
    mask: Tensor
    labels: Tensor
    mixup: Mixup | None


class Task(nn.Module):
    """Student, its moving average (teacher) and the distilled model.

    called: what is called in a trained model's place, by its name: the model itself, or a
    wrapper of it that averages gradients over processes. (No child: it would be saved twice.)
    """

    def __init__(self, recipe: Recipe, num_classes: int) -> None:
        super().__init__()
        max_len = recipe.packing.max_len
        self.recipe = recipe
        self.num_classes = num_classes
        self.student = SignModel(recipe.student.config(max_len, num_classes))
        self.teacher = copy.deepcopy(self.student).requires_grad_(False)
        self.distilled = SignModel(recipe.distilled.config(max_len, num_classes))
        self.called: dict[str, nn.Module] = {
            "student": self.student,
            "distilled": self.distilled,
        }

    def train(self, mode: bool = True) -> Task:
        """As usual, but the teacher always predicts as it would be used: without dropout."""
        super().train(mode)
        self.teacher.eval()
        return self

    def losses(self, batch: Batch, consistency_factor: float) -> dict[str, Tensor]:
        """Losses of one batch.

        consistency_factor: share of the consistency weight reached so far, 0 to 1.
        Returns scalars: `student` and `distilled` to be minimised, each by its own
        optimiser; `loss_*` and `consistency_*` are the parts of them.
        """
        frames, masks = batch.frames.chunk(len(VIEWS)), batch.mask.chunk(len(VIEWS))
        targets = self._targets(batch)
        teacher = self.recipe.teacher
        logits = {
            "student": self.called["student"](frames[0], masks[0], batch.mixup),
            "distilled": self.called["distilled"](frames[2], masks[2], batch.mixup),
        }
        group = group_size(len(batch.labels), self.recipe.optimiser.group)
        result: dict[str, Tensor] = {}
        for name, values in logits.items():
            loss = without_hardest(cross_entropy(values, targets), self.recipe.loss.ousm, group)
            result[f"loss_{name}"] = result[name] = loss
        if teacher.enabled:
            with torch.no_grad():
                guide = self.teacher(frames[1], masks[1], batch.mixup)
            for name, values in logits.items():
                apart = consistency(values, guide)
                result[f"consistency_{name}"] = apart
                result[name] = result[name] + teacher.weight * consistency_factor * apart
        return result

    def _targets(self, batch: Batch) -> Tensor:
        targets = soft_targets(batch.labels, self.num_classes, self.recipe.loss.smoothing)
        if batch.mixup is None:
            return targets
        share = batch.mixup.share[:, None]
        return targets * share + targets[batch.mixup.order] * (1 - share)

    @torch.no_grad()
    def update_teacher(self, step: int) -> None:
        """Move the teacher towards the student after optimiser step 0, 1, ..."""
        move = 1 - ema_decay(step, self.recipe.teacher.decay)
        pairs = [
            (mine, theirs)
            for mine, theirs in zip(
                self.teacher.state_dict().values(), self.student.state_dict().values(), strict=True
            )
            if mine.is_floating_point()
        ]
        torch._foreach_lerp_([mine for mine, _ in pairs], [theirs for _, theirs in pairs], move)
