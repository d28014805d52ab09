"""The losses of one batch; all take logits (B, K) and give float32."""

from __future__ import annotations

import torch
from torch import Tensor


def soft_targets(labels: Tensor, num_classes: int, smoothing: float) -> Tensor:
    """(B,) int64 -> (B, K): 1 - smoothing for the true sign, the rest spread over the others."""
    rest = smoothing / max(1, num_classes - 1)
    targets = torch.full((len(labels), num_classes), rest, device=labels.device)
    return targets.scatter_(1, labels[:, None], 1 - smoothing)


def without_hardest(losses: Tensor, ousm: int, group: int) -> Tensor:
    """Mean of (B,) losses without the `ousm` highest of each group of so many samples.

    "Online uncertainty sample mining". Never more than a quarter of a group is left out, so
    that a small batch still teaches. B is a multiple of group.
    """
    left_out = min(ousm, group // 4)
    if left_out == 0:
        return losses.mean()
    grouped = losses.view(-1, group)
    return grouped.topk(group - left_out, 1, largest=False, sorted=False).values.mean()


def consistency(logits: Tensor, teacher_logits: Tensor) -> Tensor:
    """Squared distance of both softmax outputs, summed over classes, mean over the batch."""
    difference = logits.float().softmax(1) - teacher_logits.float().softmax(1)
    return difference.square().sum(1).mean()
