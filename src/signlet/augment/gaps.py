"""Missing values filled over time."""

from __future__ import annotations

import torch
from torch import Tensor

from signlet.augment.chosen import on_chosen


def interpolate(frames: Tensor) -> Tensor:
    """Fill each gap of a point with the straight line between its neighbours in time.

    frames: (B, T, L, C) float32, NaN = not found or padding. A point counts as found in a
        frame where its x is there. What is missing before a point is first found or after it
        is last found stays missing, so padding is never filled.
    """
    points = frames.flatten(0, 2)
    rows, before, after, gaps = _neighbours(~torch.isnan(frames[..., 0]))

    def line(_: Tensor, own: Tensor, before: Tensor, after: Tensor) -> Tensor:
        share = (own - before) / (after - before)
        earlier = points.index_select(0, before.clamp(min=0))
        later = points.index_select(0, after.clamp(max=len(points) - 1))
        return earlier + (later - earlier) * share[:, None]

    return on_chosen(gaps, line, points, rows, before, after).view_as(frames)


def _neighbours(found: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Where each point was found last and is found next.

    found: (B, T, L) bool; its elements are counted from 0 to B * T * L, a point's next frame
        lies L further.
    Returns, each (B * T * L,): own, before and after, int32 numbers of elements (before is -1
    and after B * T * L where there is none), and gaps, bool, True where the element is
    missing between two that are found.
    """
    total = found.numel()
    own = torch.arange(total, device=found.device, dtype=torch.int32).view_as(found)
    before = torch.where(found, own, -1).cummax(1).values
    after = torch.where(found, own, total).flip(1).cummin(1).values.flip(1)
    gaps = ~found & (before >= 0) & (after < total)
    return own.flatten(), before.flatten(), after.flatten(), gaps.flatten()
