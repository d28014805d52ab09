"""The frame encoder that runs: points (B, T, 100, 16) and mask (B, T) in, (B, T, D) out.

Same numbers as `reference.encode`, otherwise: a part's mean is subtracted behind the product,
where it is 16 numbers a clip and not P 16 numbers a frame; parts are views of one row a frame, not
gathers. On a CPU there are rows for the real frames only; elsewhere (a GPU, a compiled or
exported graph) rows for all frames and a mask in the statistics. Measured: 1.2 times as
fast forward, 1.3 times with gradients (benchmarks/results/reference_speed.csv).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from signlet.landmarks import NUM_SELECTED, PARTS
from signlet.model.elementwise import Dropout, mish
from signlet.model.embedding import EMBED
from signlet.model.norm import Counted, FrameNorm, side_by_side
from signlet.model.real_frames import RealFrames

# The 100 points cut where the types change; the face part takes two of the pieces.
PIECES = tuple(points * EMBED for points in (21, 21, 18, 21, 12, 7))
SILHOUETTE, LIPS, FACE = 2, 3, 5


class LinearNormAct(nn.Module):
    """Linear, BatchNorm, Dropout, Mish on (N, D) rows, one row a frame."""

    def __init__(self, inputs: int, outputs: int, dropout: float) -> None:
        super().__init__()
        self.linear = nn.Linear(inputs, outputs)
        self.norm = FrameNorm(outputs)
        self.dropout = Dropout(dropout)

    def forward(self, pieces: list[Tensor], real: RealFrames, centre: bool = False) -> Tensor:
        """Rows (N, D_in), cut into pieces along D_in, to (N, D_out).

        centre: subtract from every embedded point the mean of all pieces over the clip.
        """
        if centre:
            hidden = self._centred(pieces, real)
        else:
            hidden = _product(pieces, self.linear.weight, self.linear.bias)
        return mish(self.dropout(self.norm(hidden)))

    def _centred(self, pieces: list[Tensor], real: RealFrames) -> Tensor:
        """The mean is subtracted behind the product, where it is 16 numbers a clip.

        The mean over the points rides along as 16 more rows of the weight.
        """
        weight = self.linear.weight
        outputs, inputs = weight.shape
        points = inputs // EMBED
        mean = torch.eye(EMBED, dtype=weight.dtype, device=weight.device).repeat(1, points) / points
        hidden, centre = _product(pieces, torch.cat([weight, mean])).split([outputs, EMBED], dim=1)
        of_all_points = weight.unflatten(1, (points, EMBED)).sum(1)
        return hidden + real.expand(F.linear(real.mean(centre), -of_all_points, self.linear.bias))


def _product(pieces: list[Tensor], weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """(N, D_in) in pieces along D_in times (D_out, D_in) -> (N, D_out)."""
    if len(pieces) == 1:
        return F.linear(pieces[0], weight, bias)
    weights = weight.split([piece.shape[1] for piece in pieces], dim=1)
    out = F.linear(pieces[0], weights[0], bias)
    for piece, part in zip(pieces[1:], weights[1:], strict=True):
        out = out + F.linear(piece, part)
    return out


class FrameEncoder(nn.Module):
    """(B, T, 100, 16) embedded points to (B, T, width) frames.

    Left hand, right hand, lips and face are centred over the clip; both hands share the
    features of one (their maximum), since signers favour either.
    """

    _same_part: Tensor

    def __init__(
        self,
        dense: int,
        width: int,
        dropout: float,
        part_dropout: float,
        centre: bool = True,
        moving: int = 0,
    ) -> None:
        """moving: numbers of a frame that tell motion and bones, a part of their own; 0: none."""
        super().__init__()
        sizes = {name: len(PARTS[name]) * EMBED for name in PARTS if name != "arms"}
        self.left_hand = LinearNormAct(sizes["left_hand"], dense, part_dropout)
        self.right_hand = LinearNormAct(sizes["right_hand"], dense, part_dropout)
        self.lips = LinearNormAct(sizes["lips"], dense, part_dropout)
        self.face = LinearNormAct(sizes["face"], dense, part_dropout)
        self.full = LinearNormAct(sizes["full"], dense, part_dropout)
        parts = 4 if moving == 0 else 5
        self.join = LinearNormAct(parts * dense, width, dropout)
        self.moving = LinearNormAct(moving, dense, part_dropout) if moving else None
        self.centre = centre
        self.register_buffer("_same_part", _same_part(), persistent=False)

    def forward(
        self,
        points: Tensor,
        mask: Tensor,
        shapes: Tensor | None = None,
        moved: Tensor | None = None,
    ) -> Tensor:
        """points (B, T, 100, 16), mask (B, T) bool -> (B, T, width), 0 where the mask is.

        On a CPU `of_real_frames` does the same.

        shapes: (B, T, 42, 16), what the parts of the hands see instead of the hands' points;
            it is not centred, since it is already.
        moved: (B, T, moving), where the encoder was made for it.
        """
        rows = points.flatten(2)
        pieces = (self._centred(rows, mask) if self.centre else rows).split(PIECES, dim=2)
        left, right = pieces[:2] if shapes is None else shapes.flatten(2).chunk(2, dim=2)
        face = torch.cat([pieces[SILHOUETTE], pieces[FACE]], dim=2)
        layers = [self.full, self.left_hand, self.right_hand, self.lips, self.face]
        seen = [rows, left, right, pieces[LIPS], face]
        if self.moving is not None and moved is not None:
            layers.append(self.moving)
            seen.append(moved)
        counted = self._counted(mask)
        features = _activated(layers, seen, counted)
        dense = self.full.linear.out_features
        full, left, right, others = features.split(
            [dense, dense, dense, (len(layers) - 3) * dense], 1
        )
        joined = torch.cat([full, torch.maximum(left, right), others], dim=1)
        out = _activated([self.join], [joined], counted)
        return out.unflatten(0, mask.shape) * mask.unsqueeze(2)

    def of_real_frames(
        self,
        points: Tensor,
        real: RealFrames,
        shapes: Tensor | None = None,
        moved: Tensor | None = None,
    ) -> Tensor:
        """The same with rows (N, width) for the real frames only."""
        centre, rows = self.centre, real.pack(points)
        pieces = rows.split(PIECES, dim=1)
        left, right = pieces[:2] if shapes is None else real.pack(shapes).chunk(2, dim=1)
        centred = centre and shapes is None
        hands = torch.maximum(
            self.left_hand([left], real, centred), self.right_hand([right], real, centred)
        )
        features = [
            self.full([rows], real),
            hands,
            self.lips([pieces[LIPS]], real, centre),
            self.face([pieces[SILHOUETTE], pieces[FACE]], real, centre),
        ]
        if self.moving is not None and moved is not None:
            features.append(self.moving([real.pack(moved)], real))
        joined: Tensor = self.join([torch.cat(features, dim=1)], real)
        return joined

    def _counted(self, mask: Tensor) -> Counted | None:
        return Counted.of(mask.flatten(), self.full.linear.weight.dtype) if self.training else None

    def _centred(self, rows: Tensor, mask: Tensor) -> Tensor:
        """Subtract from rows (B, T, 1600) each part's mean over the clip."""
        weight = mask.to(self._same_part.dtype)
        weight = weight / weight.sum(1, keepdim=True).clamp(min=1)
        mean = torch.bmm(weight.unsqueeze(1).to(rows.dtype), rows).unflatten(2, (-1, EMBED))
        points = self._same_part.sum(1).clamp(min=1)
        of_part = (F.linear(mean.squeeze(1).mT, self._same_part) / points).to(rows.dtype)
        return rows - of_part.mT.flatten(1).unsqueeze(1)


def _activated(layers: list[LinearNormAct], seen: list[Tensor], counted: Counted | None) -> Tensor:
    """Several layers side by side, each of what it sees, (..., D_in) -> (B T, all D_out)."""
    hidden = [layer.linear(one).flatten(0, -2) for layer, one in zip(layers, seen, strict=True)]
    norms = [layer.norm for layer in layers]
    if counted is None:
        hidden = [norm(one) for norm, one in zip(norms, hidden, strict=True)]
    joined = torch.cat(hidden, dim=1) if len(hidden) > 1 else hidden[0]
    normed = joined if counted is None else side_by_side(norms, joined, counted)
    return mish(layers[0].dropout(normed))


def _same_part() -> Tensor:
    """(100, 100), 1 where two points are of the same centred part, else 0, as for the arms."""
    same = torch.zeros(NUM_SELECTED, NUM_SELECTED)
    for name in ("left_hand", "right_hand", "lips", "face"):
        points = torch.from_numpy(PARTS[name])
        same[points[:, None], points] = 1
    return same
