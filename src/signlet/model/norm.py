"""BatchNorm of all processes' real frames: rows (N, D), which are real (N,) in, (N, D) out."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, distributed, nn


class _Sum(torch.autograd.Function):
    """Sum over all processes; so is its gradient."""

    @staticmethod
    def forward(ctx: Any, values: Tensor) -> Tensor:
        return _summed(values)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Tensor:
        return _summed(grad)


def _summed(values: Tensor) -> Tensor:
    total = values.detach().clone(memory_format=torch.contiguous_format)
    distributed.all_reduce(total)
    return total


def _weighted(rows: Tensor, weight: Tensor | None) -> Tensor:
    return (rows if weight is None else rows * weight).sum(0)


class FrameNorm(nn.BatchNorm1d):
    """BatchNorm of (N, D) rows, one row a frame.

    In training the statistics are those of the real rows of all processes, so that several
    processes with a part of the batch each do what one does with the whole batch.
    """

    def forward(self, rows: Tensor, real: Tensor | None = None) -> Tensor:
        """real: (N,) bool, rows that count; None: all."""
        shared = distributed.is_initialized() and distributed.get_world_size() > 1
        if not self.training or (real is None and not shared):
            normed: Tensor = super().forward(rows)
            return normed
        rows = rows.to(self.weight.dtype)  # statistics are never in bfloat16
        weight = None if real is None else real.to(rows.dtype).unsqueeze(1)
        counted = rows.new_full((1,), len(rows)) if weight is None else weight.sum(0)
        total = torch.cat([_weighted(rows, weight), counted])
        total = _Sum.apply(total) if shared else total
        count = total[-1].detach().clamp(min=1)
        centred = rows - total[:-1] / count
        spread = _weighted(centred.square(), weight)
        variance = (_Sum.apply(spread) if shared else spread) / count
        self._remember(total[:-1].detach() / count, variance.detach(), count)
        return centred * (variance + self.eps).rsqrt() * self.weight + self.bias

    @torch.no_grad()
    def _remember(self, mean: Tensor, variance: Tensor, count: Tensor) -> None:
        """Move the running statistics; torch keeps the unbiased variance there."""
        if self.running_mean is None or self.running_var is None or self.momentum is None:
            return
        unbiased = variance * count / (count - 1).clamp(min=1)
        self.running_mean.lerp_(mean, self.momentum)
        self.running_var.lerp_(unbiased, self.momentum)
        if self.num_batches_tracked is not None:
            self.num_batches_tracked.add_(1)
