"""BatchNorm of all processes' real frames: rows (N, D), which are real (N,) in, (N, D) out.

Where padding has rows too, or several processes share a batch, the gradient is written out: a
third of the operations that autograd would make of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, distributed, nn


@dataclass(frozen=True)
class Counted:
    """Weights of the rows in batch statistics; the same for all norms of a batch.

    share: (N, 1) float, 1 / n for each of the n real rows of all processes, else 0.
    unbiased: (1,) n / (n - 1).
    """

    share: Tensor
    unbiased: Tensor

    @classmethod
    def of(cls, real: Tensor, dtype: torch.dtype) -> Counted:
        """real: (N,) bool, rows that count; dtype: of the norms' weights."""
        weight = real.to(dtype).unsqueeze(1)
        count = _summed(weight.sum(0)).clamp(min=1)
        return cls(weight / count, count / (count - 1).clamp(min=1))


def shared() -> bool:
    """True where several processes work on each batch."""
    return distributed.is_initialized() and distributed.get_world_size() > 1


def _summed(values: Tensor) -> Tensor:
    """Sum over all processes."""
    if not shared():
        return values
    total = values.detach().clone(memory_format=torch.contiguous_format)
    distributed.all_reduce(total)
    return total


class _Normed(torch.autograd.Function):
    """(rows - mean) / deviation * weight + bias, and the mean and variance (D,) of the columns."""

    @staticmethod
    def forward(
        ctx: Any, rows: Tensor, weight: Tensor, bias: Tensor, share: Tensor, eps: float
    ) -> tuple[Tensor, Tensor, Tensor]:
        mean = _summed((rows * share).sum(0))
        centred = rows - mean
        variance = _summed((centred * share).mul_(centred).sum(0))
        inverse = (variance + eps).rsqrt()
        scale = inverse * weight
        ctx.save_for_backward(centred, share, inverse, scale)
        ctx.mark_non_differentiable(mean, variance)
        return torch.addcmul(bias, centred, scale), mean, variance

    @staticmethod
    def backward(ctx: Any, grad: Tensor, *_: Tensor) -> tuple[Tensor, Tensor, Tensor, None, None]:
        centred, share, inverse, scale = ctx.saved_tensors
        grad_bias, grad_weight = grad.sum(0), (grad * centred).sum(0) * inverse
        total, along = grad_bias, grad_weight
        if shared():
            total, along = _summed(torch.stack([total, along]))
        common = torch.addcmul(total, centred, along * inverse)
        grad_rows = torch.addcmul(grad, common, share, value=-1).mul_(scale)
        return grad_rows, grad_weight, grad_bias, None, None


class FrameNorm(nn.BatchNorm1d):
    """BatchNorm of (N, D) rows, one row a frame.

    In training the statistics are those of the real rows of all processes, so that several
    processes with a part of the batch each do what one does with the whole batch.
    """

    def forward(self, rows: Tensor, counted: Counted | None = None) -> Tensor:
        """counted: of the rows; None: all rows are real."""
        if not self.training or (counted is None and not shared()):
            normed: Tensor = super().forward(rows)
            return normed
        return side_by_side([self], rows, counted)


def side_by_side(norms: Sequence[FrameNorm], rows: Tensor, counted: Counted | None) -> Tensor:
    """In training: several norms, each of its own columns of the rows (N, all D), as one."""
    weight, bias = _joined([norm.weight for norm in norms]), _joined([norm.bias for norm in norms])
    rows = rows.to(weight.dtype)  # statistics are never in bfloat16
    if counted is None:
        counted = Counted.of(rows.new_ones(len(rows), dtype=torch.bool), rows.dtype)
    normed: Tensor
    normed, mean, variance = _Normed.apply(rows, weight, bias, counted.share, norms[0].eps)
    _remember(norms, mean, variance * counted.unbiased)
    return normed


def _joined(parts: list[Tensor]) -> Tensor:
    return parts[0] if len(parts) == 1 else torch.cat(parts)


@torch.no_grad()
def _remember(norms: Sequence[FrameNorm], mean: Tensor, unbiased: Tensor) -> None:
    """Move the running statistics; torch keeps the unbiased variance there."""
    widths = [norm.num_features for norm in norms]
    running = [norm.get_buffer(name) for name in ("running_mean", "running_var") for norm in norms]
    towards = [*mean.split(widths), *unbiased.split(widths)]
    torch._foreach_lerp_(running, towards, norms[0].momentum or 0.0)
    torch._foreach_add_([norm.get_buffer("num_batches_tracked") for norm in norms], 1)
