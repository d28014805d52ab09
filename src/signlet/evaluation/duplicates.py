"""Leakage: predictions and a packed set in, which held-out clips were trained on (N,) out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from signlet.evaluation.scores import Predictions, score
from signlet.evaluation.split_plan import TRAINED_FOR
from signlet.pack import PackedSet

NO_ESTIMATE = (
    "there is no score, and it is unknown how good the model is; give clips that do not repeat "
    "each other"
)


def trained_duplicates(
    predictions: Predictions, packed: PackedSet, split: str | None = None
) -> NDArray[np.bool_]:
    """(N,) bool: clips that have a duplicate among the training clips.

    Data sets list some recordings twice, under two signers; signer-grouped folds then do
    not keep them apart. A duplicate has the same number of frames and the same first and last
    one.
    split: the published split that was held out, so that only clips of `TRAINED_FOR` were
        trained on; None if signers were held out: all clips but those of the same fold.
    """
    trained_on = TRAINED_FOR.get(split or "")
    row = {name: i for i, name in enumerate(packed.names)}
    fold = dict(zip(predictions.names, predictions.folds.tolist(), strict=True))
    rows_of = {row: rows for rows in same_recordings(packed) for row in rows}
    names, splits = packed.names, packed.splits

    def was_trained(i: int, name: str) -> bool:
        return splits[i] in trained_on if trained_on else fold.get(names[i]) != fold[name]

    def trained(name: str) -> bool:
        if name not in row or packed.labels[row[name]] < 0:
            return False
        return any(was_trained(i, name) for i in rows_of[row[name]])

    return np.array([trained(name) for name in predictions.names], dtype=bool)


def trained_rows(
    packed: PackedSet, held_out: NDArray[np.int64], training: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """(N,) bool: of the rows (N,) held out, those that repeat one of the training rows."""
    trained = {duplicate_key(packed, row) for row in training.tolist()}
    return np.array([duplicate_key(packed, row) in trained for row in held_out.tolist()], bool)


def without_duplicates(
    predictions: Predictions, duplicates: NDArray[np.bool_], metric: str = "top1"
) -> float | None:
    """A score of the clips that are not duplicates; None if no such clip has a known sign."""
    rest = predictions.select(~duplicates)
    if not (rest.labels >= 0).any():
        return None
    return float(getattr(score(rest, resamples=1), metric))


def same_recordings(packed: PackedSet) -> list[list[int]]:
    """Rows of the clips with a known sign, those of equal content together."""
    rows: dict[tuple[int, bytes], list[int]] = {}
    for row in np.flatnonzero(np.asarray(packed.labels) >= 0).tolist():
        rows.setdefault(duplicate_key(packed, row), []).append(row)
    return list(rows.values())


def duplicate_key(packed: PackedSet, row: int) -> tuple[int, bytes]:
    """Equal for clips of the same content: the number of frames, the first and the last one."""
    start, length = int(packed.offsets[row]), int(packed.lengths[row])
    ends = packed.frames[[start, start + length - 1]]
    return length, np.ascontiguousarray(ends).tobytes()
