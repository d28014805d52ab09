"""Where the points lie and which frames stay: crop, mirror, turn and resize."""

from __future__ import annotations

from functools import cache

import torch
from torch import Tensor

from signlet.augment.chosen import on_chosen
from signlet.augment.plan import Plan
from signlet.landmarks import MIRROR_SELECTED


def move(frames: Tensor, plan: Plan, out: Tensor) -> None:
    """Crop, mirror, turn and resize frames (B, T, 100, 3) into `out` of the same shape.

    Cropping and half of mirroring exchange frames and points; what changes a value, negating
    x included, is one linear map.
    """
    frames = on_chosen(plan.flip, swap_sides, _from_frame(frames, plan.first))
    _transform(frames, plan.kept, plan.linear, out)


def swap_sides(frames: Tensor) -> Tensor:
    """(B, T, 100, C) with left and right points exchanged."""
    return frames.index_select(2, _mirror(frames.device))


@cache
def _mirror(device: torch.device) -> Tensor:
    return torch.as_tensor(MIRROR_SELECTED, device=device)


def _from_frame(frames: Tensor, first: Tensor) -> Tensor:
    """frames (B, T, L, C) from frame `first` (B,) on; the slots left over repeat the last."""
    clips, count = frames.shape[:2]
    slots = (torch.arange(count, device=frames.device) + first[:, None]).clamp(max=count - 1)
    rows = torch.arange(0, clips * count, count, device=frames.device)[:, None] + slots
    return frames.flatten(0, 1).index_select(0, rows.flatten()).view_as(frames)


def _transform(frames: Tensor, kept: Tensor, linear: Tensor, out: Tensor) -> None:
    """Apply the map (B, 5) to (B, T, L, 3) frames; the frames that are not kept become NaN.

    Written out instead of a matrix product, so that landmarks without z keep their x and y.
    Taking x, y and z apart first is faster than computing in steps of three.
    """
    x, y, z = frames.permute(3, 0, 1, 2).contiguous()
    factors = torch.where(kept, linear.T[:, :, None], torch.nan)
    xx, xy, yx, yy, zz = factors[..., None]
    torch.add(x * xx, y * xy, out=out[..., 0])
    torch.add(x * yx, y * yy, out=out[..., 1])
    torch.mul(z, zz, out=out[..., 2])
