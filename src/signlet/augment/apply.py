"""All augmentations of a batch, in order: frames (B, T, 100, 3) and mask (B, T) in and out."""

from __future__ import annotations

import torch
from torch import Tensor

from signlet.augment.config import AugmentConfig
from signlet.augment.draws import Draws
from signlet.augment.geometry import move
from signlet.augment.missing_frames import interpolate
from signlet.augment.parts import face_cutmix
from signlet.augment.plan import Plan, draw_plan
from signlet.augment.where import apply_where, on_cpu

_CPU_FRAMES = 800
"""Frames that a CPU works on at once: what they need in between stays in its cache."""


def augment(
    frames: Tensor,
    mask: Tensor,
    config: AugmentConfig,
    draws: Draws,
    *,
    early: bool,
    same_class: tuple[Tensor, Tensor] | None = None,
) -> tuple[Tensor, Tensor]:
    """Change every clip of a batch at random; each sample has draws of its own.

    frames: (B, T, 100, 3) float32, normalised per clip, NaN = not found or padding.
    mask: (B, T) bool, True where a frame is; real frames come first.
    draws: for the same B samples, on the same device.
    early: whether the epoch belongs to the early ones (`AugmentConfig.is_early`), in which
        hands are filled and heads exchanged.
    same_class: frames and mask of another clip of the same sign for every sample (see
        `draw_same_class`), as they come out of the packed set; without it no head is exchanged.
    Returns new frames and mask of the same shapes, dtypes and device; the input is not
    changed. What comes from elsewhere comes first, so that a clip and the head it got are
    mirrored and turned together.
    """
    plan = draw_plan(mask, config, draws, early=early)
    out = torch.empty_like(frames)
    clips, count = mask.shape
    step = max(_CPU_FRAMES // count, 1) if on_cpu(frames) else clips
    for begin in range(0, clips, step):
        part = slice(begin, begin + step)
        donors = None if same_class is None else (same_class[0][part], same_class[1][part])
        _augment_part(frames[part], mask[part], plan.part(part), donors, out[part])
    return out, plan.kept


def _augment_part(
    frames: Tensor, mask: Tensor, plan: Plan, same_class: tuple[Tensor, Tensor] | None, out: Tensor
) -> None:
    """Carry out the plan; the new frames go into `out`."""
    frames = frames.clone()
    if plan.early and same_class is not None:
        frames = apply_where(plan.face_cutmix, face_cutmix, frames, mask, *same_class)
    frames = apply_where(plan.interpolate, interpolate, frames)
    move(frames, plan, out)
