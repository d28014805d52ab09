"""Student, teacher and distilled model: a batch (3 B, T, 100, 3) in, scalar losses out."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from signlet.model import Mixup, SignModel
from signlet.training.losses import consistency, soft_targets, without_hardest
from signlet.training.low_weights import LowWeights
from signlet.training.schedule import ema_decay
from signlet.training.settings import Recipe, group_size

VIEWS = ("student", "teacher", "distilled")
"""The three independently augmented views of a batch, in this order."""
TRAINED = ("student", "distilled")
"""Models that have an optimiser."""


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
    """Student, its moving average (teacher) and the distilled model."""

    def __init__(self, recipe: Recipe, num_classes: int) -> None:
        super().__init__()
        max_len = recipe.packing.max_len
        self.recipe = recipe
        self.num_classes = num_classes
        self.student = SignModel(recipe.student.config(max_len, num_classes))
        self.teacher = copy.deepcopy(self.student).requires_grad_(False)
        self.distilled = SignModel(recipe.distilled.config(max_len, num_classes))
        self.trained: dict[str, SignModel] = {name: getattr(self, name) for name in TRAINED}
        # Called instead of the trained models. (No child modules: they would be saved twice.)
        self._ddp_models: dict[str, nn.Module] = dict(self.trained)
        self._teacher: list[nn.Module] = [self.teacher]
        self._latest: tuple[Batch, Tensor] | None = None

    def wrap_models(self, wrap: Callable[[nn.Module], nn.Module]) -> None:
        """From now on wrap(model) is called in place of each trained model.

        wrap: gives the model itself, or one that averages its gradients over processes.
        """
        self._ddp_models = {name: wrap(model) for name, model in self.trained.items()}

    def lower_weights(self, wanted: bool = True) -> None:
        """From now on weights become bfloat16 all at once (`LowWeights`), or again one by one."""
        self.wrap_models(LowWeights if wanted else lambda model: model)
        self._teacher = [LowWeights(self.teacher) if wanted else self.teacher]

    def train(self, mode: bool = True) -> Task:
        """As usual, but the teacher always predicts as it would be used: without dropout."""
        super().train(mode)
        self.teacher.eval()
        return self

    def begin_epoch(self, share: float) -> None:
        """Tell the models how much of the training, 0 to 1, is over."""
        for model in (self.student, self.distilled):
            model.late_dropout.begin(share)

    @torch.no_grad()
    def teacher_logits(self, batch: Batch) -> Tensor | None:
        """The teacher's logits (B, K), None if no model learns from it."""
        if not self.recipe.teacher.enabled:
            return None
        logits: Tensor = self._teacher[0](*self._view("teacher", batch), batch.mixup)
        return logits

    def losses(
        self, name: str, batch: Batch, teacher_logits: Tensor | None, consistency_factor: float
    ) -> dict[str, Tensor]:
        """Losses of the student or the distilled model in one batch.

        consistency_factor: share of the consistency weight reached so far, 0 to 1.
        Returns scalars: `total` is to be minimised; `loss` and, where there are teacher_logits,
        `consistency` are its parts.
        """
        logits = self._ddp_models[name](*self._view(name, batch), batch.mixup)
        group = group_size(len(batch.labels), self.recipe.optimiser.group)
        of_each = F.cross_entropy(logits.float(), self._targets(batch), reduction="none")
        loss = without_hardest(of_each, self.recipe.loss.ousm, group)
        if teacher_logits is None:
            return {"total": loss, "loss": loss}
        consistency_loss = consistency(logits, teacher_logits)
        total = loss + self.recipe.teacher.weight * consistency_factor * consistency_loss
        return {"total": total, "loss": loss, "consistency": consistency_loss}

    def _view(self, name: str, batch: Batch) -> tuple[Tensor, Tensor]:
        view = VIEWS.index(name)
        return batch.frames.chunk(len(VIEWS))[view], batch.mask.chunk(len(VIEWS))[view]

    def _targets(self, batch: Batch) -> Tensor:
        """(B, K), mixed as the clips are; made once for both models."""
        latest = self._latest
        if latest is None or latest[0] is not batch:
            self._latest = latest = (batch, self._made_targets(batch))
        return latest[1]

    def _made_targets(self, batch: Batch) -> Tensor:
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
