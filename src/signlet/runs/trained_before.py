"""Find the clips that a run's model was trained on, if the run still holds its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from signlet.errors import SignletError
from signlet.evaluation.duplicates import duplicate_key
from signlet.evaluation.predictions import read_predictions
from signlet.evaluation.split_plan import TRAINED_FOR
from signlet.pack import PackedSet
from signlet.runs import RunFolder


def trained_before(run: Path, packed: PackedSet) -> NDArray[np.bool_] | None:
    """(N,) bool: clips of which the model saw a copy in training; None if unknown.

    run: the folder of a whole run, with its packed clips in it; of any other model nothing is
    known. packed: the N clips that are scored.
    """
    there = RunFolder(run)
    if not (there.config.exists() and there.has_packed):
        return None
    try:
        own = PackedSet.open(there.packed)
        about = there.about
        rows = np.flatnonzero(_trained_on(own, about, there))
    except SignletError:
        return None  # what is damaged there does not matter for these clips
    trained = {_key(own, row) for row in rows}
    return np.array([_key(packed, row) in trained for row in range(len(packed))])


def trained_before_note(trained: NDArray[np.bool_] | None) -> str:
    """Say how many of the clips the model was trained on; "" if unknown."""
    if trained is None:
        return ""
    if not trained.any():
        return "the model was trained on none of these clips"
    return (
        f"{trained.sum()} of these {len(trained)} clips are among those that the model was trained "
        "on: their scores say nothing of new clips"
    )


def _trained_on(own: PackedSet, about: dict[str, Any], run: RunFolder) -> NDArray[np.bool_]:
    """(N,) bool: clips that one of the averaged models was trained on."""
    labelled = np.asarray(own.labels) >= 0
    if about.get("trained_on") == "all clips":
        return labelled
    if allowed := TRAINED_FOR.get(about.get("split") or ""):
        return labelled & np.array([split in allowed for split in own.splits])
    if len(about.get("folds", ())) > 1 or not run.predictions.exists():
        return labelled  # each clip was held out of one model only
    names = {name for part in read_predictions(run.predictions).values() for name in part.names}
    return labelled & np.array([name not in names for name in own.names])


def _key(packed: PackedSet, row: int) -> tuple[int, bytes]:
    """As `duplicate_key`, whatever numbers the frames are kept in."""
    length, ends = duplicate_key(packed, row)
    numbers = np.frombuffer(ends, packed.frames.dtype)
    return length, numbers.astype(np.float16).tobytes()
