"""A model whose weights of products become bfloat16 all at once: as its forward, fewer operations.

Autocast casts each weight and each bias when it is used, and each of their gradients back. On a GPU
that is a sixth of all kernels of a step. Here it is one operation on all of them, either way.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.func import functional_call


class LowWeights(nn.Module):
    """Called as the model is, inside of autocast to bfloat16, with the same answer and gradients.

    Every gradient of a product comes at the end of the backward, so that nothing can be sent to
    other processes before: it is for one process.
    """

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model
        self._names = [
            f"{where}.{name}"
            for where, layer in model.named_modules()
            if isinstance(layer, nn.Linear | nn.Conv1d)
            for name, _ in layer.named_parameters()
        ]

    def forward(self, *given: Any) -> Any:
        """Run the model: its inputs in, its outputs out."""
        low = _Low.apply(*(self.model.get_parameter(name) for name in self._names))
        return functional_call(self.model, dict(zip(self._names, low, strict=True)), given)


class _Low(torch.autograd.Function):
    @staticmethod
    def forward(_: Any, *weights: Tensor) -> tuple[Tensor, ...]:
        return tuple(_copied(weights, torch.bfloat16))

    @staticmethod
    @once_differentiable
    def backward(_: Any, *grads: Tensor) -> tuple[Tensor, ...]:
        return tuple(_copied(grads, torch.float32))


def _copied(tensors: tuple[Tensor, ...], dtype: torch.dtype) -> list[Tensor]:
    copies = [torch.empty_like(tensor, dtype=dtype) for tensor in tensors]
    torch._foreach_copy_(copies, tensors)
    return copies
