"""A step for some items (N, ...) of a batch only, without making a GPU wait.

How many items were chosen is known at once on a CPU, which then works on those only. A GPU
would have to be waited for; there the work is done on all of them.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import torch
from torch import Tensor


def apply_where(
    chosen: Tensor, step: Callable[..., Tensor], items: Tensor, *others: Tensor
) -> Tensor:
    """step(items, *others) for the chosen items, the items as they are for the rest.

    chosen: (N,) bool. items, others: (N, ...); step works on each item by itself and returns
        new items, or those it was given, changed in place.
    On a CPU `items` is changed in place.
    """
    if not on_cpu(items):
        shape = (-1, *(1,) * (items.ndim - 1))
        return torch.where(chosen.view(shape), step(items.clone(), *others), items)
    rows = chosen.nonzero().squeeze(1)
    if len(rows) == 0:
        return items
    picked = (part.index_select(0, rows) for part in (items, *others))
    return items.index_copy_(0, rows, step(*picked))


def on_cpu(tensor: Tensor) -> bool:
    """True where a number out of this tensor is known without waiting for a device."""
    return tensor.device.type == "cpu"


@lru_cache(maxsize=64)
def numbered(count: int, device: torch.device) -> Tensor:
    """(count,) int64, 0, 1, ...; kept, to be read only."""
    return torch.arange(count, device=device)
