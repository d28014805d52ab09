"""Missing values filled over time."""

from __future__ import annotations

import torch
from torch import Tensor


def interpolate(frames: Tensor) -> Tensor:
    """Fill each gap of a point with the straight line between its neighbours in time.

    frames: (B, T, L, C) float32, NaN = not found or padding. A point counts as found in a
        frame where its x is there. What is missing before a point is first found or after it
        is last found stays missing, so padding is never filled.
    """
    before, after, share = _neighbours(~torch.isnan(frames[..., 0]))
    earlier, later = _at(frames, before), _at(frames, after)
    return later.sub_(earlier).mul_(share.unsqueeze(3)).add_(earlier)


def _neighbours(found: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Between which two frames each point lies in time.

    found: (B, T, L) bool.
    Returns before and after, (B, T, L) int64 slots, and share (B, T, L) float32, how far the
    point is on the way. Outside the gaps both are the point's own slot and the share is 0,
    so that the line between them is the point as it was, found or not.
    """
    count = found.shape[1]
    slots = torch.arange(count, device=found.device)[:, None]
    before = torch.where(found, slots, -1).cummax(1).values
    after = torch.where(found, slots, count).flip(1).cummin(1).values.flip(1)
    inner = (before >= 0) & (after < count)
    before, after = torch.where(inner, before, slots), torch.where(inner, after, slots)
    return before, after, (slots - before) / (after - before).clamp(min=1)


def _at(frames: Tensor, slots: Tensor) -> Tensor:
    """frames (B, T, L, C) at slots (B, T, L) -> (B, T, L, C).

    Whole points are picked; `gather` would pick every coordinate by itself, three times
    slower.
    """
    clips, count, points = slots.shape
    clip = torch.arange(clips, device=frames.device)[:, None, None] * count
    rows = (slots + clip) * points + torch.arange(points, device=frames.device)
    return frames.flatten(0, 2).index_select(0, rows.flatten()).view_as(frames)
