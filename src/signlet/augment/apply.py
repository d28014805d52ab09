"""All augmentations of a batch, in order."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from signlet.augment import parts
from signlet.augment.config import AugmentConfig
from signlet.augment.draws import Draws
from signlet.augment.gaps import interpolate
from signlet.augment.geometry import move


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
    frames = frames.clone()
    if early:
        frames = _where(draws.chance("fill_hand", config.fill_hand), parts.fill_hand, frames)
        if partner is not None:
            chosen = draws.chance("face_cutmix", config.face_cutmix)
            frames = _where(chosen, parts.face_cutmix, frames, mask, *partner)
    frames = _where(draws.chance("interpolate", config.interpolate), interpolate, frames)
    return move(frames, mask, config, draws)


def _where(chosen: Tensor, step: Callable[..., Tensor], frames: Tensor, *others: Tensor) -> Tensor:
    """step(frames, *others) for the chosen (B,) samples, the frames as they are for the rest.

    On a CPU only the chosen samples are worked on, and `frames` is changed in place. Counting
    them would make a GPU wait, so there the step runs on all of them.
    """
    if frames.device.type != "cpu":
        return torch.where(chosen[:, None, None, None], step(frames, *others), frames)
    rows = chosen.nonzero().squeeze(1)
    if len(rows) == 0:
        return frames
    picked = (part.index_select(0, rows) for part in (frames, *others))
    return frames.index_copy_(0, rows, step(*picked))
