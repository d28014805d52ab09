"""Motion and bone directions as further inputs of the model.

Positions (B, T, P, 3) in, differences and directions out; 0 stands for "not found" throughout.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

_FINGERS = ((0, 1, 2, 3, 4), (0, 5, 6, 7, 8), (0, 9, 10, 11, 12), (0, 13, 14, 15, 16))
_CHAINS = (*_FINGERS, (0, 17, 18, 19, 20))
"""The points of a hand from the wrist to each finger's tip, in MediaPipe's order."""
STARTS, ENDS = (
    tuple(hand + chain[place + side] for hand in (0, 21) for chain in _CHAINS for place in range(4))
    for side in (0, 1)
)
"""The selected points between which the 40 bones of both hands lie."""
LAGS = (1, 2)
_SHORT = 1e-6


def differences(frames: Tensor) -> Tensor:
    """Compute how far each point has moved since one and since two frames before.

    frames: (B, T, P, 3). Returns (B, T, P, 6): first the differences of lag 1, then of lag 2; 0
    in the first frames, and where a point was not found in one of the two.
    """
    found = (frames != 0).any(-1, keepdim=True)
    moved = [_since(frames, found, lag) for lag in LAGS]
    return torch.cat(moved, dim=-1)


def _since(frames: Tensor, found: Tensor, lag: int) -> Tensor:
    length = frames.shape[1]
    before, there = (
        F.pad(values, (0, 0, 0, 0, lag, 0)).narrow(1, 0, length)
        for values in (frames, found.to(frames.dtype))
    )
    return (frames - before) * (found.to(frames.dtype) * there)


def bone_directions(frames: Tensor) -> Tensor:
    """Directions of the bones of both hands.

    frames: (B, T, P, 3), hands first (left, then right). Returns (B, T, 40, 3) of length 1; 0
    where an end was not found.
    """
    starts, ends = frames[:, :, list(STARTS)], frames[:, :, list(ENDS)]
    there = ((starts != 0).any(-1, keepdim=True) & (ends != 0).any(-1, keepdim=True)).to(ends.dtype)
    bones = (ends - starts) * there
    length = (bones * bones).sum(-1, keepdim=True).clamp(min=_SHORT * _SHORT).sqrt()
    return bones / length
