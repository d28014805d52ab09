"""A published split held out, instead of folds of signers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from signlet.errors import SignletError
from signlet.evaluation.folds import FoldPlan

TRAINED_FOR = {"val": ("train",), "test": ("train", "val")}
"""Split that is held out -> splits that are trained on."""


def split_plan(
    labels: ArrayLike,
    signers: Sequence[str | None],
    splits: Sequence[str | None],
    held_out: str,
) -> FoldPlan:
    """One fold, number 0: the clips of the split `held_out`, trained on those of `TRAINED_FOR`.

    Clips of other splits or of none take no part. The note, which is never empty, says that the
    scores are of the published split, and whether its signers were trained on, too.

    labels, signers: as in `signer_folds`. splits: N of "train", "val" and "test", "" or None
    if the clip is in none. held_out: "val" or "test".
    Raises SignletError if nothing is in one of the two, or fewer than two signs are trained on.
    """
    label, split = np.asarray(labels, dtype=np.int64), np.array([name or "" for name in splits])
    training = np.isin(split, TRAINED_FOR[held_out]) & (label >= 0)
    tested = (split == held_out) & (label >= 0)
    _check(label, split, training, tested, held_out)
    used = " and ".join(name for name in TRAINED_FOR[held_out] if (split[training] == name).any())
    shared = _shared(signers, training, tested)
    notes = [
        f"tested on the published split {held_out}: {tested.sum():,} clips, trained on "
        f"{training.sum():,} of {used}",
        *shared,
        *_unseen_signs(label, training, tested),
    ]
    plan = np.full(len(label), -1, dtype=np.int64)
    plan[training], plan[tested] = 1, 0  # fold 1 is never held out
    return FoldPlan(plan, not shared, "; ".join(notes) + _new(not shared), held_out)


def _new(grouped: bool) -> str:
    return "; the model was trained with none of its signers" if grouped else ""


def _check(
    labels: NDArray[np.int64],
    splits: NDArray[np.str_],
    training: NDArray[np.bool_],
    tested: NDArray[np.bool_],
    held_out: str,
) -> None:
    there = Counter(splits[labels >= 0].tolist())
    if set(there) <= {""}:
        raise SignletError(
            f"--split {held_out}: the clips are in no published split; leave --split out to "
            "test on left-out signers, or name a column split"
        )
    if not (training.any() and tested.any()):
        found = ", ".join(f"{n:,} in {name or 'none'}" for name, n in sorted(there.items()))
        missing = held_out if training.any() else " or ".join(TRAINED_FOR[held_out])
        raise SignletError(f"--split {held_out}: no clip is in {missing}; there are {found}")
    if len(np.unique(labels[training])) < 2:
        raise SignletError(
            f"--split {held_out}: the clips to train on show fewer than two signs; add others"
        )


def _shared(
    signers: Sequence[str | None], training: NDArray[np.bool_], tested: NDArray[np.bool_]
) -> list[str]:
    """Return the reasons why the scores do not hold for new signers; [] if they do."""
    trained = {signers[row] or "" for row in np.flatnonzero(training)} - {""}
    names = [signers[row] or "" for row in np.flatnonzero(tested)]
    people, nameless = set(names) - {""}, names.count("")
    both = people & trained
    notes = []
    if both:
        clips = sum(name in both for name in names)
        notes.append(
            f"the training clips also show {len(both)} of its {len(people)} signers ({clips:,} "
            "clips): for new people the score is too high"
        )
    if nameless:
        notes.append(
            f"{nameless:,} of its clips name no signer, so the training clips may show the same "
            "people"
        )
    elif not trained and not both:
        notes.append("the training clips name no signers, so they may show the same people")
    return notes


def _unseen_signs(
    labels: NDArray[np.int64], training: NDArray[np.bool_], tested: NDArray[np.bool_]
) -> list[str]:
    unseen = len(set(labels[tested].tolist()) - set(labels[training].tolist()))
    if not unseen:
        return []
    return [f"{unseen} of its signs have no training clips, so the model cannot know them"]
