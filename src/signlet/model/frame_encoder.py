"""Embedded points of a frame to one vector a frame, part by part."""

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


def counts_at_once(mask: Tensor) -> bool:
    """Whether the number of real frames is known without waiting for a device."""
    return mask.device.type == "cpu" and not torch.compiler.is_compiling()


class _Clips:
    """Which row, one a frame, belongs to which clip.

    In training on a CPU there are rows for the real frames only, so that padding costs
    nothing; else the B T rows of all frames, so that shapes follow from B and T and nobody
    waits for a GPU to count. Padding is in no batch statistic either way.
    """

    def __init__(self, mask: Tensor, training: bool) -> None:
        """mask: (B, T) bool, True for real frames."""
        self.mask = mask
        self.real = mask.nonzero().unbind(1) if training and counts_at_once(mask) else None
        """Clip and frame of each row."""
        self.counted = mask.flatten() if training and self.real is None else None
        """(B T,) bool, rows that batch statistics are made of; None: all rows, or no matter."""

    def rows(self, points: Tensor) -> Tensor:
        """(B, T, 100, 16) -> (N, 1600); `LandmarkEmbedding` leaves the frames by time."""
        if self.real is None:
            return points.flatten(0, 1).flatten(1)
        clip, frame = self.real
        by_time = points.transpose(0, 1).flatten(0, 1).flatten(1)
        return by_time.index_select(0, frame * len(self.mask) + clip)

    def spread(self, rows: Tensor) -> Tensor:
        """(N, D) -> (B, T, D), 0 where the mask is."""
        batch, length = self.mask.shape
        if self.real is None:
            return rows.unflatten(0, (batch, length)) * self.mask.unsqueeze(2)
        clip, frame = self.real
        nothing = rows.new_zeros(batch * length, rows.shape[1])
        return nothing.index_copy(0, clip * length + frame, rows).unflatten(0, (batch, length))

    def mean(self, rows: Tensor) -> Tensor:
        """(N, D) -> (B, D), over the real frames."""
        return self.spread(rows).sum(1) / self.mask.sum(1, keepdim=True).clamp(min=1)

    def repeat(self, values: Tensor) -> Tensor:
        """(B, D) -> (N, D)."""
        if self.real is None:
            return values.unsqueeze(1).expand(-1, self.mask.shape[1], -1).flatten(0, 1)
        return values.index_select(0, self.real[0])


class Features(nn.Module):
    """Linear, BatchNorm, Dropout, Mish on (N, D) rows, one row a frame."""

    def __init__(self, inputs: int, outputs: int, dropout: float) -> None:
        super().__init__()
        self.linear = nn.Linear(inputs, outputs)
        self.norm = FrameNorm(outputs)
        self.dropout = Dropout(dropout)

    def forward(self, pieces: list[Tensor], clips: _Clips, centre: bool = False) -> Tensor:
        """Rows (N, D_in), cut into pieces along D_in, to (N, D_out).

        centre: subtract from every embedded point the mean of all pieces over the clip.
        """
        if centre:
            hidden = self._centred(pieces, clips)
        else:
            hidden = _product(pieces, self.linear.weight) + self.linear.bias
        return mish(self.dropout(self.norm(hidden, clips.counted)))

    def _centred(self, pieces: list[Tensor], clips: _Clips) -> Tensor:
        """The mean is subtracted behind the product, where it is 16 numbers a clip.

        The mean over the points rides along as 16 more rows of the weight.
        """
        weight = self.linear.weight
        outputs, inputs = weight.shape
        points = inputs // EMBED
        mean = torch.eye(EMBED, dtype=weight.dtype, device=weight.device).repeat(1, points) / points
        hidden, centre = _product(pieces, torch.cat([weight, mean])).split([outputs, EMBED], dim=1)
        of_all_points = weight.unflatten(1, (points, EMBED)).sum(1)
        return hidden + clips.repeat(F.linear(clips.mean(centre), -of_all_points, self.linear.bias))


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
    place of one (their maximum), since signers favour either.
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

    def forward(self, points: Tensor, mask: Tensor, shapes: Tensor | None = None) -> Tensor:
        """points (B, T, 100, 16), mask (B, T) bool -> (B, T, width), 0 where the mask is.

        shapes: (B, T, 42, 16), what the parts of the hands see instead of the hands' points;
            it is not centred, since it is already.
        """
        clips, centre = _Clips(mask, self.training), self.centre
        rows = clips.rows(points)
        pieces = rows.split(PIECES, dim=1)
        left, right = pieces[:2] if shapes is None else clips.rows(shapes).chunk(2, dim=1)
        centred = centre and shapes is None
        hands = torch.maximum(
            self.left_hand([left], clips, centred), self.right_hand([right], clips, centred)
        )
        features = [
            self.full([rows], clips),
            hands,
            self.lips([pieces[LIPS]], clips, centre),
            self.face([pieces[SILHOUETTE], pieces[FACE]], clips, centre),
        ]
        return clips.spread(self.join([torch.cat(features, dim=1)], clips))
