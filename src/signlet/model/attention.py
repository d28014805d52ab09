"""The attention that runs: hidden (B, T, D) and mask (B, T) in, (B, T, D) out, without a gather.

Same numbers as `reference.attend`, otherwise: there every head of every clip gathers the row of
each pair of frames. Here the products of all q_i with all rows of kr, sorted by distance, are one
matrix (T, 2T) per head whose row i must be shifted by i, which is a view (`shift_rows`); on a CPU
`attention_cpu` adds a written-out gradient. Measured: 1.1 to 2.0 times as fast as with
gathers (benchmarks/results/attention_speed.csv).
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from signlet.model.attention_cpu import CpuAttention
from signlet.model.relative_positions import relative_buckets, shift_rows


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
            out: Tensor = CpuAttention.apply(qkv, tables, bias, self.scale)
            return out
        bias = bias.unsqueeze(1) + _position_scores(qkv, tables)
        return _attend(qkv, bias, self.scale)

    def position_tables(self, length: int) -> Tensor:
        """Scaled keys and (in reverse) queries of the positions, (2, H, 2T, d).

        Row k of the keys has distance T - 1 - k, row k of the queries k - T + 1.
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
