"""DeBERTa-v2's disentangled self-attention for short clips, without gathers.

Score of frame i looking at frame j (He et al. 2021, arXiv:2006.03654, with shared keys):
``(q_i . k_j + q_i . kr[i-j] + k_j . qr[i-j]) / sqrt(3 d)`` where kr and qr are the key and
query projections of a table of relative positions. The term with kr is a matrix (T, 2T-1)
per head whose row i must be shifted by i; a shift by one per row is a view of the flat
matrix with rows one shorter, so no index is ever gathered.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def relative_buckets(length: int, buckets: int) -> Tensor:
    """Row of the position table for every distance.

    Distances below half of `buckets` have a row each, larger ones share rows in
    logarithmic steps (DeBERTa-v2's log buckets with as many positions as buckets).
    Returns (2 length - 1,) int64: entry k is the row for distance length - 1 - k, in
    0 .. 2 buckets - 1.
    """
    distance = torch.arange(length - 1, -length, -1)
    half = buckets // 2
    size = distance.abs()
    if buckets - 1 <= half or length - 1 <= half:
        return (distance + buckets).clamp(0, 2 * buckets - 1)
    steps = torch.log(size.clamp(min=half) / half) / math.log((buckets - 1) / half) * (half - 1)
    far = torch.ceil(steps).to(torch.int64) + half
    row = torch.where(size <= half, distance, far * distance.sign()) + buckets
    return row.clamp(0, 2 * buckets - 1)


def shift_rows(scores: Tensor) -> Tensor:
    """(..., T, 2T-1) by place k -> (..., T, T) by frame j, where k = j - i + T - 1. A view."""
    length = scores.shape[-2]
    flat = scores.flatten(-2)[..., length - 1 : -1]
    return flat.unflatten(-1, (length, 2 * length - 2))[..., :length]


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
        buckets = relative_buckets(max_len, max_len)
        self.register_buffer("_buckets", buckets, persistent=False)

    def forward(self, hidden: Tensor, mask: Tensor) -> Tensor:
        """hidden (B, T, D), mask (B, T) bool, True = real frame -> (B, T, D)."""
        batch, length, width = hidden.shape
        qkv = self.qkv(hidden).view(batch, length, 3, self.heads, width // self.heads)
        query, key, value = qkv.permute(2, 0, 3, 1, 4).unbind()
        bias = torch.zeros_like(mask, dtype=query.dtype).masked_fill(~mask, -1e4)
        bias = bias[:, None, None, :]
        if self.disentangled and length > 1:
            bias = bias + self._position_scores(query, key)
        elif self.disentangled:
            bias = bias + self._same_place_scores(query, key)
        out = F.scaled_dot_product_attention(query, key, value, bias, scale=self.scale)
        return out.transpose(1, 2).reshape(batch, length, width)

    def _tables(self, length: int) -> tuple[Tensor, Tensor]:
        """Scaled query and key projections of the positions: (H, 2T-1, d) each."""
        first = self.max_len - length
        rows = self._buckets[first : first + 2 * length - 1]
        table = F.embedding(rows, self.positions_norm(self.positions.weight))
        width = table.shape[1]
        weight, bias = self.qkv.weight[: 2 * width], self.qkv.bias[: 2 * width]
        projected = F.linear(table, weight * self.scale, bias * self.scale)
        query, key = projected.unflatten(1, (2, self.heads, -1)).permute(1, 2, 0, 3)
        return query, key

    def _position_scores(self, query: Tensor, key: Tensor) -> Tensor:
        """(B, H, T, d) queries and keys -> (B, H, T, T) scaled position terms."""
        position_query, position_key = self._tables(query.shape[2])
        to_position = shift_rows(_per_head(query, position_key))
        from_position = shift_rows(_per_head(key, position_query.flip(1)))
        return to_position + from_position.transpose(2, 3)

    def _same_place_scores(self, query: Tensor, key: Tensor) -> Tensor:
        """The same for clips of one frame, where there is nothing to shift."""
        position_query, position_key = self._tables(1)
        return _per_head(query, position_key) + _per_head(key, position_query)


def _per_head(content: Tensor, table: Tensor) -> Tensor:
    """(B, H, T, d) x (H, R, d) -> (B, H, T, R), one product a head for the whole batch."""
    batch, heads, length, size = content.shape
    rows = content.transpose(0, 1).reshape(heads, batch * length, size)
    scores = torch.bmm(rows, table.transpose(1, 2))
    return scores.view(heads, batch, length, -1).transpose(0, 1)
