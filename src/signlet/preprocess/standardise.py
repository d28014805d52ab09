"""The normalising step of `reference.normalised`, for clips back to back and for exporters.

`standardise` takes clips of any lengths without padding, (F, 300), and gathers what was found;
`standardise_padded` takes (B, S, 300), and has no shape that depends on the data.
"""

from __future__ import annotations

import torch
from torch import Tensor

from signlet import landmarks
from signlet.preprocess.reference import FLAT


def standardise(frames: Tensor, lengths: list[int]) -> Tensor:
    """Mean 0 and population standard deviation 1 per clip and coordinate, over what was found.

    frames: (F, 300), clips back to back; lengths: number of frames of each.
    """
    found = _FoundPoints(frames, lengths)
    points = found.points(frames)
    count = found.count(points).clamp(min=1)
    centred = frames - found.expand(found.sum(points) / count)
    points = found.points(centred)
    std = (found.sum(points * points) / count).sqrt()
    return centred * found.expand(torch.where(std > FLAT, 1 / std, 0.0))


def standardise_padded(frames: Tensor) -> Tensor:
    """`standardise` of (B, S, 300) with NaN if nothing is; returns (B, S, 100, 3)."""
    points = frames.unflatten(2, (-1, 3))
    count = (~torch.isnan(points)).sum((1, 2), keepdim=True).clamp(min=1)
    centred = points - _sum_found(points) / count
    square = _sum_found(centred * centred) / count
    # Runtimes add up less exactly than torch. What that leaves of the mean must not make a clip
    # that stands still one that moves.
    left = _sum_found(centred) / count
    moves = square - left * left > FLAT**2
    return centred * torch.where(moves, 1 / square.sqrt(), 0.0)


def _sum_found(points: Tensor) -> Tensor:
    """(B, S, P, 3) -> (B, 1, 1, 3): sum of the numbers that are not NaN."""
    return torch.where(torch.isnan(points), 0.0, points).sum((1, 2), keepdim=True)


class _FoundPoints:
    """Sums over what was found in each of B clips that are back to back in (F, 300).

    z has mean 0.5 and deviation 0.002 in some recordings, so one unit in the last place of
    its mean moves the result by 3e-5. Summing the found points side by side gives the
    published system's rounding; a graph has no such compaction and may differ by that unit.
    """

    def __init__(self, frames: Tensor, lengths: list[int]) -> None:
        self._lengths = lengths
        x, y, z = (~torch.isnan(frames.view(-1, 3))).unbind(1)
        found = x | y | z
        self._whole = torch.equal(found, x & y & z)  # no point lacks one coordinate only
        rows = found.nonzero().squeeze(1)
        length = torch.tensor(lengths, device=frames.device)
        ends = torch.searchsorted(rows, length.cumsum(0) * landmarks.NUM_SELECTED)
        self._rows, self._parts = rows, ends.diff(prepend=ends.new_zeros(1))
        self._clip = torch.repeat_interleave(length, output_size=len(frames))

    def points(self, values: Tensor) -> Tensor:
        """(F, 300) -> (N, 3): the N points of which at least one coordinate was found."""
        return values.view(-1, 3).index_select(0, self._rows)

    def count(self, points: Tensor) -> Tensor:
        """(N, 3) -> (B, 3) or (B, 1): how many of them were found."""
        if self._whole:
            return self._parts.unsqueeze(1)
        return self.sum((~torch.isnan(points)).to(points.dtype))

    def sum(self, points: Tensor) -> Tensor:
        """(N, 3) -> (B, 3): sum of those that were found."""
        points = points if self._whole else points.nan_to_num(0.0)
        return torch.stack([part.sum(0) for part in points.split(self._parts.tolist())])

    def expand(self, values: Tensor) -> Tensor:
        """(B, 3) -> (F, 300) or, of a single clip, (1, 300)."""
        wide = values.repeat(1, landmarks.NUM_SELECTED)
        return wide if len(self._lengths) == 1 else wide.index_select(0, self._clip)
