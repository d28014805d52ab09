"""The convolutional backbone: points of a clip (B, T, P, 3) to frames (B, T, D), causal in time.

Each of two stages has blocks of causal depthwise convolutions over time with efficient channel
attention, then one transformer layer: the kind of network that won the competition. Built from
inverted bottlenecks (Sandler et al. 2018, arXiv:1801.04381), depthwise convolutions over time
(Bai et al. 2018, arXiv:1803.01271), efficient channel attention (Wang et al. 2020,
arXiv:1910.03151), stochastic depth (Huang et al. 2016, arXiv:1603.09382), swish (Ramachandran
et al. 2017, arXiv:1710.05941) and pre-norm transformer layers (Vaswani et al. 2017,
arXiv:1706.03762; Xiong et al. 2020, arXiv:2002.04745).
"""

from __future__ import annotations

import math
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from signlet.landmarks import NUM_SELECTED
from signlet.model.config import ModelConfig, ModelSize
from signlet.model.elementwise import Dropout, DropPath
from signlet.model.hands import NUM_HANDS, NUM_POINTS, hand_shapes
from signlet.model.mixup import Mixup
from signlet.model.motion import LAGS, STARTS, bone_directions, differences
from signlet.model.norm import Counted, FrameNorm

EXPAND = 2
"""Width inside a block, as a multiple of its input."""
_NEIGHBOURS = 5
"""Channels that one channel's gate looks at."""


def num_inputs(size: ModelSize) -> int:
    """Numbers of a frame that `inputs` gives."""
    points = NUM_SELECTED * (1 + len(LAGS) * size.motion)
    return 3 * (points + size.hand_shapes * NUM_HANDS * NUM_POINTS + size.bones * len(STARTS))


def inputs(frames: Tensor, size: ModelSize) -> Tensor:
    """(B, T, 100, 3), 0 where nothing was found -> (B, T, F), positions and further inputs."""
    parts = [frames.flatten(2)]
    if size.motion:
        parts.append(differences(frames).flatten(2))
    if size.hand_shapes:
        parts.append(hand_shapes(frames).flatten(2))
    if size.bones:
        parts.append(bone_directions(frames).flatten(2))
    return torch.cat(parts, dim=2)


class ConvBackbone(nn.Module):
    """Stem, two stages, and one wider layer at the end."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        widths = config.widths
        self.config = config
        self.stem = nn.Linear(num_inputs(config), widths[0], bias=False)
        self.stem_norm = FrameNorm(widths[0])
        self.stem_dropout = Dropout(config.encoder_dropout)
        self.stages = nn.ModuleList(
            Stage(width, out, config, drop)
            for width, out, drop in zip(
                widths[:2], widths[1:3], config.layer_dropout[:2], strict=True
            )
        )
        self.top = nn.Linear(widths[2], widths[3])
        self.top_dropout = Dropout(config.layer_dropout[2])

    def forward(self, frames: Tensor, mask: Tensor, mixup: Mixup | None) -> tuple[Tensor, Tensor]:
        """(B, T, 100, 3), mask (B, T) -> (B, T, D_out) and the mask of what was mixed.

        mixup: layers 0 and 1 are the stages, 2 is the wider layer at the end.
        """
        hidden = self.start(frames, mask)
        for number, stage in enumerate((*self.stages, None)):
            if mixup is not None and number in mixup.layers:
                hidden, mask = mixup.mix(hidden, mask, number)
            hidden = self.finish(hidden) if stage is None else stage(hidden, mask)
        return hidden, mask

    def start(self, frames: Tensor, mask: Tensor) -> Tensor:
        """(B, T, 100, 3), mask (B, T) bool -> (B, T, D), 0 where the mask is."""
        real = mask.unsqueeze(2).to(frames.dtype)
        hidden = self.stem(inputs(frames * real.unsqueeze(3), self.config))
        return self.stem_dropout(normalised(self.stem_norm, hidden, mask)) * real

    def finish(self, hidden: Tensor) -> Tensor:
        """(B, T, D) after both stages -> (B, T, D_out)."""
        top: Tensor = self.top_dropout(F.silu(self.top(hidden)))
        return top


class Stage(nn.Module):
    """Convolution blocks, then one transformer layer; only the first block changes the width."""

    def __init__(self, width: int, out: int, size: ModelSize, drop: float) -> None:
        super().__init__()
        widths = [width, *[out] * size.blocks]
        self.blocks = nn.ModuleList(
            ConvBlock(before, after, size.kernel, drop) for before, after in pairwise(widths)
        )
        self.layer = PreNormLayer(out, size.heads, drop)

    def forward(self, hidden: Tensor, mask: Tensor) -> Tensor:
        """(B, T, D), mask (B, T) -> (B, T, D_out), 0 where the mask is."""
        for block in self.blocks:
            hidden = block(hidden, mask)
        out: Tensor = self.layer(hidden, mask)
        return out


class ConvBlock(nn.Module):
    """Wider, along time, weighed by channel, narrower again; added to what came in."""

    def __init__(self, width: int, out: int, kernel: int, drop: float) -> None:
        super().__init__()
        inner = EXPAND * width
        self.expand = nn.Linear(width, inner)
        self.along_time = nn.Conv1d(inner, inner, kernel, groups=inner, bias=False)
        self.norm = FrameNorm(inner)
        self.gate = nn.Conv1d(1, 1, _NEIGHBOURS, padding=_NEIGHBOURS // 2, bias=False)
        self.project = nn.Linear(inner, out)
        self.drop = DropPath(drop)

    def forward(self, hidden: Tensor, mask: Tensor) -> Tensor:
        """(B, T, D), 0 in the padding of mask (B, T) -> (B, T, D_out), also 0 there."""
        real = mask.unsqueeze(2).to(hidden.dtype)
        inner = F.silu(self.expand(hidden)) * real
        inner = normalised(self.norm, along_time(inner, self.along_time.weight), mask) * real
        mean = inner.sum(1, keepdim=True) / real.sum(1, keepdim=True).clamp(min=1)
        inner = inner * torch.sigmoid(self.gate(mean))
        out = self.drop(self.project(inner))
        return (hidden + out if out.shape == hidden.shape else out) * real


def along_time(hidden: Tensor, weight: Tensor) -> Tensor:
    """Causal depthwise convolution: a frame sees itself and the kernel - 1 frames before.

    hidden: (B, T, D), weight (D, 1, kernel), whose last tap is the frame itself.
    """
    padded = F.pad(hidden.transpose(1, 2), (weight.shape[2] - 1, 0))
    return F.conv1d(padded, weight, groups=len(weight)).transpose(1, 2)


class PreNormLayer(nn.Module):
    """Self-attention and a wider product, each behind a norm and added to what came in."""

    def __init__(self, width: int, heads: int, drop: float) -> None:
        super().__init__()
        self.heads = heads
        self.attention_norm = FrameNorm(width)
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.attention_out = nn.Linear(width, width, bias=False)
        self.wide_norm = FrameNorm(width)
        self.wide = nn.Linear(width, EXPAND * width, bias=False)
        self.narrow = nn.Linear(EXPAND * width, width, bias=False)
        self.drop = DropPath(drop)

    def forward(self, hidden: Tensor, mask: Tensor) -> Tensor:
        """(B, T, D), 0 in the padding of mask (B, T) -> (B, T, D), also 0 there."""
        real = mask.unsqueeze(2).to(hidden.dtype)
        qkv = self.qkv(normalised(self.attention_norm, hidden, mask))
        query, key, value = qkv.unflatten(2, (3, self.heads, -1)).permute(2, 0, 3, 1, 4).unbind()
        seen = torch.zeros_like(mask, dtype=qkv.dtype).masked_fill(~mask, -1e4)[:, None, None]
        scale = 1 / math.sqrt(query.shape[-1])
        mixed = F.scaled_dot_product_attention(query, key, value, seen, scale=scale)
        attended = self.attention_out(mixed.transpose(1, 2).flatten(2))
        hidden = hidden + self.drop(attended) * real
        wide = F.silu(self.wide(normalised(self.wide_norm, hidden, mask)))
        return hidden + self.drop(self.narrow(wide)) * real


def normalised(norm: FrameNorm, hidden: Tensor, mask: Tensor) -> Tensor:
    """Batch norm of (B, T, D) by the real frames, mask (B, T)."""
    counted = Counted.of(mask.flatten(), norm.weight.dtype) if norm.training else None
    rows: Tensor = norm(hidden.flatten(0, 1), counted)
    return rows.unflatten(0, mask.shape)
