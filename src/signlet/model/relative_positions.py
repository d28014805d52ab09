"""Relative positions without a gather: rows of the table (2T + 1,), scores (T, 2T) to (T, T).

`reference.relative_positions` has a row for each pair of frames. Here is one for each distance,
and `shift_rows` brings scores by distance to scores by frame as a view of the same memory.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor


def relative_buckets(length: int, buckets: int) -> Tensor:
    """Find the row of the position table for every distance.

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
    """(..., T, 2T) by distance k -> (..., T, T) by frame j, where k = j - i + T - 1. A view."""
    length = scores.shape[-2]
    flat = scores.flatten(-2).narrow(-1, length - 1, length * (2 * length - 1))
    return flat.unflatten(-1, (length, 2 * length - 1)).narrow(-1, 0, length)
