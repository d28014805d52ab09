"""Parts from elsewhere, the other hand or another clip's head: frames (B, T, 100, 3) in and out."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from signlet.augment.where import numbered
from signlet.landmarks import HEAD, PARTS

_FLAT = 1e-6
"""A head narrower than this along a coordinate cannot be stretched."""


def _slices(points: NDArray[np.int64]) -> list[slice]:
    """Positions as slices of neighbours: reading and writing slices is much quicker."""
    starts = np.split(points, np.flatnonzero(np.diff(points) > 1) + 1)
    return [slice(int(run[0]), int(run[-1]) + 1) for run in starts]


(_LEFT,), (_RIGHT,) = _slices(PARTS["left_hand"]), _slices(PARTS["right_hand"])
_HEAD = _slices(HEAD)


def fill_hand(frames: Tensor, chosen: Tensor) -> Tensor:
    """Find the source of each point when missing hands become the mirrored other hand.

    frames: (B, T, 100, 3) float32, NaN = not found or padding. chosen: (B,) bool.
    Returns (B, 100) int64: the point itself; or, in a hand that is not found in any frame of
    a chosen clip, the same point of the other hand, which is its mirror image. Mirrored at
    x = 0, the mean of a normalised clip: x of these points is to be negated.
    """
    points = numbered(frames.shape[2], frames.device)
    left, right = (_never_found(frames[:, :, hand]) & chosen for hand in (_LEFT, _RIGHT))
    return torch.cat(
        [
            torch.where(left[:, None], points[_RIGHT], points[_LEFT]),
            torch.where(right[:, None], points[_LEFT], points[_RIGHT]),
            points[_RIGHT.stop :].expand(len(frames), -1),
        ],
        1,
    )


def _never_found(points: Tensor) -> Tensor:
    """(B, T, P, C) -> (B,) bool."""
    return (~torch.isnan(points[..., 0])).sum((1, 2)) == 0


def face_cutmix(frames: Tensor, mask: Tensor, donor_frames: Tensor, donor_mask: Tensor) -> Tensor:
    """Put the other clip's head into the box of the clip's own head.

    frames, mask: (B, T, 100, 3) float32 with NaN = not found or padding, (B, T) bool.
    donor_frames, donor_mask: the same of another clip of the same sign, not yet mirrored
        or turned; its number of slots may differ.
    The other clip's head is resampled to the clip's number of frames, then shifted and scaled
    along x, y and z so that its box over the whole clip becomes the box of the old head. A
    clip stays as it is where one of the two has no head. Returns `frames`, changed in place.
    """
    old, points = _head(frames), len(HEAD)
    new = _resampled(_head(donor_frames), donor_mask.sum(1), mask)
    (old_low, new_low), (old_high, new_high) = _box(torch.stack([old, new]))
    scale = (old_high - old_low) / (new_high - new_low).clamp(min=_FLAT)
    shift = old_low - new_low * scale
    both = (old_low <= old_high) & (new_low <= new_high)
    scale, shift, both = (_for_points(value, points) for value in (scale, shift, both))
    fitted = torch.where(both, new * scale + shift, old)
    pieces = fitted.split([run.stop - run.start for run in _HEAD], 2)
    for run, piece in zip(_HEAD, pieces, strict=True):
        frames[:, :, run] = piece
    return frames


def _head(frames: Tensor) -> Tensor:
    return torch.cat([frames[:, :, run] for run in _HEAD], 2)


def _box(points: Tensor) -> tuple[Tensor, Tensor]:
    """Lowest and highest value per clip and coordinate of (2, B, T, P, C): two (2, B, 1, 1, C).

    Where nothing was found the lowest is +inf and the highest -inf.
    """
    low, high = (points.nan_to_num(nan=outside) for outside in (torch.inf, -torch.inf))
    low, high = low.amin(2, keepdim=True), high.amax(2, keepdim=True)
    return low.amin(3, keepdim=True), high.amax(3, keepdim=True)


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
    slots = numbered(mask.shape[1], mask.device)
    time = (slots * last / (wanted - 1).clamp(min=1)).minimum(last)
    share = torch.where(mask, time - time.floor(), torch.nan)[:, :, None, None]
    earlier, later = _frames_at(points, time.floor()), _frames_at(points, time.ceil())
    return (later - earlier) * share + earlier


def _frames_at(points: Tensor, slots: Tensor) -> Tensor:
    """points (B, T', P, C) at slots (B, T) -> (B, T, P, C)."""
    clips = numbered(len(points), points.device)[:, None] * points.shape[1]
    rows = (slots.to(torch.int64) + clips).flatten()
    return points.flatten(0, 1).index_select(0, rows).unflatten(0, slots.shape)
