"""Work on some items of a batch only, without making a GPU wait."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor


def on_chosen(
    chosen: Tensor, step: Callable[..., Tensor], items: Tensor, *others: Tensor
) -> Tensor:
    """step(items, *others) for the chosen items, the items as they are for the rest.

    chosen: (N,) bool. items, others: (N, ...); step works on each item by itself and returns
        new items.
    On a CPU only the chosen items are picked and worked on, and `items` is changed in place.
    Counting them would make a GPU wait, so there the step runs on all of them.
    """
    if not counts_at_once(items):
        shape = (-1, *(1,) * (items.ndim - 1))
        return torch.where(chosen.view(shape), step(items, *others), items)
    rows = chosen.nonzero().squeeze(1)
    if len(rows) == 0:
        return items
    picked = (part.index_select(0, rows) for part in (items, *others))
    return items.index_copy_(0, rows, step(*picked))


def counts_at_once(tensor: Tensor) -> bool:
    """Whether a number out of this tensor is known without waiting for a device."""
    return tensor.device.type == "cpu"
