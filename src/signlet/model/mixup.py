"""Manifold mixup: mixes the hidden frames (B, T, D) of two clips."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable


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
        """Mix hidden (B, T, D) before a layer; real frames of either clip are real, mask (B, T).

        Clips that are not mixed here stay as they are.
        """
        place = self.layers.index(layer)
        order, share = self._orders[place], self._shares[place]
        mixed: Tensor = _Mixed.apply(hidden, order, share.to(hidden.dtype)[:, None, None])
        return mixed, mask | mask.index_select(0, order)

    @cached_property
    def _here(self) -> Tensor:
        """(layers, B) bool, where each clip is mixed; made once for all models."""
        return torch.stack([self.layer == layer for layer in self.layers])

    @cached_property
    def _orders(self) -> Tensor:
        return torch.where(
            self._here, self.order, torch.arange(len(self.order), device=self.order.device)
        )

    @cached_property
    def _shares(self) -> Tensor:
        return self.share.masked_fill(~self._here, 1.0)


class _Mixed(torch.autograd.Function):
    """hidden share + hidden[order] (1 - share), whose gradient needs three operations."""

    @staticmethod
    def forward(ctx: Any, hidden: Tensor, order: Tensor, share: Tensor) -> Tensor:
        ctx.save_for_backward(order, share)
        return torch.lerp(hidden.index_select(0, order), hidden, share)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None]:
        order, share = ctx.saved_tensors
        own = grad * share
        return own.index_add(0, order, grad - own), None, None
