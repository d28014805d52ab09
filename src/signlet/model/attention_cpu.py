"""Disentangled attention on a CPU: qkv (B, T, 3, H, d), tables (2, H, 2T, d) in, (B, T, D) out.

Same numbers as `reference.attend`, otherwise: the gradient is written out, since on a CPU torch has
no fused attention whose bias has a gradient, and autograd clears and copies a matrix for every
view; the heads go through in groups, so that what is needed only on the way stays in the cache.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from signlet.model.relative_positions import shift_rows

_SCRATCH = 1 << 20
"""Numbers that the scores by distance of one group of heads may fill on a CPU (4 MB)."""


class CpuAttention(torch.autograd.Function):
    """Softmax of all three terms times the values, forward and backward."""

    @staticmethod
    def forward(ctx: Any, qkv: Tensor, tables: Tensor, bias: Tensor, scale: float) -> Tensor:
        """qkv (B, T, 3, H, d), tables (2, H, 2T, d), bias (B, 1, T) -> (B, T, D)."""
        content = qkv.permute(2, 3, 0, 1, 4).contiguous()
        _, heads, batch, length, size = content.shape
        out = content.new_empty(batch, length, heads, size)
        weights = []
        for group in _groups(content):
            scores = _scores(content[:2, group], tables[:, group], scale)
            scores.unflatten(0, (-1, batch)).add_(bias)
            weight = torch.softmax(scores, -1)
            mixed = torch.bmm(weight, content[2, group].flatten(0, 1))
            out.permute(2, 0, 1, 3)[group] = mixed.unflatten(0, (-1, batch))
            if ctx.needs_input_grad[0]:
                weights.append(weight)
        ctx.save_for_backward(content, tables, *weights)
        ctx.scale = scale
        return out.flatten(2)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor, None, None]:
        """grad (B, T, D) -> the gradients of qkv and tables, as large as these."""
        content, tables, *weights = ctx.saved_tensors
        _, heads, batch, length, size = content.shape
        grad = grad.unflatten(2, (heads, size)).permute(2, 0, 1, 3).contiguous()
        grad_qkv = content.new_empty(batch, length, 3, heads, size)
        by_head = grad_qkv.permute(2, 3, 0, 1, 4)
        grad_tables = torch.empty_like(tables)
        for group, weight in zip(_groups(content), weights, strict=True):
            value, grad_out = content[2, group].flatten(0, 1), grad[group].flatten(0, 1)
            by_head[2, group] = torch.bmm(weight.mT, grad_out).unflatten(0, (-1, batch))
            grad_weight = torch.bmm(grad_out, value.mT)
            grad_scores = torch._softmax_backward_data(grad_weight, weight, -1, weight.dtype)
            by_head[:2, group], grad_tables[:, group] = _scores_backward(
                grad_scores, content[:2, group], tables[:, group], ctx.scale
            )
        return grad_qkv, grad_tables, None, None


def _groups(content: Tensor) -> list[slice]:
    """Slices of the heads of (3, H, B, T, d)."""
    _, heads, batch, length, _ = content.shape
    size = max(1, _SCRATCH // (2 * batch * length * length))
    return [slice(first, first + size) for first in range(0, heads, size)]


def _scores(content: Tensor, tables: Tensor, scale: float) -> Tensor:
    """Queries and keys (2, H, B, T, d), tables (2, H, 2T, d) -> (H B, T, T), without the mask."""
    query, key = content.flatten(1, 2)
    length = query.shape[1]
    by_distance = torch.bmm(content[0].flatten(1, 2), tables[0].mT)
    shifted = shift_rows(by_distance.view(-1, length, 2 * length))
    scores = torch.baddbmm(shifted, query, key.mT, alpha=scale)
    torch.bmm(content[1].flatten(1, 2), tables[1].mT, out=by_distance)
    return scores.add_(shifted.mT)


def _scores_backward(
    grad: Tensor, content: Tensor, tables: Tensor, scale: float
) -> tuple[Tensor, Tensor]:
    """Gradients of `_scores`' content and tables; grad is (H B, T, T)."""
    query, key = content.flatten(1, 2)
    length = query.shape[1]
    wide = grad.new_zeros(len(query), length, 2 * length)
    by_distance = wide.view(content.shape[1], -1, 2 * length)
    grad_content, grad_tables = torch.empty_like(content), torch.empty_like(tables)
    for side, (towards, other) in enumerate(((grad, key), (grad.mT, query))):
        shift_rows(wide).copy_(towards)
        torch.bmm(by_distance, tables[side], out=grad_content[side].flatten(1, 2))
        torch.bmm(by_distance.mT, content[side].flatten(1, 2), out=grad_tables[side])
        grad_content[side].flatten(0, 1).baddbmm_(towards, other, alpha=scale)
    return grad_content, grad_tables
