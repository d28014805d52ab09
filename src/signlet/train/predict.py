"""Probabilities of a model for clips of a packed set."""

from __future__ import annotations

import torch
from torch import Tensor

from signlet.model import SignModel
from signlet.pack import PackedSet


@torch.inference_mode()
def predict(model: SignModel, packed: PackedSet, rows: Tensor, batch_size: int = 256) -> Tensor:
    """Softmax of the model in eval mode.

    rows: (N,) int64 rows of the packed set. Returns (N, K) float32 on the CPU.
    """
    was_training = model.training
    model.eval()
    device = next(model.parameters()).device
    parts = []
    for chunk in rows.split(batch_size):
        frames, mask = packed.batch(chunk)
        logits = model(torch.nan_to_num(frames).to(device), mask.to(device))
        parts.append(logits.float().softmax(1).cpu())
    model.train(was_training)
    return torch.cat(parts)


def accuracy(model: SignModel, packed: PackedSet, rows: Tensor) -> float:
    """Share of the clips in rows (N,) whose likeliest sign is the true one."""
    labels = torch.as_tensor(packed.labels)[rows.cpu()]
    return float((predict(model, packed, rows).argmax(1) == labels).float().mean())
