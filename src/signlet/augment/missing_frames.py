"""Frames in which a point is missing, filled over time: frames (B, T, L, C) in and out."""

from __future__ import annotations

import torch
from torch import Tensor

from signlet.augment.where import numbered, on_cpu


def interpolate(frames: Tensor) -> Tensor:
    """Fill the missing frames of a point with the straight line between its neighbours in time.

    frames: (B, T, L, C) float32, NaN = not found or padding. A point counts as found in a
        frame where its x is there. What is missing before a point is first found or after it
        is last found stays missing, so padding is never filled.
    Returns `frames`, changed in place.
    """
    _, count, width, _ = frames.shape
    found = ~torch.isnan(frames[..., 0])
    every = found.transpose(1, 2).flatten(0, 1)
    series = numbered(len(every), frames.device)
    if on_cpu(frames):
        series = (_appearances(found) > 1).flatten().nonzero().squeeze(1)
        every = every.index_select(0, series)
    slots = numbered(count, frames.device)
    before, after = _neighbours(every)

    points = frames.flatten(0, 2)
    first = (series // width * (count * width) + series % width)[:, None]
    own, low, high = ((first + slot * width).flatten() for slot in (slots, before, after))
    if on_cpu(frames):
        missing = (before < after).flatten().nonzero().squeeze(1)
        own, low, high = (rows.index_select(0, missing) for rows in (own, low, high))
    share = ((own - low) / (high - low).clamp(min=1))[:, None]
    earlier, later = points.index_select(0, low), points.index_select(0, high)
    return points.index_copy_(0, own, earlier + (later - earlier) * share).view_as(frames)


def _appearances(found: Tensor) -> Tensor:
    """Count how often a point comes into sight: (B, T, L) -> (B, L); twice: frames are missing."""
    return (found[:, 1:] > found[:, :-1]).sum(1) + found[:, 0]


def _neighbours(found: Tensor) -> tuple[Tensor, Tensor]:
    """found (N, T) bool -> slots (N, T) before and after each missing frame.

    Where a point was found both are the slot itself, so interpolation changes nothing.
    """
    count = found.shape[1]
    slots = numbered(count, found.device)
    before = torch.where(found, slots, -1).cummax(1).values
    after = torch.where(found, slots, count).flip(1).cummin(1).values.flip(1)
    inner = (before >= 0) & (after < count)
    return torch.where(inner, before, slots), torch.where(inner, after, slots)
