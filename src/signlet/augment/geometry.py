"""Where the points lie: mirrored, turned, resized; and which frames are kept."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from signlet.augment.config import AugmentConfig
from signlet.augment.draws import Draws
from signlet.landmarks import MIRROR_SELECTED


def move(
    frames: Tensor, mask: Tensor, config: AugmentConfig, draws: Draws
) -> tuple[Tensor, Tensor]:
    """Crop, mirror, turn and resize.

    frames: (B, T, 100, 3), NaN = not found or padding; mask: (B, T) bool, real frames first.
    Mirroring exchanges points and negates x, cropping exchanges frames: both exchanges are
    one selection of points, and everything that changes a value is one linear map.
    """
    flipped = draws.chance("flip", config.flip)
    first, kept = _draw_crop(mask, config, draws)
    chosen = _choose(frames, first, _sides(flipped))
    return _transform(chosen, kept, _draw_map(flipped, config, draws)), kept


def _draw_crop(mask: Tensor, config: AugmentConfig, draws: Draws) -> tuple[Tensor, Tensor]:
    """Which frames stay: the first of them (B,) int64, and the new mask (B, T) bool."""
    length = mask.sum(1)
    most = (length * config.crop_share).to(torch.int64)
    chosen = draws.chance("crop", config.crop) & (length >= config.crop_min_frames)
    cut = torch.where(chosen, draws.integers("cut", most + 1), 0)
    first = torch.where(draws.chance("cut_start", 0.5), cut, 0)
    slots = torch.arange(mask.shape[1], device=mask.device)
    return first, slots < (length - cut)[:, None]


def _sides(flipped: Tensor) -> Tensor:
    """(B, 100) int64: where each point comes from; left and right exchanged where flipped."""
    mirror = torch.as_tensor(MIRROR_SELECTED, device=flipped.device)
    own = torch.arange(len(mirror), device=flipped.device)
    return torch.where(flipped[:, None], mirror, own)


def _choose(frames: Tensor, first: Tensor, points: Tensor) -> Tensor:
    """frames (B, T, L, C) from frame `first` (B,) on, with the points (B, L) exchanged.

    The slots that become free at the end repeat the last frame.
    """
    clips, count, width = frames.shape[:3]
    slots = (torch.arange(count, device=frames.device) + first[:, None]).clamp(max=count - 1)
    rows = torch.arange(clips, device=frames.device)[:, None] * count + slots
    rows = rows[:, :, None] * width + points[:, None, :]
    return frames.flatten(0, 2).index_select(0, rows.flatten()).view_as(frames)


def _draw_map(flipped: Tensor, config: AugmentConfig, draws: Draws) -> Tensor:
    """Mirror, then turn in the xy plane, then resize, as one linear map per sample.

    Returns (B, 5) float32: the shares of x and of y in the new x, the same for the new y, and
    the factor of z.
    """
    mirror = torch.where(flipped, -1.0, 1.0)
    degrees = draws.uniform("angle", -config.max_degrees, config.max_degrees)
    angle = torch.where(draws.chance("rotate", config.rotate), degrees * (math.pi / 180), 0.0)
    cosine, sine = angle.cos(), angle.sin()
    x, y, z = _draw_factors(config, draws).unbind(1)
    return torch.stack([x * cosine * mirror, x * -sine, y * sine * mirror, y * cosine, z], 1)


def _draw_factors(config: AugmentConfig, draws: Draws) -> Tensor:
    """(B, 3) factors of x, y and z: each its own where distorted, else one for all."""
    separate = draws.uniform("factor", config.resize_low, config.resize_high, (3,))
    distorted = draws.chance("distort", config.distort)[:, None]
    factors = torch.where(distorted, separate, separate[:, :1])
    return torch.where(draws.chance("resize", config.resize)[:, None], factors, 1.0)


def _transform(frames: Tensor, kept: Tensor, linear: Tensor) -> Tensor:
    """Apply the map (B, 5) to (B, T, L, 3) frames; the frames that are not kept become NaN.

    Written out instead of a matrix product, so that landmarks without z keep their x and y.
    """
    x, y, z = frames.unbind(3)
    factors = torch.where(kept[:, :, None], linear[:, None], torch.nan)
    xx, xy, yx, yy, zz = factors[:, :, :, None].unbind(2)
    moved = torch.empty_like(frames)
    torch.add(x * xx, y * xy, out=moved[..., 0])
    torch.add(x * yx, y * yy, out=moved[..., 1])
    torch.mul(z, zz, out=moved[..., 2])
    return moved
