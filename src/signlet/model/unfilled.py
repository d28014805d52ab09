"""Models without memory and without random weights: for their shapes alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

from signlet.model.config import ModelConfig

_LONGEST, _WIDEST = 1_000, 16_384
"""Frames and width up to which the tables of positions and statistics are small."""


class _Unfilled(TorchFunctionMode):
    """Makes empty tensors without memory, and leaves out `torch.nn.init`.

    The other tensors, small tables of positions, are computed as usual. `torch.device("meta")`
    would compute them, and fill the weights, by code that imports `torch._dynamo`; that takes two
    seconds of processor time.
    """

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Call the function, unless it fills a tensor: then return the tensor as it is."""
        given = dict(kwargs or {})
        if getattr(func, "__module__", "") == "torch.nn.init":
            return args[0] if args else given["tensor"]
        if func is torch.empty:
            given["device"] = "meta"
        return func(*args, **given)


@contextmanager
def unfilled(size: ModelConfig) -> Iterator[None]:
    """A model of this size built in here takes no memory for weights, which hold no values."""
    usual = size.max_len <= _LONGEST and max(size.dense, *size.widths) <= _WIDEST
    with _Unfilled() if usual else torch.device("meta"):
        yield
