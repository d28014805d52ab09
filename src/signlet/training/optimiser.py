"""AdamW for one model, with its groups, learning rate and clipping."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.optim import AdamW

from signlet.training.schedule import learning_rate_factor
from signlet.training.settings import OptimiserSettings


def make_optimiser(model: nn.Module, settings: OptimiserSettings) -> AdamW:
    """AdamW with weight decay on matrices and tables only, not on biases and norms."""
    decayed, plain = split_parameters(model)
    groups = [
        {"params": decayed, "weight_decay": settings.weight_decay},
        {"params": plain, "weight_decay": 0.0},
    ]
    return AdamW(groups, lr=settings.learning_rate, fused=True)


def split_parameters(model: nn.Module) -> tuple[list[Tensor], list[Tensor]]:
    """Parameters with weight decay (two or more dimensions) and without."""
    parameters = list(model.parameters())
    return [p for p in parameters if p.ndim > 1], [p for p in parameters if p.ndim <= 1]


def optimise(
    optimiser: AdamW, model: nn.Module, step: int, steps: int, settings: OptimiserSettings
) -> None:
    """One step on the gradients that are there; clears them."""
    if settings.clip_norm > 0:
        clip(model, settings.clip_norm)
    factor = learning_rate_factor(step, steps, settings.warm_up)
    for group in optimiser.param_groups:
        group["lr"] = settings.learning_rate * factor
    optimiser.step()
    optimiser.zero_grad(set_to_none=True)


@torch.no_grad()
def clip(model: nn.Module, most: float) -> None:
    """Scale all gradients of a model so that their common norm is at most this.

    As `clip_grad_norm_`, which works on a CPU's gradients one by one. A CPU knows at once whether
    there is anything to scale; a GPU would have to be waited for.
    """
    gradients = [p.grad for p in model.parameters() if p.grad is not None]
    norm = torch.linalg.vector_norm(torch.stack(torch._foreach_norm(gradients)))
    if norm.device.type != "cpu" or not norm <= most:
        torch._foreach_mul_(gradients, (most / (norm + 1e-6)).clamp(max=1.0))
