"""Duplicates in the test of a run: its folder in, names of held-out clips out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from signlet.evaluation.duplicates import trained_duplicates
from signlet.evaluation.predictions import Predictions, read_duplicates
from signlet.pack import PackedSet
from signlet.runs.folder import RunFolder


def known_duplicates(
    run: RunFolder, held_out: Predictions, packed: PackedSet | None = None
) -> frozenset[str] | None:
    """Names of held-out clips that were trained on under another name; None if unknown.

    A run says so itself; one of an earlier version is asked by its packed clips.
    held_out: what one of its models says of the clips. packed: the run's clips, where they are
    open already. Raises SignletError for damaged files.
    """
    names = read_duplicates(run.predictions)
    if names is None and packed is None and run.has_packed:
        packed = PackedSet.open(run.packed)
    if names is None and packed is not None:
        found = trained_duplicates(held_out, packed, run.about.get("split"))
        return frozenset(np.array(held_out.names, dtype=object)[found].tolist())
    return names


def run_duplicates(
    run: RunFolder, held_out: Predictions, packed: PackedSet | None = None
) -> NDArray[np.bool_] | None:
    """(N,) bool: held-out clips that were also trained on; None if unknown.

    See `known_duplicates`.
    """
    names = known_duplicates(run, held_out, packed)
    return None if names is None else are_named(held_out, names)


def are_named(held_out: Predictions, names: frozenset[str]) -> NDArray[np.bool_]:
    """(N,) bool: clips of these names."""
    return np.array([name in names for name in held_out.names], dtype=bool)
