"""The frame encoder that runs: points (B, T, 100, 16) and mask (B, T) in, (B, T, D) out.

Same numbers as `reference.encode`, otherwise: a part's mean is subtracted behind the product,
where it is 16 numbers a clip and not P 16 numbers a frame; parts are views of one row a frame, not
gathers. In training on a CPU there are rows for the real frames only; elsewhere (a GPU, a
compiled or exported graph) rows for all frames and a mask in the statistics. Measured: 1.2 times as
fast forward, 1.3 times with gradients (benchmarks/results/reference_speed.csv).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from signlet.landmarks import PARTS
from signlet.model.elementwise import Dropout, mish
from signlet.model.embedding import EMBED
from signlet.model.norm import FrameNorm

# The 100 points cut where the types change; the face part takes two of the pieces.
PIECES = tuple(points * EMBED for points in (21, 21, 18, 21, 12, 7))
SILHOUETTE, LIPS, FACE = 2, 3, 5


def can_drop_padding(mask: Tensor) -> bool:
    """True where the number of real frames is known without waiting for a device."""
    return mask.device.type == "cpu" and not torch.compiler.is_compiling()


class _PackedFrames:
    """Frames (B, T, ...) packed into rows (N, ...), one a frame, and back.

    In training on a CPU there are rows for the real frames only, so that padding costs
    nothing; else the B T rows of all frames, so that shapes follow from B and T and nobody
    waits for a GPU to count. Padding is in no batch statistic either way.
    """

    def __init__(self, mask: Tensor, training: bool) -> None:
        """mask: (B, T) bool, True for real frames."""
        self.mask = mask
        self.real = mask.nonzero().unbind(1) if training and can_drop_padding(mask) else None
        """Clip and frame of each row."""
        self.counted = mask.flatten() if training and self.real is None else None
        """(B T,) bool, rows that batch statistics are made of; None: all rows, or no matter."""

    def pack(self, points: Tensor) -> Tensor:
        """(B, T, 100, 16) -> (N, 1600); `LandmarkEmbedding` leaves the frames by time."""
        if self.real is None:
            return points.flatten(0, 1).flatten(1)
        clip, frame = self.real
        by_time = points.transpose(0, 1).flatten(0, 1).flatten(1)
        return by_time.index_select(0, frame * len(self.mask) + clip)

    def unpack(self, rows: Tensor) -> Tensor:
        """(N, D) -> (B, T, D), 0 where the mask is."""
        batch, length = self.mask.shape
        if self.real is None:
            return rows.unflatten(0, (batch, length)) * self.mask.unsqueeze(2)
        clip, frame = self.real
        nothing = rows.new_zeros(batch * length, rows.shape[1])
        return nothing.index_copy(0, clip * length + frame, rows).unflatten(0, (batch, length))

    def mean(self, rows: Tensor) -> Tensor:
        """(N, D) -> (B, D), over the real frames."""
        return self.unpack(rows).sum(1) / self.mask.sum(1, keepdim=True).clamp(min=1)

    def expand(self, values: Tensor) -> Tensor:
        """(B, D) -> (N, D)."""
        if self.real is None:
            return values.unsqueeze(1).expand(-1, self.mask.shape[1], -1).flatten(0, 1)
        return values.index_select(0, self.real[0])


class LinearNormAct(nn.Module):
    """Linear, BatchNorm, Dropout, Mish on (N, D) rows, one row a frame."""

    def __init__(self, inputs: int, outputs: int, dropout: float) -> None:
        super().__init__()
        self.linear = nn.Linear(inputs, outputs)
        self.norm = FrameNorm(outputs)
        self.dropout = Dropout(dropout)

    def forward(self, pieces: list[Tensor], packed: _PackedFrames, centre: bool = False) -> Tensor:
        """Rows (N, D_in), cut into pieces along D_in, to (N, D_out).

        centre: subtract from every embedded point the mean of all pieces over the clip.
        """
        if centre:
            hidden = self._centred(pieces, packed)
        else:
            hidden = _product(pieces, self.linear.weight) + self.linear.bias
        return mish(self.dropout(self.norm(hidden, packed.counted)))

    def _centred(self, pieces: list[Tensor], packed: _PackedFrames) -> Tensor:
        """The mean is subtracted behind the product, where it is 16 numbers a clip.

        The mean over the points rides along as 16 more rows of the weight.
        """
        weight = self.linear.weight
        outputs, inputs = weight.shape
        points = inputs // EMBED
        mean = torch.eye(EMBED, dtype=weight.dtype, device=weight.device).repeat(1, points) / points
        hidden, centre = _product(pieces, torch.cat([weight, mean])).split([outputs, EMBED], dim=1)
        of_all_points = weight.unflatten(1, (points, EMBED)).sum(1)
        return hidden + packed.expand(
            F.linear(packed.mean(centre), -of_all_points, self.linear.bias)
        )


def _product(pieces: list[Tensor], weight: Tensor) -> Tensor:
    """(N, D_in) in pieces along D_in times (D_out, D_in) -> (N, D_out)."""
    weights = weight.split([piece.shape[1] for piece in pieces], dim=1)
    out = F.linear(pieces[0], weights[0])
    for piece, part in zip(pieces[1:], weights[1:], strict=True):
        out = out + F.linear(piece, part)
    return out


class FrameEncoder(nn.Module):
    """(B, T, 100, 16) embedded points to (B, T, width) frames.

    Left hand, right hand, lips and face are centred over the clip; both hands share the
    features of one (their maximum), since signers favour either.
    """

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

    def forward(
        self,
        points: Tensor,
        mask: Tensor,
        shapes: Tensor | None = None,
        moved: Tensor | None = None,
    ) -> Tensor:
        """points (B, T, 100, 16), mask (B, T) bool -> (B, T, width), 0 where the mask is.

        shapes: (B, T, 42, 16), what the parts of the hands see instead of the hands' points;
            it is not centred, since it is already.
        moved: (B, T, moving), where the encoder was made for it.
        """
        packed, centre = _PackedFrames(mask, self.training), self.centre
        rows = packed.pack(points)
        pieces = rows.split(PIECES, dim=1)
        left, right = pieces[:2] if shapes is None else packed.pack(shapes).chunk(2, dim=1)
        centred = centre and shapes is None
        hands = torch.maximum(
            self.left_hand([left], packed, centred), self.right_hand([right], packed, centred)
        )
        features = [
            self.full([rows], packed),
            hands,
            self.lips([pieces[LIPS]], packed, centre),
            self.face([pieces[SILHOUETTE], pieces[FACE]], packed, centre),
        ]
        if self.moving is not None and moved is not None:
            features.append(self.moving([packed.pack(moved)], packed))
        return packed.unpack(self.join([torch.cat(features, dim=1)], packed))
