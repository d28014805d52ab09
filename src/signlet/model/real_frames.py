"""Real frames as rows: frames (B, T, ...) and mask (B, T) in, (N, ...) out, and back.

In training and prediction on a CPU padding then costs nothing. Elsewhere (a GPU, a compiled or
exported graph) all frames stay, so that shapes follow from B and T and nobody waits for a count.
"""

from __future__ import annotations

import torch
from torch import Tensor


def can_drop_padding(mask: Tensor) -> bool:
    """True where the number of real frames is known without waiting for a device."""
    return mask.device.type == "cpu" and not torch.compiler.is_compiling()


class RealFrames:
    """Frames (B, T, ...) packed into rows (N, ...), one for each real frame, and back."""

    def __init__(self, mask: Tensor) -> None:
        """mask: (B, T) bool, True for real frames."""
        self.mask = mask
        self.clip, self.frame = mask.nonzero().unbind(1)
        self.places = self.clip * mask.shape[1] + self.frame
        """(N,) int64, the place of each row among the B T frames."""

    def pack(self, points: Tensor) -> Tensor:
        """(B, T, ...) -> (N, ...), flat; `LandmarkEmbedding` leaves the frames by time."""
        by_time = points.transpose(0, 1).flatten(0, 1).flatten(1)
        return by_time.index_select(0, self.frame * len(self.mask) + self.clip)

    def unpack(self, rows: Tensor) -> Tensor:
        """(N, D) -> (B, T, D), 0 where the mask is."""
        nothing = rows.new_zeros(self.mask.numel(), rows.shape[1])
        return nothing.index_copy(0, self.places, rows).unflatten(0, self.mask.shape)

    def take(self, hidden: Tensor) -> Tensor:
        """(B, T, D) -> (N, D)."""
        return hidden.flatten(0, 1).index_select(0, self.places)

    def mean(self, rows: Tensor) -> Tensor:
        """(N, D) -> (B, D), over the real frames."""
        return self.unpack(rows).sum(1) / self.mask.sum(1, keepdim=True).clamp(min=1)

    def expand(self, values: Tensor) -> Tensor:
        """(B, D) -> (N, D)."""
        return values.index_select(0, self.clip)
