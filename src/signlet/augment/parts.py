"""Parts taken from elsewhere: a missing hand from the other hand, a head from another clip."""

from __future__ import annotations

from functools import cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from signlet.landmarks import HEAD, PARTS

_FLAT = 1e-6
"""A head narrower than this along a coordinate cannot be stretched."""


def _runs(points: NDArray[np.int64]) -> list[slice]:
    """Positions as slices of neighbours: reading and writing slices is much quicker."""
    starts = np.split(points, np.flatnonzero(np.diff(points) > 1) + 1)
    return [slice(int(run[0]), int(run[-1]) + 1) for run in starts]


(_LEFT,), (_RIGHT,) = _runs(PARTS["left_hand"]), _runs(PARTS["right_hand"])
_HEAD = _runs(HEAD)


def fill_hand(frames: Tensor) -> Tensor:
    """Put the mirrored other hand where a hand is not found in any frame of the clip.

    frames: (B, T, 100, 3) float32, NaN = not found or padding. Mirrored at x = 0, which is
        the mean of a normalised clip; point i of one hand is the mirror image of point i of
        the other.
    """
    left, right = frames[:, :, _LEFT], frames[:, :, _RIGHT]
    mirror = _mirror(frames.device)
    filled = frames.clone()
    filled[:, :, _LEFT] = torch.where(_never_found(left), right * mirror, left)
    filled[:, :, _RIGHT] = torch.where(_never_found(right), left * mirror, right)
    return filled


@cache
def _mirror(device: torch.device) -> Tensor:
    return torch.tensor([-1.0, 1.0, 1.0], device=device)


def _never_found(points: Tensor) -> Tensor:
    """(B, T, P, C) -> (B, 1, 1, 1) bool."""
    return torch.isnan(points[..., 0]).flatten(1).all(1)[:, None, None, None]


def face_cutmix(
    frames: Tensor, mask: Tensor, partner_frames: Tensor, partner_mask: Tensor
) -> Tensor:
    """Put the partner's head into the box of the clip's own head.

    frames, mask: (B, T, 100, 3) float32 with NaN = not found or padding, (B, T) bool.
    partner_frames, partner_mask: the same of another clip of the same sign, not yet mirrored
        or turned; its number of slots may differ.
    The partner's head is resampled to the clip's number of frames, then shifted and scaled
    along x, y and z so that its box over the whole clip becomes the box of the old head. A
    clip stays as it is where one of the two has no head.
    """
    old, points = _head(frames), len(HEAD)
    new = _resampled(_head(partner_frames), partner_mask.sum(1), mask)
    (old_low, old_high), (new_low, new_high) = _box(old), _box(new)
    scale = (old_high - old_low) / (new_high - new_low).clamp(min=_FLAT)
    shift = old_low - new_low * scale
    both = (old_low <= old_high) & (new_low <= new_high)
    scale, shift, both = (_for_points(value, points) for value in (scale, shift, both))
    return _with_head(frames, torch.where(both, new * scale + shift, old))


def _head(frames: Tensor) -> Tensor:
    return torch.cat([frames[:, :, run] for run in _HEAD], 2)


def _with_head(frames: Tensor, head: Tensor) -> Tensor:
    frames = frames.clone()
    pieces = head.split([run.stop - run.start for run in _HEAD], 2)
    for run, piece in zip(_HEAD, pieces, strict=True):
        frames[:, :, run] = piece
    return frames


def _box(points: Tensor) -> tuple[Tensor, Tensor]:
    """Lowest and highest value per clip and coordinate of (B, T, P, C): two (B, 1, 1, C).

    Where nothing was found the lowest is +inf and the highest -inf.
    """
    low, high = (points.nan_to_num(nan=outside) for outside in (torch.inf, -torch.inf))
    low, high = low.amin(1, keepdim=True), high.amax(1, keepdim=True)
    return low.amin(2, keepdim=True), high.amax(2, keepdim=True)


def _for_points(value: Tensor, points: int) -> Tensor:
    """(B, 1, 1, C) -> (B, 1, P, C), stored: rows of P * C numbers are quicker than of C."""
    return value.expand(-1, -1, points, -1).contiguous()


def _resampled(points: Tensor, lengths: Tensor, mask: Tensor) -> Tensor:
    """Stretch or shrink clips in time.

    points: (B, T', P, C), the first `lengths` (B,) frames real.
    mask: (B, T) bool of the wanted clips: first frame goes to first, last to last.
    Returns (B, T, P, C), on the straight line between two frames; NaN in the padding and
    where a value is missing in one of the two.
    """
    last, wanted = lengths[:, None] - 1, mask.sum(1, keepdim=True)
    slots = torch.arange(mask.shape[1], device=mask.device)
    time = (slots * last / (wanted - 1).clamp(min=1)).minimum(last)
    share = torch.where(mask, time - time.floor(), torch.nan)[:, :, None, None]
    earlier, later = _frames_at(points, time.floor()), _frames_at(points, time.ceil())
    return (later - earlier) * share + earlier


def _frames_at(points: Tensor, slots: Tensor) -> Tensor:
    """points (B, T', P, C) at slots (B, T) -> (B, T, P, C)."""
    clips = torch.arange(len(points), device=points.device)[:, None] * points.shape[1]
    rows = (slots.to(torch.int64) + clips).flatten()
    return points.flatten(0, 1).index_select(0, rows).unflatten(0, slots.shape)
