"""All augmentations of a batch, in order."""

from __future__ import annotations

import torch
from torch import Tensor

from signlet.augment.chosen import counts_at_once, on_chosen
from signlet.augment.config import AugmentConfig
from signlet.augment.draws import Draws
from signlet.augment.gaps import interpolate
from signlet.augment.geometry import move
from signlet.augment.parts import face_cutmix
from signlet.augment.plan import Plan, draw_plan

_CPU_FRAMES = 800
"""Frames that a CPU works on at once: what they need in between stays in its cache."""


def augment(
    frames: Tensor,
    mask: Tensor,
    config: AugmentConfig,
    draws: Draws,
    *,
    early: bool,
    partner: tuple[Tensor, Tensor] | None = None,
) -> tuple[Tensor, Tensor]:
    """Change every clip of a batch at random; each sample has draws of its own.

    frames: (B, T, 100, 3) float32, normalised per clip, NaN = not found or padding.
    mask: (B, T) bool, True where a frame is; real frames come first.
    draws: for the same B samples, on the same device.
    early: whether the epoch belongs to the early ones (`AugmentConfig.is_early`), in which
        hands are filled and heads exchanged.
    partner: frames and mask of another clip of the same sign for every sample (see
        `partners`), as they come out of the packed set; without it no head is exchanged.
    Returns new frames and mask of the same shapes, dtypes and device; the input is not
    changed. What comes from elsewhere comes first, so that a clip and the head it got are
    mirrored and turned together.
    """
    plan = draw_plan(mask, config, draws, early=early)
    out = torch.empty_like(frames)
    clips, count = mask.shape
    step = max(_CPU_FRAMES // count, 1) if counts_at_once(frames) else clips
    for begin in range(0, clips, step):
        part = slice(begin, begin + step)
        others = None if partner is None else (partner[0][part], partner[1][part])
        _augment_part(frames[part], mask[part], plan.part(part), others, out[part])
    return out, plan.kept


def _augment_part(
    frames: Tensor, mask: Tensor, plan: Plan, partner: tuple[Tensor, Tensor] | None, out: Tensor
) -> None:
    """Carry out the plan; the new frames go into `out`."""
    frames = frames.clone()
    if plan.early and partner is not None:
        frames = on_chosen(plan.face_cutmix, face_cutmix, frames, mask, *partner)
    frames = on_chosen(plan.interpolate, interpolate, frames)
    move(frames, plan, out)
