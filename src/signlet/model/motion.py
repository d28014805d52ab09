"""Motion and bone directions as further inputs of the model.

Positions (B, T, P, 3) in, differences and directions out; 0 stands for "not found" throughout.
`ModelSize.motion` and `ModelSize.bones` switch them on, in either backbone.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from signlet.landmarks import NUM_SELECTED
from signlet.model.config import ModelSize

_FINGERS = ((0, 1, 2, 3, 4), (0, 5, 6, 7, 8), (0, 9, 10, 11, 12), (0, 13, 14, 15, 16))
_CHAINS = (*_FINGERS, (0, 17, 18, 19, 20))
"""The points of a hand from the wrist to each finger's tip, in MediaPipe's order."""
STARTS, ENDS = (
    tuple(hand + chain[place + side] for hand in (0, 21) for chain in _CHAINS for place in range(4))
    for side in (0, 1)
)
"""The selected points that the 40 bones of both hands connect."""
LAGS = (1, 2)
_SHORT = 1e-6


def num_moving(size: ModelSize) -> int:
    """Count the numbers of a frame that `moving` gives."""
    return 3 * (NUM_SELECTED * len(LAGS) * size.motion + len(STARTS) * size.bones)


def moving(frames: Tensor, size: ModelSize) -> Tensor | None:
    """Join differences and directions, as far as they are switched on.

    frames: (B, T, P, 3), 0 where nothing was found. Returns (B, T, F), or None for neither.
    """
    parts = [differences(frames).flatten(2)] if size.motion else []
    if size.bones:
        parts.append(bone_directions(frames).flatten(2))
    return torch.cat(parts, dim=2) if parts else None


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
