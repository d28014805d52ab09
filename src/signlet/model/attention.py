"""The attention that runs: hidden (B, T, D) and mask (B, T) in, (B, T, D) out, without a gather.

Same numbers as `reference.attend`, otherwise: there every head of every clip gathers the row of
each pair of frames. Here the products of all q_i with all rows of kr, sorted by distance, are one
matrix (T, 2T) per head whose row i must be shifted by i, which is a view (`shift_rows`); on a CPU
`attention_cpu` adds a written-out gradient. Measured: 1.1 to 2.0 times as fast as with
gathers (benchmarks/results/attention_speed.csv).
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

from signlet.model.attention_cpu import CpuAttention
from signlet.model.real_frames import RealFrames
from signlet.model.relative_positions import relative_buckets, shift_rows


class DisentangledAttention(nn.Module):
    """Multi-head self-attention with relative positions in both directions."""

    _rows: Tensor

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
        self.register_buffer("_rows", _table_rows(max_len), persistent=False)

    def forward(self, hidden: Tensor, mask: Tensor, real: RealFrames | None = None) -> Tensor:
        """hidden (B, T, D), mask (B, T) bool, True = real frame -> (B, T, D).

        real: of the mask; hidden then is (N, D), and so is the answer.
        """
        qkv = self.qkv(hidden)
        if real is not None:
            qkv = real.unpack(qkv)
        mixed = self._mixed(qkv.unflatten(2, (3, self.heads, -1)), mask)
        return mixed if real is None else real.take(mixed)

    def _mixed(self, qkv: Tensor, mask: Tensor) -> Tensor:
        """qkv (B, T, 3, H, d) -> (B, T, D)."""
        bias = (~mask * -1e4).unsqueeze(1)
        if self.disentangled:
            tables = self.position_tables(mask.shape[1])
            if qkv.device.type == "cpu" and not torch.compiler.is_compiling():
                out: Tensor = CpuAttention.apply(qkv, tables, bias, self.scale)
                return out
        query, key, value = (part.transpose(1, 2) for part in qkv.unbind(2))
        bias = bias.unsqueeze(1)
        if self.disentangled:
            bias = _PositionScores.apply(query, key, tables, bias)
        else:
            bias = bias.to(query.dtype)
        mixed = F.scaled_dot_product_attention(query, key, value, bias, scale=self.scale)
        return mixed.transpose(1, 2).flatten(2)

    def position_tables(self, length: int) -> Tensor:
        """Scaled keys and (in reverse) queries of the positions, (2, H, 2T, d).

        Row k of the keys has distance T - 1 - k, row k of the queries k - T + 1.
        """
        # Values have no positions; to leave their third of the product out would cost more.
        # Views, for autocast keeps the cast of a parameter until any thread leaves it: whether two
        # uses share a cast, and so how their gradients are rounded, would be a matter of chance.
        weight, bias = (part.view_as(part) for part in (self.qkv.weight, self.qkv.bias))
        normed = self.positions_norm(self.positions.weight)
        projected = F.linear(normed, weight, bias) * self.scale
        rows = self._rows.narrow(1, self.max_len - length, 2 * length)
        table = F.embedding(rows, projected.unflatten(1, (3, -1)).flatten(0, 1))
        return table.unflatten(2, (self.heads, -1)).transpose(1, 2).contiguous()


def _table_rows(max_len: int) -> Tensor:
    """(2, 2 max_len) int64: of keys by distance, and of queries in reverse.

    Row 3 k of the projected positions is the query of row k of the table, row 3 k + 1 its key.
    """
    buckets = relative_buckets(max_len, max_len)
    return torch.stack([3 * buckets[1:] + 1, 3 * buckets[:-1].flip(0)])


class _PositionScores(torch.autograd.Function):
    """Both position terms and the mask, in few operations; autograd clears and adds many views."""

    @staticmethod
    def forward(ctx: Any, query: Tensor, key: Tensor, tables: Tensor, bias: Tensor) -> Tensor:
        """query, key (B, H, T, d), tables (2, H, 2T, d), bias (B, 1, 1, T) -> (B, H, T, T)."""
        content = torch.stack([query.transpose(0, 1), key.transpose(0, 1)])
        length = content.shape[3]
        products = torch.bmm(_by_head(content), tables.flatten(0, 1).mT)
        shifted = shift_rows(products.view(*content.shape[:4], 2 * length))
        # Fused attention wants rows that begin at multiples of 8 numbers.
        rows = content.new_empty(*content.shape[1:4], -(-length // 8) * 8).narrow(3, 0, length)
        rows.copy_(shifted[0]).add_(shifted[1].mT).add_(bias.transpose(0, 1))
        ctx.save_for_backward(content, tables)
        return rows.transpose(0, 1)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor, Tensor, None]:
        """grad (B, H, T, T) -> the gradients of query, key and tables, as large as these."""
        content, tables = ctx.saved_tensors
        length = content.shape[3]
        wide = content.new_zeros(*content.shape[:4], 2 * length)
        grad, shifted = grad.transpose(0, 1), shift_rows(wide)
        shifted[0].copy_(grad)
        shifted[1].copy_(grad.mT)
        of_rows = _by_head(wide)
        grad_content = torch.bmm(of_rows, tables.flatten(0, 1)).view(content.shape)
        grad_tables = torch.bmm(of_rows.mT, _by_head(content)).view(tables.shape)
        query, key = grad_content.transpose(1, 2)
        return query, key, grad_tables, None


def _by_head(content: Tensor) -> Tensor:
    """(2, H, B, T, d) -> (2 H, B T, d)."""
    return content.flatten(2, 3).flatten(0, 1)
