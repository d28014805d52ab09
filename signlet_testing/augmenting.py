"""Small synthetic clips to augment."""

from __future__ import annotations

import dataclasses

import torch
from torch import Tensor

from signlet.augment import AugmentConfig, Draws, augment
from signlet.landmarks import PARTS

NAN = float("nan")
STEPS = ("interpolate", "flip", "rotate", "crop", "resize", "distort", "fill_hand", "face_cutmix")
NOTHING = AugmentConfig(**dict.fromkeys(STEPS, 0.0))
LEFT, RIGHT = (torch.as_tensor(PARTS[part]) for part in ("left_hand", "right_hand"))


def only(**probabilities: float) -> AugmentConfig:
    """Settings under which nothing but this happens."""
    return dataclasses.replace(NOTHING, **probabilities)


def clips(batch: int, slots: int, seed: int = 0, full: bool = False) -> tuple[Tensor, Tensor]:
    """Random clips with hands that come and go; shorter ones are padded unless `full`."""
    random = torch.Generator().manual_seed(seed)
    frames = torch.randn(batch, slots, 100, 3, generator=random)
    for hand in (LEFT, RIGHT):
        lost = torch.rand(batch, slots, generator=random) < 0.4
        never = torch.rand(batch, generator=random) < 0.3
        for point in hand.tolist():
            frames[:, :, point][lost | never[:, None]] = NAN
    lengths = torch.randint(1, slots + 1, (batch,), generator=random)
    mask = torch.arange(slots) < (torch.full_like(lengths, slots) if full else lengths)[:, None]
    return torch.where(mask[..., None, None], frames, NAN), mask


def draws(batch: int, seed: int = 1, epoch: int = 0, view: int = 0) -> Draws:
    """The random numbers of the first samples of an epoch."""
    return Draws(seed, epoch, torch.arange(batch), view)


def run(
    config: AugmentConfig, frames: Tensor, mask: Tensor, early: bool = True, **which: int
) -> tuple[Tensor, Tensor]:
    """Frames and mask, augmented; each sample's neighbour is the one of its class."""
    same_class = (frames.roll(1, 0), mask.roll(1, 0))
    return augment(
        frames, mask, config, draws(len(frames), **which), early=early, same_class=same_class
    )


def same(a: Tensor, b: Tensor) -> bool:
    """Whether all numbers are equal, and the same are missing."""
    return torch.equal(torch.isnan(a), torch.isnan(b)) and torch.equal(
        a.nan_to_num(), b.nan_to_num()
    )


def changed(before: Tensor, after: Tensor) -> Tensor:
    """(B,) bool: samples that are not what they were."""
    return torch.tensor([not same(a, b) for a, b in zip(before, after, strict=True)])


def within(values: Tensor, low: float, high: float) -> bool:
    """Whether all values lie between these two."""
    return bool(((values >= low) & (values <= high)).all())
