"""The network that runs: frames (B, T, 100, 3) and mask (B, T) in, logits (B, K) out.

`reference.logits` states the same to learn from. Here every step is one of the fast modules, and
clips need no padding to `max_len`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from signlet.model.attention import DisentangledAttention
from signlet.model.config import ModelConfig
from signlet.model.elementwise import Dropout, mish
from signlet.model.embedding import LandmarkEmbedding
from signlet.model.frame_encoder import FrameEncoder
from signlet.model.hands import hand_shapes
from signlet.model.head import NearestHead


@dataclass(frozen=True)
class Mixup:
    """One draw of manifold mixup (Verma et al. 2019, arXiv:1806.05236) for a batch.

    layer: (B,) int64, before which of the three transformer layers each clip is mixed.
    order: (B,) int64, the clip that each is mixed with; itself where it is not mixed.
    share: (B,) in [0, 1], what each clip keeps of itself.
    layers: the layers that occur in `layer`.
    """

    layer: Tensor
    order: Tensor
    share: Tensor
    layers: tuple[int, ...] = (0, 1, 2)

    def mix(self, hidden: Tensor, mask: Tensor, layer: int) -> tuple[Tensor, Tensor]:
        """Mix hidden (B, T, D) before a layer; a frame is real where one of both is, mask (B, T).

        Clips that are not mixed here stay as they are.
        """
        here = self.layer == layer
        order = torch.where(here, self.order, torch.arange(len(here), device=here.device))
        share = torch.where(here, self.share, 1.0).to(hidden.dtype)[:, None, None]
        return hidden * share + hidden[order] * (1 - share), mask | mask[order]


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

    def forward(self, hidden: Tensor, mask: Tensor) -> Tensor:
        """(B, T, D), (B, T) -> (B, T, D_out)."""
        attended = self.dropout(self.attention_out(self.attention(hidden, mask)))
        hidden = self.attention_norm(attended + hidden)
        hidden = hidden + mish(self.intermediate(hidden))
        normed: Tensor = self.out_norm(self.dropout(self.out(hidden)))
        return normed


class SignModel(nn.Module):
    """Landmark embedding, frame encoder, three transformer layers, mean over time, logits."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        widths = config.widths
        self.embedding = LandmarkEmbedding(config.max_len, config.position_convolutions)
        self.encoder = FrameEncoder(
            config.dense,
            widths[0],
            config.encoder_dropout,
            config.part_dropout,
            config.centre_parts,
        )
        self.layers = nn.ModuleList(
            TransformerLayer(
                width, out, config.heads, config.max_len, dropout, plain=not config.disentangled
            )
            for width, out, dropout in zip(
                widths[:3], widths[1:], config.layer_dropout, strict=True
            )
        )
        self.logits = nn.Linear(widths[3], config.num_classes)
        self.nearest = None
        if config.prototypes:
            self.nearest = NearestHead(widths[3], config.num_classes, config.prototypes)

    def forward(self, frames: Tensor, mask: Tensor, mixup: Mixup | None = None) -> Tensor:
        """Logits of a batch of clips: (B, K). The arguments are those of `features`."""
        return self.classify(self.features(frames, mask, mixup))

    def classify(self, features: Tensor) -> Tensor:
        """Logits (B, K) of the output of `features`, (B, D)."""
        logits: Tensor = (
            self.logits(features) if self.nearest is None else self.nearest(unit(features))
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
        shapes = self.embedding(hand_shapes(frames)) if self.config.hand_shapes else None
        hidden = self.encoder(self.embedding(frames), mask, shapes)
        for number, layer in enumerate(self.layers):
            if mixup is not None and number in mixup.layers:
                hidden, mask = mixup.mix(hidden, mask, number)
            hidden = layer(hidden, mask)
        weight = mask.to(hidden.dtype).unsqueeze(2)
        mean: Tensor = (hidden * weight).sum(1) / weight.sum(1).clamp(min=1)
        return mean


def unit(features: Tensor) -> Tensor:
    """(B, D) of any length -> (B, D) of length 1; zeros stay zeros."""
    length: Tensor = features.square().sum(-1, keepdim=True).sqrt()
    return features / length.clamp(min=1e-12)


def joint_embedding(features: Sequence[Tensor]) -> Tensor:
    """The embedding of a model of several members.

    features: of each member (B, D), maybe of different D and of any length.
    Returns (B, sum of D), of length 1: each member has the same say in a cosine.
    """
    whole = torch.cat([unit(one) for one in features], dim=1)
    return whole / math.sqrt(len(features))
