"""Manifold mixup: hidden frames (B, T, D) of two clips become those of one in between."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Mixup:
    """One draw of manifold mixup (Verma et al. 2019, arXiv:1806.05236) for a batch.

    layer: (B,) int64, before which of the three transformer layers each clip is mixed.
    order: (B,) int64, the clip that each is mixed with; itself where it is not mixed.
    share: (B,) in [0, 1], what each clip keeps of itself.
    layers: the layers that occur in `layer`.
    """

    layer: Tensor
    order: Tensor
    share: Tensor
    layers: tuple[int, ...] = (0, 1, 2)

    def mix(self, hidden: Tensor, mask: Tensor, layer: int) -> tuple[Tensor, Tensor]:
        """Mix hidden (B, T, D) before a layer; a frame is real where one of both is, mask (B, T).

        Clips that are not mixed here stay as they are.
        """
        here = self.layer == layer
        order = torch.where(here, self.order, torch.arange(len(here), device=here.device))
        share = torch.where(here, self.share, 1.0).to(hidden.dtype)[:, None, None]
        return hidden * share + hidden[order] * (1 - share), mask | mask[order]
