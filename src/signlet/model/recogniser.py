"""The network that runs: frames (B, T, 100, 3) and mask (B, T) in, logits (B, K) out.

`reference.logits` states the same to learn from. Here every step is one of the fast modules, and
clips need no padding to `max_len`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from signlet.model.attention import DisentangledAttention
from signlet.model.config import ModelConfig
from signlet.model.conv import ConvBackbone
from signlet.model.elementwise import Dropout, mish
from signlet.model.embedding import LandmarkEmbedding
from signlet.model.frame_encoder import FrameEncoder
from signlet.model.hands import hand_shapes
from signlet.model.head import NearestHead
from signlet.model.mixup import Mixup
from signlet.model.motion import moving, num_moving
from signlet.model.real_frames import RealFrames, can_drop_padding


class TransformerLayer(nn.Module):
    """One DeBERTa-v2 block that can change its width."""

    def __init__(
        self, width: int, out_width: int, heads: int, max_len: int, dropout: float, plain: bool
    ) -> None:
        super().__init__()
        self.attention = DisentangledAttention(width, heads, max_len, disentangled=not plain)
        self.attention_out = nn.Linear(width, width)
        self.attention_norm = nn.LayerNorm(width, eps=1e-7)
        self.intermediate = nn.Linear(width, width)
        self.out = nn.Linear(width, out_width)
        self.out_norm = nn.LayerNorm(out_width, eps=1e-7)
        self.dropout = Dropout(dropout)

    def forward(self, hidden: Tensor, mask: Tensor, real: RealFrames | None = None) -> Tensor:
        """(B, T, D), (B, T) -> (B, T, D_out); with real, of the mask, (N, D) -> (N, D_out)."""
        attended = self.dropout(self.attention_out(self.attention(hidden, mask, real)))
        hidden = self.attention_norm(attended + hidden)
        hidden = hidden + mish(self.intermediate(hidden))
        normed: Tensor = self.out_norm(self.dropout(self.out(hidden)))
        return normed


class SignModel(nn.Module):
    """A backbone, its mean over time, logits.

    The backbone is `conv`, or else landmark embedding, frame encoder and three transformer layers.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.conv = ConvBackbone(config) if config.backbone == "conv" else None
        if self.conv is None:
            self._build_transformer(config)
        width = config.widths[3]
        self.late_dropout = LateDropout(config.late_dropout, config.late_from)
        self.logits = nn.Linear(width, config.num_classes)
        self.nearest = None
        if config.prototypes:
            self.nearest = NearestHead(width, config.num_classes, config.prototypes)

    def _build_transformer(self, config: ModelConfig) -> None:
        widths = config.widths
        self.embedding = LandmarkEmbedding(config.max_len, config.position_convolutions)
        self.encoder = FrameEncoder(
            config.dense,
            widths[0],
            config.encoder_dropout,
            config.part_dropout,
            config.centre_parts,
            num_moving(config),
        )
        self.layers = nn.ModuleList(
            TransformerLayer(
                width, out, config.heads, config.max_len, dropout, plain=not config.disentangled
            )
            for width, out, dropout in zip(
                widths[:3], widths[1:], config.layer_dropout, strict=True
            )
        )

    def forward(self, frames: Tensor, mask: Tensor, mixup: Mixup | None = None) -> Tensor:
        """Logits of a batch of clips: (B, K). The arguments are those of `features`."""
        return self.classify(self.features(frames, mask, mixup))

    def classify(self, features: Tensor) -> Tensor:
        """Logits (B, K) of the output of `features`, (B, D)."""
        logits: Tensor = (
            self.logits(self.late_dropout(features))
            if self.nearest is None
            else self.nearest(unit(features))
        )
        return logits

    def features(self, frames: Tensor, mask: Tensor, mixup: Mixup | None = None) -> Tensor:
        """The last hidden layer's mean over the frames of each clip.

        frames: (B, T, 100, 3) float, output of `Preprocess`, 0 where nothing was found,
            1 <= T <= max_len.
        mask: (B, T) bool, True for real frames, at least one a clip.
        mixup: mixed labels are the caller's business.
        Returns (B, D), of any length; `unit` makes it an embedding.
        """
        if frames.shape[1] > self.config.max_len:
            raise ValueError(
                f"clips have {frames.shape[1]} frames, the model takes {self.config.max_len}: "
                f"use Preprocess(max_len={self.config.max_len})"
            )
        if self.conv is None and can_drop_padding(mask):
            return self._of_real_frames(frames, mask, mixup)
        backbone = self._transformed if self.conv is None else self.conv
        hidden, mask = backbone(frames, mask, mixup)
        weight = mask.to(hidden.dtype).unsqueeze(2)
        mean: Tensor = (hidden * weight).sum(1) / weight.sum(1).clamp(min=1)
        return mean

    def _transformed(
        self, frames: Tensor, mask: Tensor, mixup: Mixup | None
    ) -> tuple[Tensor, Tensor]:
        """(B, T, 100, 3), mask (B, T) -> (B, T, D) and the mask of what was mixed."""
        shapes, moved = self._more_inputs(frames, mask)
        hidden = self.encoder(self.embedding(frames), mask, shapes, moved)
        for number, layer in enumerate(self.layers):
            if mixup is not None and number in mixup.layers:
                hidden, mask = mixup.mix(hidden, mask, number)
            hidden = layer(hidden, mask)
        return hidden, mask

    def _of_real_frames(self, frames: Tensor, mask: Tensor, mixup: Mixup | None) -> Tensor:
        """As `features`, with rows for the real frames only, but in attention and mixup."""
        shapes, moved = self._more_inputs(frames, mask)
        real = RealFrames(mask)
        rows = self.encoder.of_real_frames(self.embedding(frames), real, shapes, moved)
        for number, layer in enumerate(self.layers):
            if mixup is not None and number in mixup.layers:
                hidden, mask = mixup.mix(real.unpack(rows), mask, number)
                real = RealFrames(mask)
                rows = real.take(hidden)
            rows = layer(rows, mask, real)
        return real.mean(rows)

    def _more_inputs(self, frames: Tensor, mask: Tensor) -> tuple[Tensor | None, Tensor | None]:
        """Hand shapes and what moves, where the encoder was made for them."""
        shapes = self.embedding(hand_shapes(frames)) if self.config.hand_shapes else None
        if not num_moving(self.config):
            return shapes, None
        return shapes, moving(frames * mask[:, :, None, None], self.config)


class LateDropout(nn.Module):
    """Dropout that sets in late, when a model begins to learn its clips by heart.

    p: chance of each number to become 0. late_from: share of the training before it does.
    """

    def __init__(self, p: float, late_from: float) -> None:
        super().__init__()
        self.dropout, self.late_from, self.on = Dropout(p), late_from, True

    def begin(self, share: float) -> None:
        """Tell how much of the training, 0 to 1, is over."""
        self.on = share >= self.late_from

    def forward(self, features: Tensor) -> Tensor:
        """(B, D) -> (B, D)."""
        dropped: Tensor = self.dropout(features) if self.on and self.dropout.p else features
        return dropped


def unit(features: Tensor) -> Tensor:
    """(B, D) of any length -> (B, D) of length 1; zeros stay zeros."""
    length: Tensor = features.square().sum(-1, keepdim=True).sqrt()
    return features / length.clamp(min=1e-12)


def joint_embedding(features: Sequence[Tensor]) -> Tensor:
    """The embedding of a model of several members.

    features: of each member (B, D), maybe of different D and of any length.
    Returns (B, sum of D), of length 1: each member has the same weight in a cosine.
    """
    whole = torch.cat([unit(one) for one in features], dim=1)
    return whole / math.sqrt(len(features))
