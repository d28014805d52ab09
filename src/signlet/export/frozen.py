"""A trained network for inference only, with everything folded that does not see the clip.

Batch norms go into the products before them, the tables of positions are projected, the
embedding's convolutions become one. The rest is written in the operators that ONNX and
LiteRT have, for any B and T, and equals `SignModel` in eval mode.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from signlet.export.frozen_conv import FrozenConv
from signlet.export.linear import Linear as Linear
from signlet.export.linear import scale_and_shift
from signlet.model import SignModel
from signlet.model.attention import DisentangledAttention
from signlet.model.embedding import EMBED, LandmarkEmbedding
from signlet.model.frame_encoder import (
    FACE,
    LIPS,
    PIECES,
    SILHOUETTE,
    FrameEncoder,
    LinearNormAct,
)
from signlet.model.hands import hand_shapes
from signlet.model.head import SCALE, NearestHead
from signlet.model.motion import moving
from signlet.model.recogniser import TransformerLayer, unit
from signlet.model.relative_positions import shift_rows


class FrozenModel(nn.Module):
    """`SignModel` in eval mode, without its dropouts, statistics and tables."""

    def __init__(self, model: SignModel) -> None:
        super().__init__()
        self.max_len = model.config.max_len
        with torch.no_grad():
            self.backbone = _Transformer(model) if model.conv is None else FrozenConv(model.conv)
            self.logits = Linear(model.logits.weight, model.logits.bias)
            self.nearest = None if model.nearest is None else _Nearest(model.nearest)
        self.requires_grad_(False).eval()

    def forward(self, frames: Tensor, mask: Tensor) -> Tensor:
        """Logits of a batch of clips: (B, K). The arguments are those of `features`."""
        return self.classify(self.features(frames, mask))

    def classify(self, features: Tensor) -> Tensor:
        """Logits (B, K) of the answer of `features`, (B, D)."""
        logits: Tensor = (
            self.logits(features) if self.nearest is None else self.nearest(unit(features))
        )
        return logits

    def features(self, frames: Tensor, mask: Tensor) -> Tensor:
        """The last hidden layer's mean over the frames of each clip.

        frames: (B, T, 100, 3) float32, output of `Preprocess`, 0 if nothing was found,
            1 <= T <= max_len.
        mask: (B, T) bool, True for real frames, at least one a clip.
        Returns (B, D), of any length.
        """
        real = mask.to(frames.dtype).unsqueeze(2)
        hidden = self.backbone(frames, real) * real
        return hidden.sum(1) / real.sum(1)


class _Transformer(nn.Module):
    """Landmark embedding, frame encoder and the transformer layers."""

    def __init__(self, model: SignModel) -> None:
        super().__init__()
        self.size = model.config
        self.embedding = _Embedding(model.embedding)
        self.encoder = _Encoder(model.encoder, centre_hands=not model.config.hand_shapes)
        layers = [layer for layer in model.layers if isinstance(layer, TransformerLayer)]
        self.layers = nn.ModuleList(_Layer(layer) for layer in layers)

    def forward(self, frames: Tensor, real: Tensor) -> Tensor:
        """frames (B, T, 100, 3), real (B, T, 1) float, 1 for real frames -> (B, T, D)."""
        shapes = self.embedding(hand_shapes(frames)) if self.size.hand_shapes else None
        moved = moving(frames * real.unsqueeze(3), self.size)
        rows = self.encoder(self.embedding(frames), real, shapes, moved)
        bias = ((1 - real) * -1e4).transpose(1, 2).unsqueeze(1)
        for layer in self.layers:
            rows = layer(rows, bias)
        return rows.unflatten(0, real.shape[:2])


class _Nearest(nn.Module):
    """`NearestHead` as one product with the means and the prototypes."""

    def __init__(self, head: NearestHead) -> None:
        super().__init__()
        self.signs, self.prototypes = head.prototypes.shape[:2]
        rows = torch.cat([head.means, head.prototypes.flatten(0, 1)]) * (SCALE / 2)
        self.likeness = Linear(rows, torch.zeros(len(rows)))

    def forward(self, embedding: Tensor) -> Tensor:
        means, nearest = self.likeness(embedding).split(
            [self.signs, self.signs * self.prototypes], dim=1
        )
        logits: Tensor = means + nearest.unflatten(1, (self.signs, self.prototypes)).amax(2)
        return logits


def _mish(x: Tensor) -> Tensor:
    """Mish by one sigmoid g: the factor is t / (2 - t) with t = g (2 - g).

    Runtimes have a fast sigmoid, and no fast softplus.
    """
    gate = torch.sigmoid(x)
    squashed = gate * (2 - gate)
    return x * squashed / (2 - squashed)


class _Embedding(nn.Module):
    """(B, T, P, 3) -> (B, T, P, 16)."""

    taps: Tensor
    bias: Tensor

    def __init__(self, embedding: LandmarkEmbedding) -> None:
        super().__init__()
        bias, taps = embedding.folded(embedding.max_len)
        self.reach = taps.shape[1] // 2
        self.register_buffer("taps", taps.flatten(1, 2))
        self.register_buffer("bias", bias)

    def forward(self, frames: Tensor) -> Tensor:
        length = frames.shape[1]
        padded = F.pad(frames, (0, 0, 0, 0, self.reach, self.reach))
        shifted = [padded.narrow(1, k, length) for k in range(2 * self.reach + 1)]
        windows = torch.cat(shifted, dim=3)
        return windows @ self.taps[:length] + self.bias[: frames.shape[2]]


class _Encoder(nn.Module):
    """(B, T, 100, 16) -> rows (B T, width), 0 if no frame is."""

    def __init__(self, encoder: FrameEncoder, centre_hands: bool) -> None:
        super().__init__()
        centre = encoder.centre
        self.left = _part(encoder.left_hand, centre and centre_hands)
        self.right = _part(encoder.right_hand, centre and centre_hands)
        self.lips = _part(encoder.lips, centre)
        self.face = _part(encoder.face, centre)
        self.full = _part(encoder.full, False)
        self.moving = None if encoder.moving is None else _part(encoder.moving, False)
        self.join = Linear(*_without_norm(encoder.join))

    def forward(
        self, points: Tensor, real: Tensor, shapes: Tensor | None, moved: Tensor | None
    ) -> Tensor:
        rows = _rows(points)
        pieces = rows.split(PIECES, dim=1)
        left, right = pieces[:2] if shapes is None else _rows(shapes).chunk(2, dim=1)
        lips, face = pieces[LIPS], torch.cat([pieces[SILHOUETTE], pieces[FACE]], dim=1)
        hands = torch.maximum(_mish(self.left(left, real)), _mish(self.right(right, real)))
        rest = [_mish(part(x, real)) for part, x in ((self.lips, lips), (self.face, face))]
        if self.moving is not None and moved is not None:
            rest.append(_mish(self.moving(_rows(moved), real)))
        joined = torch.cat([_mish(self.full(rows, real)), hands, *rest], dim=1)
        return _mish(self.join(joined)) * real.flatten(0, 1)


def _rows(points: Tensor) -> Tensor:
    return points.flatten(0, 1).flatten(1)


class _Plain(Linear):
    def forward(self, rows: Tensor, real: Tensor) -> Tensor:  # type: ignore[override]
        return super().forward(rows)


class _Centred(nn.Module):
    """A product of points around their mean over the clip, which is subtracted behind it."""

    def __init__(self, weight: Tensor, bias: Tensor) -> None:
        super().__init__()
        outputs, inputs = weight.shape
        points = inputs // EMBED
        mean = torch.eye(EMBED).repeat(1, points) / points
        self.sizes = [outputs, EMBED]
        wide = torch.cat([weight, mean])
        self.product = Linear(wide, torch.zeros(len(wide)))
        self.centre = Linear(-weight.unflatten(1, (points, EMBED)).sum(1), bias)

    def forward(self, rows: Tensor, real: Tensor) -> Tensor:
        hidden, means = self.product(rows).split(self.sizes, dim=1)
        of_clip = (means.unflatten(0, real.shape[:2]) * real).sum(1) / real.sum(1)
        offset = self.centre(of_clip).unsqueeze(1)
        return (hidden.unflatten(0, real.shape[:2]) + offset).flatten(0, 1)


def _part(features: LinearNormAct, centre: bool) -> nn.Module:
    return (_Centred if centre else _Plain)(*_without_norm(features))


def _without_norm(features: LinearNormAct) -> tuple[Tensor, Tensor]:
    """Weight and bias of a product that is followed by a batch norm, in one."""
    linear = features.linear
    assert features.norm.running_mean is not None
    scale, _ = scale_and_shift(features.norm)
    bias = (linear.bias - features.norm.running_mean) * scale + features.norm.bias
    return linear.weight * scale.unsqueeze(1), bias


class _Layer(nn.Module):
    """One transformer layer on rows (B T, D)."""

    def __init__(self, layer: TransformerLayer) -> None:
        super().__init__()
        self.attention = _Attention(layer.attention)
        self.attention_out = Linear(layer.attention_out.weight, layer.attention_out.bias)
        self.attention_norm = layer.attention_norm
        self.intermediate = Linear(layer.intermediate.weight, layer.intermediate.bias)
        self.out = Linear(layer.out.weight, layer.out.bias)
        self.out_norm = layer.out_norm

    def forward(self, rows: Tensor, bias: Tensor) -> Tensor:
        attended = self.attention_out(self.attention(rows, bias))
        hidden = self.attention_norm(attended + rows)
        hidden = hidden + _mish(self.intermediate(hidden))
        normed: Tensor = self.out_norm(self.out(hidden))
        return normed


class _Attention(nn.Module):
    """Disentangled attention whose position tables are projected beforehand."""

    tables: Tensor | None

    def __init__(self, attention: DisentangledAttention) -> None:
        super().__init__()
        self.heads, self.max_len = attention.heads, attention.max_len
        weight, bias = attention.qkv.weight.clone(), attention.qkv.bias.clone()
        width = weight.shape[1]
        weight[:width] *= attention.scale  # the queries
        bias[:width] *= attention.scale
        self.qkv = Linear(weight, bias)
        tables = None
        if attention.disentangled:
            by_key, by_query = attention.position_tables(self.max_len).mT
            tables = torch.stack([by_key / attention.scale, by_query])
        self.register_buffer("tables", tables)

    def forward(self, rows: Tensor, bias: Tensor) -> Tensor:
        """rows (B T, D), bias (B, 1, 1, T) -> (B T, D)."""
        batch, length = bias.shape[0], bias.shape[3]
        qkv = self.qkv(rows).view(batch, length, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        scores = qkv[0] @ qkv[1].mT + bias
        if self.tables is not None:
            places = self.tables.narrow(3, self.max_len - length, 2 * length)
            by_key, by_query = shift_rows(qkv[:2] @ places.unsqueeze(1)).unbind()
            scores = scores + by_key + by_query.mT
        mixed = torch.softmax(scores, -1) @ qkv[2]
        return mixed.transpose(1, 2).flatten(2).flatten(0, 1)
