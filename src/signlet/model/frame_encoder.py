"""Embedded points of a frame to one vector a frame, part by part."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from signlet.landmarks import PARTS
from signlet.model.embedding import EMBED

# The 100 points cut where the types change; the face part takes two of the pieces.
_PIECES = (21, 21, 18, 21, 12, 7)
_LEFT, _RIGHT, _SILHOUETTE, _LIPS, _FACE = 0, 1, 2, 3, 5


class Features(nn.Module):
    """Linear, BatchNorm, Dropout, Mish on (N, D) rows, one row a frame."""

    def __init__(self, inputs: int, outputs: int, dropout: float) -> None:
        super().__init__()
        self.linear = nn.Linear(inputs, outputs)
        self.norm = nn.BatchNorm1d(outputs)
        self.dropout = nn.Dropout(dropout)

    def forward(self, pieces: list[Tensor], centre: Tensor | None = None) -> Tensor:
        """Rows (N, D_in), cut into pieces along D_in, to (N, D_out).

        centre: (N, 16), what to subtract from every point first. It is subtracted from the
            result instead, where it costs a sixteenth of the work.
        """
        weights = self.linear.weight.split([piece.shape[1] for piece in pieces], dim=1)
        hidden = F.linear(pieces[0], weights[0], self.linear.bias)
        for piece, weight in zip(pieces[1:], weights[1:], strict=True):
            hidden = hidden + F.linear(piece, weight)
        if centre is not None:
            summed = self.linear.weight.unflatten(1, (-1, EMBED)).sum(1)
            hidden = hidden - F.linear(centre, summed)
        return F.mish(self.dropout(self.norm(hidden)))


class FrameEncoder(nn.Module):
    """(B, T, 100, 16) embedded points to (B, T, width) frames.

    Left hand, right hand, lips and face are centred over the clip; both hands share the
    place of one (their maximum), since signers favour either. In training only the rows of
    real frames are computed, so that padding is in no batch statistic.
    """

    def __init__(
        self, dense: int, width: int, dropout: float, part_dropout: float, centre: bool = True
    ) -> None:
        super().__init__()
        sizes = {name: len(PARTS[name]) * EMBED for name in PARTS if name != "arms"}
        self.left_hand = Features(sizes["left_hand"], dense, part_dropout)
        self.right_hand = Features(sizes["right_hand"], dense, part_dropout)
        self.lips = Features(sizes["lips"], dense, part_dropout)
        self.face = Features(sizes["face"], dense, part_dropout)
        self.full = Features(sizes["full"], dense, part_dropout)
        self.join = Features(4 * dense, width, dropout)
        self.centre = centre

    def forward(self, points: Tensor, mask: Tensor) -> Tensor:
        """points (B, T, 100, 16), mask (B, T) bool -> (B, T, width), 0 where the mask is."""
        batch, length = mask.shape
        clip_means = self._clip_means(points, mask)
        rows = points.flatten(0, 1)
        if not self.training:
            owner = torch.arange(batch, device=mask.device).repeat_interleave(length)
            out = self._encode(rows, [m.index_select(0, owner) for m in clip_means])
            return out.unflatten(0, (batch, length)) * mask.unsqueeze(2)
        real = mask.flatten().nonzero().squeeze(1)
        owner = real.div(length, rounding_mode="floor")
        out = self._encode(rows[real], [m.index_select(0, owner) for m in clip_means])
        return (
            out.new_zeros(batch * length, out.shape[1])
            .index_copy(0, real, out)
            .unflatten(0, (batch, length))
        )

    def _clip_means(self, points: Tensor, mask: Tensor) -> list[Tensor]:
        """Mean over real frames and points of left hand, right hand, lips, face: (B, 16) each."""
        if not self.centre:
            return []
        weight = mask.to(points.dtype) / mask.sum(1, keepdim=True).clamp(min=1)
        over_time = torch.einsum("bt,btpc->bpc", weight, points)
        left, right, silhouette, lips, _, face = over_time.split(_PIECES, dim=1)
        parts = (left, right, lips, torch.cat([silhouette, face], dim=1))
        return [part.mean(1) for part in parts]

    def _encode(self, rows: Tensor, centres: list[Tensor]) -> Tensor:
        """(N, 100, 16) and up to four (N, 16) -> (N, width)."""
        pieces = [piece.flatten(1) for piece in rows.split(_PIECES, dim=1)]
        left, right, lips, face = centres or (None, None, None, None)
        hands = torch.maximum(
            self.left_hand([pieces[_LEFT]], left), self.right_hand([pieces[_RIGHT]], right)
        )
        features = [
            self.full([rows.flatten(1)]),
            hands,
            self.lips([pieces[_LIPS]], lips),
            self.face([pieces[_SILHOUETTE], pieces[_FACE]], face),
        ]
        return self.join([torch.cat(features, dim=1)])
