"""Crop, mirror, turn and resize: frames (B, T, 100, 3) and their plan in, frames out."""

from __future__ import annotations

from functools import cache

import torch
from torch import Tensor

from signlet.augment.parts import fill_hand
from signlet.augment.plan import Plan
from signlet.augment.where import numbered
from signlet.landmarks import MIRROR_SELECTED


def move(frames: Tensor, plan: Plan, out: Tensor) -> None:
    """Fill hands, crop, mirror, turn and resize frames (B, T, 100, 3) into `out`.

    Cropping exchanges frames, filling and mirroring exchange points and negate x. The
    exchanges are one selection of points, and everything else is one linear map. It is
    written out instead of a matrix product, so that landmarks without z keep their x and y.
    """
    source, sign = _source_points(frames, plan)
    x, y, z = _gather(frames, plan.first, source)
    x *= sign[:, None]
    factors = torch.where(plan.kept, plan.linear.T[:, :, None], torch.nan)
    xx, xy, yx, yy, zz = factors[..., None]
    torch.add(x * xx, y * xy, out=out[..., 0])
    torch.add(x * yx, y * yy, out=out[..., 1])
    torch.mul(z, zz, out=out[..., 2])


def _source_points(frames: Tensor, plan: Plan) -> tuple[Tensor, Tensor]:
    """Find the source of each point, (B, 100) int64, and the sign of its x, (B, 100) float32.

    The sign is that of a filled hand; that of the flip is part of the linear map.
    """
    mirror = _mirror(frames.device)
    own = numbered(len(mirror), frames.device)
    filled = fill_hand(frames, plan.fill_hand) if plan.early else own.expand(len(frames), -1)
    sides = torch.where(plan.flip[:, None], mirror, own)
    sign = 1.0 - 2.0 * (filled != own).to(torch.float32)
    return filled.gather(1, sides), sign.gather(1, sides)


def _gather(frames: Tensor, first: Tensor, source: Tensor) -> list[Tensor]:
    """x, y and z (B, T, 100) from frame `first` (B,) on, of the points `source` (B, 100).

    Slots that become free at the end repeat the last frame.
    """
    clips, count, points, axes = frames.shape
    slots = (numbered(count, frames.device) + first[:, None]).clamp(max=count - 1)
    rows = torch.arange(0, clips * count, count, device=frames.device)[:, None] + slots
    elements = _narrow(rows * (points * axes))[:, :, None] + _narrow(source * axes)[:, None]
    values, picked = frames.flatten(), elements.flatten()
    return [values[axis:].index_select(0, picked).view_as(elements) for axis in range(axes)]


@cache
def _mirror(device: torch.device) -> Tensor:
    return torch.as_tensor(MIRROR_SELECTED, device=device)


def _narrow(numbers: Tensor) -> Tensor:
    """Half the memory to go through; a batch has far fewer than 2**31 numbers."""
    return numbers.to(torch.int32)
