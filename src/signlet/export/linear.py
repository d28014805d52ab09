"""Products of a frozen network, and batch norms as what is to be folded into them."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from signlet.model.norm import FrameNorm


class Linear(nn.Module):
    """x (N, D_in) -> (N, D_out); the weight is as the product wants it."""

    def __init__(self, weight: Tensor, bias: Tensor) -> None:
        """weight: (D_out, D_in), bias: (D_out,)."""
        super().__init__()
        self.weight = nn.Parameter(weight.t().contiguous(), requires_grad=False)
        self.bias = nn.Parameter(bias.clone(), requires_grad=False)

    def forward(self, rows: Tensor) -> Tensor:
        """(N, D_in) -> (N, D_out)."""
        return torch.addmm(self.bias, rows, self.weight)


def scale_and_shift(norm: FrameNorm) -> tuple[Tensor, Tensor]:
    """(D,) each: in eval mode the norm is x * scale + shift."""
    assert norm.running_mean is not None
    assert norm.running_var is not None
    scale = norm.weight * (norm.running_var + norm.eps).rsqrt()
    return scale, norm.bias - norm.running_mean * scale
