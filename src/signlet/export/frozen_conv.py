"""The trained convolutional backbone for inference only, with every batch norm folded away.

Points of clips (B, T, 100, 3) in, frames (B, T, D) out, in the operators that ONNX and LiteRT
have, for any B and T; equals `ConvBackbone` in eval mode.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from signlet.export.linear import Linear, scale_and_shift
from signlet.model.conv import ConvBackbone, ConvBlock, PreNormLayer, Stage, along_time, inputs
from signlet.model.norm import FrameNorm


class FrozenConv(nn.Module):
    """`ConvBackbone` without dropouts and statistics."""

    def __init__(self, backbone: ConvBackbone) -> None:
        super().__init__()
        self.size = backbone.config
        scale, shift = scale_and_shift(backbone.stem_norm)
        self.stem = Linear(backbone.stem.weight * scale.unsqueeze(1), shift)
        stages = [stage for stage in backbone.stages if isinstance(stage, Stage)]
        self.parts = nn.ModuleList(part for stage in stages for part in _parts(stage))
        self.top = Linear(backbone.top.weight, backbone.top.bias)

    def forward(self, frames: Tensor, real: Tensor) -> Tensor:
        """frames (B, T, 100, 3), real (B, T, 1) float, 1 for real frames -> (B, T, D_out)."""
        hidden = _linear(self.stem, inputs(frames * real.unsqueeze(3), self.size)) * real
        for part in self.parts:
            hidden = part(hidden, real)
        return _silu(_linear(self.top, hidden))


def _parts(stage: Stage) -> list[nn.Module]:
    blocks = [_Block(block) for block in stage.blocks if isinstance(block, ConvBlock)]
    return [*blocks, _Layer(stage.layer)]


class _Block(nn.Module):
    """One convolution block."""

    def __init__(self, block: ConvBlock) -> None:
        super().__init__()
        scale, shift = scale_and_shift(block.norm)
        weight = block.along_time.weight * scale[:, None, None]
        self.expand = Linear(block.expand.weight, block.expand.bias)
        self.along_time = nn.Parameter(weight, requires_grad=False)
        self.shift = nn.Parameter(shift, requires_grad=False)
        self.gate = block.gate
        self.project = Linear(block.project.weight, block.project.bias)

    def forward(self, hidden: Tensor, real: Tensor) -> Tensor:
        inner = _silu(_linear(self.expand, hidden)) * real
        inner = (along_time(inner, self.along_time) + self.shift) * real
        mean = inner.sum(1, keepdim=True) / real.sum(1, keepdim=True)
        out = _linear(self.project, inner * torch.sigmoid(self.gate(mean)))
        return (hidden + out if out.shape[2] == hidden.shape[2] else out) * real


class _Layer(nn.Module):
    """One transformer layer with both norms in the products behind them."""

    def __init__(self, layer: PreNormLayer) -> None:
        super().__init__()
        self.heads = layer.heads
        width = layer.qkv.weight.shape[1]
        weight, bias = _behind(layer.attention_norm, layer.qkv.weight)
        weight[:width] *= math.sqrt(self.heads / width)  # the queries
        bias[:width] *= math.sqrt(self.heads / width)
        self.qkv = Linear(weight, bias)
        self.attention_out = Linear(layer.attention_out.weight, torch.zeros(width))
        self.wide = Linear(*_behind(layer.wide_norm, layer.wide.weight))
        self.narrow = Linear(layer.narrow.weight, torch.zeros(width))

    def forward(self, hidden: Tensor, real: Tensor) -> Tensor:
        batch, length = hidden.shape[:2]
        qkv = _linear(self.qkv, hidden).view(batch, length, 3, self.heads, -1)
        query, key, value = qkv.permute(2, 0, 3, 1, 4).unbind()
        bias = ((1 - real) * -1e4).transpose(1, 2).unsqueeze(1)
        mixed = torch.softmax(query @ key.mT + bias, -1) @ value
        attended = _linear(self.attention_out, mixed.transpose(1, 2).flatten(2))
        hidden = hidden + attended * real
        narrow = _linear(self.narrow, _silu(_linear(self.wide, hidden)))
        return hidden + narrow * real


def _behind(norm: FrameNorm, weight: Tensor) -> tuple[Tensor, Tensor]:
    """Weight and bias of a product that follows a batch norm, in one."""
    scale, shift = scale_and_shift(norm)
    return weight * scale, weight @ shift


def _linear(product: Linear, hidden: Tensor) -> Tensor:
    """(B, T, D_in) -> (B, T, D_out)."""
    rows: Tensor = product(hidden.flatten(0, 1))
    return rows.unflatten(0, hidden.shape[:2])


def _silu(x: Tensor) -> Tensor:
    return x * torch.sigmoid(x)
