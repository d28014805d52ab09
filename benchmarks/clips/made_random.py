"""Random numbers of made-up signs, and what is drawn for each sign at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any, TypeVar

import torch
from torch import Tensor

Range = tuple[float, float]
Record = TypeVar("Record")


class Random:
    """A stream of random numbers; the same seed gives the same ones."""

    def __init__(self, seed: int) -> None:
        self._generator = torch.Generator().manual_seed(seed)

    def uniform(self, *shape: int, within: Range = (0.0, 1.0)) -> Tensor:
        low, high = within
        return torch.rand(*shape, generator=self._generator) * (high - low) + low

    def normal(self, *shape: int) -> Tensor:
        return torch.randn(*shape, generator=self._generator)

    def chance(self, probability: float, *shape: int) -> Tensor:
        return self.uniform(*shape) < probability

    def whole(self, high: int, *shape: int, low: int = 0) -> Tensor:
        """int64 from low to high - 1."""
        return torch.randint(low, high, shape, generator=self._generator)

    def factor(self, spread: float, *shape: int) -> Tensor:
        """Factors around 1, as often above as below."""
        return torch.exp(self.normal(*shape) * spread)


def each(record: Record, change: Callable[[Tensor], Tensor]) -> Record:
    """A dataclass of tensors with all of them changed."""
    made: dict[str, Any] = {
        one.name: change(getattr(record, one.name))
        for one in fields(record)  # type: ignore
    }
    return replace(record, **made)  # type: ignore


def choose(first: Tensor, one: Record, other: Record) -> Record:
    """Of two dataclasses of tensors (N, ...) row by row the first one or the other.

    first: (N,) bool.
    """
    made: dict[str, Any] = {}
    for field in fields(one):  # type: ignore
        a, b = getattr(one, field.name), getattr(other, field.name)
        made[field.name] = torch.where(first.view(-1, *[1] * (a.ndim - 1)), a, b)
    return replace(one, **made)  # type: ignore


def optional(chosen: Tensor, values: Tensor) -> Tensor:
    """values (N, ...) where chosen (N,), else 0."""
    return torch.where(chosen.view(-1, *[1] * (values.ndim - 1)), values, 0.0)
