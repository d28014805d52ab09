"""The shape of each hand, without place and size: frames (B, T, P, 3) in, (B, T, 42, 3) out."""

from __future__ import annotations

import torch
from torch import Tensor

NUM_HANDS, NUM_POINTS = 2, 21
_SMALL = 1e-3
"""A hand that fills less than this of the clip's spread keeps its size."""


def hand_shapes(frames: Tensor) -> Tensor:
    """Both hands around their own centre in every frame, scaled to one size over the clip.

    frames: (B, T, P, 3), hands first (left, then right), 0 where nothing was found.
    Returns (B, T, 42, 3): each found point minus the mean of its hand's found points in that
    frame, divided by the root mean square of these distances over the clip; 0 where nothing
    was found. So it does not matter where the signer holds the hand or how far away he is.
    """
    hands = frames[:, :, : NUM_HANDS * NUM_POINTS].unflatten(2, (NUM_HANDS, NUM_POINTS))
    found = (hands != 0).any(-1, keepdim=True)
    count = found.sum(3, keepdim=True)
    centred = torch.where(found, hands - hands.sum(3, keepdim=True) / count.clamp(min=1), 0.0)
    squares = (centred * centred).sum((1, 3, 4), keepdim=True)  # LiteRT has no square()
    size = (squares / count.sum(1, keepdim=True).clamp(min=1)).sqrt()
    return (centred / size.clamp(min=_SMALL)).flatten(2, 3)
