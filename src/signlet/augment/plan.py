"""All random decisions before any frame is touched: mask (B, T) and draws in, a `Plan` out."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor

from signlet.augment.config import AugmentConfig
from signlet.augment.draws import Draws
from signlet.augment.where import numbered

_NAMES = (
    *("fill_hand", "face_cutmix", "interpolate", "flip"),
    *("rotate", "angle", "crop", "cut", "cut_start"),
    *("resize", "distort", "factor_x", "factor_y", "factor_z"),
)
_CHANCES = (
    "fill_hand",
    "face_cutmix",
    "interpolate",
    "flip",
    "rotate",
    "crop",
    "resize",
    "distort",
)
"""Decisions whose probability is the setting of the same name."""


@dataclass(frozen=True)
class Plan:
    """Decisions for B samples.

    early: True where hands may be filled and heads exchanged at all.
    fill_hand, face_cutmix, interpolate, flip: (B,) bool, True where the step is done.
    first: (B,) int64, the first frame that stays.
    kept: (B, T) bool, the new mask.
    linear: (B, 5) float32, the linear map of a point: the shares of x and of y in the new x,
        the same for the new y, and the factor of z.
    """

    early: bool
    fill_hand: Tensor
    face_cutmix: Tensor
    interpolate: Tensor
    flip: Tensor
    first: Tensor
    kept: Tensor
    linear: Tensor

    def part(self, samples: slice) -> Plan:
        """The decisions for some of the samples."""
        early, *decisions = vars(self).values()
        return Plan(early, *(decision[samples] for decision in decisions))


def draw_plan(mask: Tensor, config: AugmentConfig, draws: Draws, *, early: bool) -> Plan:
    """Draw every decision for the samples of `draws`; mask (B, T) bool, real frames first."""
    numbers = draws.uniforms(*_NAMES)
    chances = _chances(config, mask.device)
    chosen = dict(zip(_CHANCES, torch.stack([numbers[n] for n in _CHANCES]) < chances, strict=True))
    first, kept = _crop(mask, config, numbers, chosen["crop"])
    return Plan(
        early=early,
        fill_hand=chosen["fill_hand"],
        face_cutmix=chosen["face_cutmix"],
        interpolate=chosen["interpolate"],
        flip=chosen["flip"],
        first=first,
        kept=kept,
        linear=_linear(config, numbers, chosen),
    )


@cache
def _chances(config: AugmentConfig, device: torch.device) -> Tensor:
    """(decisions, 1); kept, so that nothing is copied to the device for every batch."""
    known = vars(config) | {"distort": config.distort}
    return torch.tensor([[known[name]] for name in _CHANCES], device=device)


def _crop(
    mask: Tensor, config: AugmentConfig, numbers: dict[str, Tensor], chosen: Tensor
) -> tuple[Tensor, Tensor]:
    """Frames to cut: none up to the largest share, all counts equally likely."""
    length = mask.sum(1)
    most = (length * config.crop_share).to(torch.int64)
    chosen = chosen & (length >= config.crop_min_frames)
    cut = (numbers["cut"] * (most + 1)).to(torch.int64).minimum(most) * chosen
    first = cut * (numbers["cut_start"] < 0.5)
    slots = numbered(mask.shape[1], mask.device)
    return first, slots < (length - cut)[:, None]


def _linear(config: AugmentConfig, numbers: dict[str, Tensor], chosen: dict[str, Tensor]) -> Tensor:
    """Negate x, then turn in the xy plane, then resize, as one map (B, 5)."""
    angle = (numbers["angle"] * 2 - 1) * math.radians(config.max_degrees)
    angle = angle * chosen["rotate"]
    cosine, sine = angle.cos(), angle.sin()
    mirror = 1 - 2 * chosen["flip"].to(torch.float32)
    x, y, z = _factors(config, numbers, chosen)
    return torch.stack([x * cosine * mirror, -x * sine, y * sine * mirror, y * cosine, z], 1)


def _factors(
    config: AugmentConfig, numbers: dict[str, Tensor], chosen: dict[str, Tensor]
) -> Tensor:
    """(3, B) factors of x, y and z: each its own where distorted, else one for all."""
    shares = torch.stack([numbers[f"factor_{axis}"] for axis in "xyz"])
    separate = shares * (config.resize_high - config.resize_low) + config.resize_low
    factors = torch.where(chosen["distort"], separate, separate[0])
    return factors.masked_fill(~chosen["resize"], 1.0)
