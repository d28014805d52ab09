"""DeBERTa-v2's disentangled self-attention for short clips, without gathers.

Score of frame i looking at frame j (He et al. 2021, arXiv:2006.03654, with shared keys):
``(q_i . k_j + q_i . kr[i-j] + k_j . qr[i-j]) / sqrt(3 d)`` where kr and qr are the key and
query projections of a table of relative positions. The products of all q_i with all rows of
kr are a matrix (T, 2T) per head whose row i must be shifted by i; a shift by one per row is
a view of the flat matrix with rows one shorter, so no index is ever gathered.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

_SCRATCH = 1 << 20
"""Numbers that the scores by place of one group of heads may fill on a CPU (4 MB)."""


def relative_buckets(length: int, buckets: int) -> Tensor:
    """Row of the position table for every distance.

    Distances up to half of `buckets` have a row each, larger ones share rows in
    logarithmic steps (DeBERTa-v2's log buckets with as many positions as buckets).
    Returns (2 length + 1,) int64: entry k is the row for distance length - k, in
    0 .. 2 buckets - 1.
    """
    distance = torch.arange(length, -length - 1, -1)
    half = buckets // 2
    size = distance.abs()
    if buckets - 1 <= half:
        return (distance + buckets).clamp(0, 2 * buckets - 1)
    # In float64 the largest distance's share of the logarithms is 1 and not a little more.
    share = torch.log(size.double().clamp(min=half) / half) / math.log((buckets - 1) / half)
    far = torch.ceil(share * (half - 1)).to(torch.int64) + half
    row = torch.where(size <= half, distance, far * distance.sign()) + buckets
    return row.clamp(0, 2 * buckets - 1)


def shift_rows(scores: Tensor) -> Tensor:
    """(..., T, 2T) by place k -> (..., T, T) by frame j, where k = j - i + T - 1. A view."""
    length = scores.shape[-2]
    flat = scores.flatten(-2).narrow(-1, length - 1, length * (2 * length - 1))
    return flat.unflatten(-1, (length, 2 * length - 1)).narrow(-1, 0, length)


class DisentangledAttention(nn.Module):
    """Multi-head self-attention with relative positions in both directions."""

    _buckets: Tensor

    def __init__(self, width: int, heads: int, max_len: int, disentangled: bool = True) -> None:
        super().__init__()
        self.heads = heads
        self.max_len = max_len
        self.qkv = nn.Linear(width, 3 * width)
        self.disentangled = disentangled
        self.scale = 1 / math.sqrt((3 if disentangled else 1) * (width // heads))
        if disentangled:
            self.positions = nn.Embedding(2 * max_len, width)
            self.positions_norm = nn.LayerNorm(width, eps=1e-7)
        self.register_buffer("_buckets", relative_buckets(max_len, max_len), persistent=False)

    def forward(self, hidden: Tensor, mask: Tensor) -> Tensor:
        """hidden (B, T, D), mask (B, T) bool, True = real frame -> (B, T, D)."""
        qkv = self.qkv(hidden).unflatten(2, (3, self.heads, -1))
        bias = torch.zeros_like(mask, dtype=qkv.dtype).masked_fill(~mask, -1e4).unsqueeze(1)
        if not self.disentangled:
            return _attend(qkv, bias.unsqueeze(1), self.scale)
        tables = self.position_tables(mask.shape[1])
        if hidden.device.type == "cpu" and not torch.compiler.is_compiling():
            out: Tensor = _CpuAttention.apply(qkv, tables, bias, self.scale)
            return out
        bias = bias.unsqueeze(1) + _position_scores(qkv, tables)
        return _attend(qkv, bias, self.scale)

    def position_tables(self, length: int) -> Tensor:
        """Scaled keys and (in reverse) queries of the positions, (2, H, 2T, d).

        Place k of the keys has distance T - 1 - k, place k of the queries k - T + 1.
        """
        rows = self._buckets.narrow(0, self.max_len - length, 2 * length + 1)
        table = F.embedding(rows, self.positions_norm(self.positions.weight))
        weight, bias = (p[: 2 * table.shape[1]] for p in (self.qkv.weight, self.qkv.bias))
        projected = F.linear(table, weight, bias) * self.scale
        query, key = projected.unflatten(1, (2, self.heads, -1)).permute(1, 2, 0, 3)
        return torch.stack([key[:, 1:], query[:, :-1].flip(1)])


def _attend(qkv: Tensor, bias: Tensor, scale: float) -> Tensor:
    """qkv (B, T, 3, H, d), bias (B, 1 or H, 1 or T, T) -> (B, T, D)."""
    query, key, value = qkv.permute(2, 0, 3, 1, 4).unbind()
    out = F.scaled_dot_product_attention(query, key, value, bias, scale=scale)
    return out.transpose(1, 2).flatten(2)


def _position_scores(qkv: Tensor, tables: Tensor) -> Tensor:
    """Both position terms, (B, H, T, T), of qkv (B, T, 3, H, d) and tables (2, H, 2T, d)."""
    batch, length, _, heads, size = qkv.shape
    content = qkv[:, :, :2].permute(2, 3, 0, 1, 4).reshape(2 * heads, batch * length, size)
    products = torch.bmm(content, tables.flatten(0, 1).transpose(1, 2))
    shifted = shift_rows(products.view(2, heads, batch, length, 2 * length))
    return (shifted[0] + shifted[1].transpose(2, 3)).transpose(0, 1)


class _CpuAttention(torch.autograd.Function):
    """The same on a CPU, with a written-out gradient.

    There, torch has no fused attention whose bias has a gradient, and autograd clears and
    copies a matrix for every view. The heads go through in groups, so that what is needed
    only on the way stays in the cache.
    """

    @staticmethod
    def forward(ctx: Any, qkv: Tensor, tables: Tensor, bias: Tensor, scale: float) -> Tensor:
        """qkv (B, T, 3, H, d), tables (2, H, 2T, d), bias (B, 1, T) -> (B, T, D)."""
        content = qkv.permute(2, 3, 0, 1, 4).contiguous()
        _, heads, batch, length, size = content.shape
        out = content.new_empty(batch, length, heads, size)
        shares = []
        for group in _groups(content):
            scores = _scores(content[:2, group], tables[:, group], scale)
            scores.unflatten(0, (-1, batch)).add_(bias)
            share = torch.softmax(scores, -1)
            mixed = torch.bmm(share, content[2, group].flatten(0, 1))
            out.permute(2, 0, 1, 3)[group] = mixed.unflatten(0, (-1, batch))
            if ctx.needs_input_grad[0]:
                shares.append(share)
        ctx.save_for_backward(content, tables, *shares)
        ctx.scale = scale
        return out.flatten(2)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor, None, None]:
        content, tables, *shares = ctx.saved_tensors
        _, heads, batch, length, size = content.shape
        grad = grad.unflatten(2, (heads, size)).permute(2, 0, 1, 3).contiguous()
        grad_qkv = content.new_empty(batch, length, 3, heads, size)
        by_head = grad_qkv.permute(2, 3, 0, 1, 4)
        grad_tables = torch.empty_like(tables)
        for group, share in zip(_groups(content), shares, strict=True):
            value, grad_out = content[2, group].flatten(0, 1), grad[group].flatten(0, 1)
            by_head[2, group] = torch.bmm(share.mT, grad_out).unflatten(0, (-1, batch))
            grad_share = torch.bmm(grad_out, value.mT)
            grad_scores = torch._softmax_backward_data(grad_share, share, -1, share.dtype)
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
    by_place = torch.bmm(content[0].flatten(1, 2), tables[0].mT)
    shifted = shift_rows(by_place.view(-1, length, 2 * length))
    scores = torch.baddbmm(shifted, query, key.mT, alpha=scale)
    torch.bmm(content[1].flatten(1, 2), tables[1].mT, out=by_place)
    return scores.add_(shifted.mT)


def _scores_backward(
    grad: Tensor, content: Tensor, tables: Tensor, scale: float
) -> tuple[Tensor, Tensor]:
    """Gradients of `_scores`' content and tables; grad is (H B, T, T)."""
    query, key = content.flatten(1, 2)
    length = query.shape[1]
    wide = grad.new_zeros(len(query), length, 2 * length)
    by_place = wide.view(content.shape[1], -1, 2 * length)
    grad_content, grad_tables = torch.empty_like(content), torch.empty_like(tables)
    for side, (towards, other) in enumerate(((grad, key), (grad.mT, query))):
        shift_rows(wide).copy_(towards)
        torch.bmm(by_place, tables[side], out=grad_content[side].flatten(1, 2))
        torch.bmm(by_place.mT, content[side].flatten(1, 2), out=grad_tables[side])
        grad_content[side].flatten(0, 1).baddbmm_(towards, other, alpha=scale)
    return grad_content, grad_tables
