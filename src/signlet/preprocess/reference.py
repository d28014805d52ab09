"""The preprocessing to learn from: one clip (T, 543, C) in, frames (T', L, C) and mask (T',) out.

The five steps of the published system, as its authors describe them. What runs is
`signlet.preprocess.fast`; tests/test_preprocess.py holds both to the same numbers.

T raw frames, S frames that stay, T' = max_len slots, L = 100 landmarks, C = x, y, z; NaN = not
found. "Ours" marks clips with which the published code fails.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from signlet.landmarks import LEFT_HAND, MEANS, RIGHT_HAND, SINGLE

FLAT = 1e-6
"""A coordinate whose standard deviation over a whole clip is below this carries nothing."""


def preprocess(raw: Tensor, max_len: int) -> tuple[Tensor, Tensor]:
    """raw (T, 543, C) -> frames (max_len, L, C), 0 if nothing was found, and mask (max_len,)."""
    points = normalised(raw, max_len)
    padding = max_len - len(points)
    frames = F.pad(points.nan_to_num(0.0), (0, 0, 0, 0, 0, padding))
    return frames, torch.arange(max_len) < len(points)


def normalised(raw: Tensor, max_len: int) -> Tensor:
    """raw (T, 543, C) -> (S, L, C), S from 1 to max_len; NaN if nothing was found."""
    points = selected_landmarks(thinned(with_a_hand(raw), max_len))
    centred = points - points.nanmean((0, 1))
    std = centred.square().nanmean((0, 1)).sqrt()
    return centred / torch.where(std > FLAT, std, torch.inf)  # ours: a flat coordinate is 0


def with_a_hand(raw: Tensor) -> Tensor:
    """Drop the frames without a landmark of a hand; ours: keep all where none has one."""
    hands = torch.cat([raw[:, LEFT_HAND], raw[:, RIGHT_HAND]], dim=1)
    found = ~hands[..., 0].isnan().all(1)
    return raw[found] if found.any() else raw


def thinned(frames: Tensor, max_len: int) -> Tensor:
    """Keep every n-th of too many frames: those whose number, from 1, is a multiple of n."""
    n = int(len(frames) / max_len + 1) if len(frames) > max_len else 1
    return frames[n - 1 :: n]


def selected_landmarks(frames: Tensor) -> Tensor:
    """95 landmarks as they are, then five means, NaN if one of theirs is: (S, L, C)."""
    means = [frames[:, list(rows)].mean(1) for rows in MEANS.values()]
    return torch.cat([frames[:, list(SINGLE)], torch.stack(means, dim=1)], dim=1)
