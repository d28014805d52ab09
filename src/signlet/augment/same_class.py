"""Another clip of the same class for each clip: labels (B,) in, rows of the packed set (B,) out."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from signlet.augment.draws import Draws
from signlet.errors import SignletError


@dataclass(frozen=True)
class SignGroups:
    """The training clips, sorted by sign; build it once with `SignGroups.of`.

    rows: (N,) int64, training rows of the packed set, those of one sign side by side.
    start, count: (K,) int64, where each sign's rows begin in `rows`, and how many.
    index_in_class: (all clips of the packed set,) int64, a row's number among its sign's, -1 where
        the row is not a training row.
    """

    rows: Tensor
    start: Tensor
    count: Tensor
    index_in_class: Tensor

    @classmethod
    def of(cls, rows: Tensor, labels: Tensor) -> SignGroups:
        """Sort the training rows.

        rows: (N,) int64, training rows of the packed set.
        labels: int64 class of every clip of the packed set; rows whose label is -1
            (unknown) are left out.
        Raises SignletError where no row is left.
        """
        known = rows[labels[rows] >= 0]
        if len(known) == 0:
            raise SignletError("no training clip has a known sign; give the clips' signs")
        order = torch.argsort(labels[known], stable=True)
        known = known[order]
        count = torch.bincount(labels[known], minlength=int(labels.max().clamp(min=0)) + 1)
        start = torch.cumsum(count, 0) - count
        index_in_class = torch.full_like(labels, -1)
        index_in_class[known] = torch.arange(len(known), device=rows.device) - start[labels[known]]
        return cls(known, start, count, index_in_class)

    def to(self, device: torch.device | str) -> SignGroups:
        """The same on another device."""
        return SignGroups(*(part.to(device) for part in vars(self).values()))


def draw_same_class(labels: Tensor, draws: Draws, groups: SignGroups) -> Tensor:
    """Draw for every sample another training clip of its sign.

    labels: (B,) int64; `draws.clips` are the samples' own rows.
    Returns (B,) int64 rows of the packed set: never the clip itself unless its sign has no
    other training clip; the clip itself where its label is unknown or not in training.
    """
    own = draws.clips
    label = labels.clamp(min=0)
    count = torch.where(labels >= 0, groups.count[label], 0)
    index_in_class = groups.index_in_class[own]
    others = count - (index_in_class >= 0).to(torch.int64)
    # The name is part of the numbers: with another one every run would draw others.
    pick = draws.integers("partner", others.clamp(min=1))
    pick = pick + ((index_in_class >= 0) & (pick >= index_in_class)).to(torch.int64)
    row = groups.rows[(groups.start[label] + pick).clamp(max=len(groups.rows) - 1)]
    return torch.where(others > 0, row, own)
