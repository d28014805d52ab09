"""A recipe with other batches, to measure."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from signlet.training import Recipe


def with_batch(recipe: Recipe, size: int | None = None, **changes: Any) -> Recipe:
    """The recipe with another batch, and with other changes of its optimiser.

    size: clips; None for the recipe's own. Its groups are no larger.
    """
    given = recipe.optimiser
    size = size or given.batch_size
    group = min(given.group, size)
    return replace(recipe, optimiser=replace(given, batch_size=size, group=group, **changes))
