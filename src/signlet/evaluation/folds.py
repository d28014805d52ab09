"""Folds by signer: labels (N,) and signers in, the fold of each clip (N,) out."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from signlet.errors import SignletError

if TYPE_CHECKING:  # scikit-learn takes a command's start a quarter of a second
    from sklearn.model_selection import GroupKFold, StratifiedGroupKFold, StratifiedKFold

KNOWN_SIGNERS_ONLY = (
    "only one person signs in these clips, or they do not say who signs, so every model is tested "
    "on people it was trained with: the score holds for KNOWN signers only and is too high for "
    "new people"
)

NO_ESTIMATE = (
    "too few clips to test with: the model is trained on all of them, and it is unknown how "
    "good it is; record every sign at least twice, better five times by two or more people"
)

HELD_TOGETHER = (
    "clips have no signer and are tested together; if one of them shows a signer of another "
    "fold, the score is too high"
)
"""Behind how many of how many."""

NO_SIGN_IS_SHARED = (
    "no sign is shown by two signers, so no signer can be left out, and every model is tested "
    "on people it was trained with: the score holds for KNOWN signers only and is too high for "
    "new people"
)


@dataclass(frozen=True)
class FoldPlan:
    """The fold in which each clip is held out.

    folds: (N,) int64, the fold in which each clip is held out; -1 for a clip of unknown
        sign, which takes no part, neither in training nor in the scores.
    grouped: True if no signer is both trained on and held out.
    note: what to tell the user before any score is shown; "" if all is well.
    split: the published split that is held out, "" if the folds are our own.
    """

    folds: NDArray[np.int64]
    grouped: bool
    note: str
    split: str = ""

    def held_out(self, fold: int) -> NDArray[np.int64]:
        """Rows of the clips to test on; SignletError for an unknown fold."""
        rows = np.flatnonzero(self.folds == fold)
        if fold < 0 or not len(rows):
            last = int(self.folds.max())
            raise SignletError(f"fold {fold} does not exist; the folds are 0 to {last}")
        return rows

    def training(self, fold: int) -> NDArray[np.int64]:
        """Rows of the clips to train on while `fold` is held out."""
        held_out = self.held_out(fold)
        return np.setdiff1d(np.flatnonzero(self.folds >= 0), held_out, assume_unique=True)


def signer_folds(
    labels: ArrayLike, signers: Sequence[str | None], folds: int = 4, seed: int = 42
) -> FoldPlan:
    """Spread whole signers over the folds so that the signs come out as even as they can.

    This is scikit-learn's StratifiedGroupKFold(folds, shuffle=True, random_state=seed).
    Signers whose names are all whole numbers are taken in the order of the numbers, as in
    the published folds of asl-signs; others in the order of their names. The order of the
    clips does not matter.

    labels: (N,) class of each clip, -1 if the sign is unknown.
    signers: N names, "" or None if unknown. Clips of unknown signers are held out
        together as one group, and the note says so. Where fewer than two signers are known,
        or no sign is shown by two of them, the folds are by sign only (StratifiedKFold),
        `grouped` is False and the note warns that the estimate is for known signers.
    Raises SignletError if the folds cannot be made: fewer than two folds or two signs,
    more folds than signers, more folds than any sign has clips.
    """
    label = np.asarray(labels, dtype=np.int64)
    if label.ndim != 1 or len(label) != len(signers):
        raise ValueError(f"labels of shape {label.shape} do not fit {len(signers)} signers")
    rows = np.flatnonzero(label >= 0)
    _check(label[rows], folds)
    names = [signers[row] or "" for row in rows]
    grouped = _groupable(label[rows], names)
    split, notes = _by_signer(label[rows], names, folds, seed) if grouped else (None, [])
    if split is None:
        several = len({*names} - {""}) > 1
        why = NO_SIGN_IS_SHARED if several else KNOWN_SIGNERS_ONLY
        split, notes = _by_sign(label[rows], folds, seed), [why]
    plan = np.full(len(label), -1, dtype=np.int64)
    plan[rows] = split
    notes += _single_fold_signs(label[rows], split) + _left_out(len(label) - len(rows))
    return FoldPlan(plan, grouped, "; ".join(notes))


def possible_folds(labels: ArrayLike, signers: Sequence[str | None], wanted: int) -> int:
    """As many folds as `signer_folds` can make and use of these clips, at most `wanted`.

    With fewer signers than folds each signer is a fold. Where the folds are by sign only,
    there are as many as the rarest sign has clips, but at least two.
    labels, signers: as in `signer_folds`.
    Returns 0 if nothing can be held out: fewer than two signs would be left to train on.
    """
    label = np.asarray(labels, dtype=np.int64)
    rows = np.flatnonzero(label >= 0)
    counts = np.unique(label[rows], return_counts=True)[1]
    if (counts > 1).sum() < 2:
        return 0
    names = [signers[row] or "" for row in rows]
    several = _groupable(label[rows], names)
    most = len(set(names)) if several else max(2, int(counts.min()))
    return min(wanted, most, int(counts.max()))


def _groupable(labels: NDArray[np.int64], names: list[str]) -> bool:
    """Return True if two known signers show the same sign."""
    pairs = {(int(sign), name) for sign, name in zip(labels, names, strict=True) if name}
    return len(pairs) > len({sign for sign, _ in pairs})


def _check(labels: NDArray[np.int64], folds: int) -> None:
    if folds < 2:
        raise SignletError(f"{folds} folds are too few; set num_folds to 2 or more (--num_folds 2)")
    counts = np.unique(labels, return_counts=True)[1]
    if len(counts) < 2:
        known = "one known sign" if len(counts) else "no known sign"
        raise SignletError(f"the clips show {known}; training needs at least two signs")
    most = int(counts.max())
    if most < folds:
        lower = f"set num_folds to {most} (--num_folds {most}) or " if most > 1 else ""
        raise SignletError(
            f"no sign has more than {most} {'clip' if most == 1 else 'clips'}, too few for "
            f"{folds} folds; "
            f"{lower}add recordings of each sign"
        )


def _by_signer(
    labels: NDArray[np.int64], names: list[str], folds: int, seed: int
) -> tuple[NDArray[np.int64], list[str]]:
    from sklearn.model_selection import GroupKFold, StratifiedGroupKFold

    groups = _group_numbers(names)
    found = int(groups.max()) + 1
    if found < folds:
        raise SignletError(
            f"{found} signers are too few for {folds} folds; set num_folds to {found} or fewer "
            f"(--num_folds {found}), or add signers"
        )
    notes = _unknown_note(names.count(""), len(names))
    splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
    split = _held_out_fold(splitter, labels, groups)
    if len(np.unique(split)) < folds:
        # A known weakness of StratifiedGroupKFold with few signers (scikit-learn #34828).
        split = _held_out_fold(GroupKFold(folds), labels, groups)
        notes.append("with so few signers the folds are balanced by clips, not by sign")
    return split, notes


def _by_sign(labels: NDArray[np.int64], folds: int, seed: int) -> NDArray[np.int64]:
    from sklearn.model_selection import StratifiedKFold

    splitter = StratifiedKFold(folds, shuffle=True, random_state=seed)
    return _held_out_fold(splitter, labels, None)


def _held_out_fold(
    splitter: StratifiedGroupKFold | GroupKFold | StratifiedKFold,
    labels: NDArray[np.int64],
    groups: NDArray[np.int64] | None,
) -> NDArray[np.int64]:
    split = np.full(len(labels), -1, dtype=np.int64)
    with warnings.catch_warnings():  # a sign with fewer clips than folds: noted by the caller
        warnings.simplefilter("ignore", UserWarning)
        for fold, (_, held_out) in enumerate(splitter.split(labels, labels, groups)):
            split[held_out] = fold
    return split


def _group_numbers(names: list[str]) -> NDArray[np.int64]:
    """0-based number of each clip's signer in sorted order; the shuffle starts from it."""
    unique = set(names)
    if all(name.isascii() and name.isdigit() for name in unique - {""}):
        ordered = sorted(unique, key=lambda name: (len(name.lstrip("0")), name.lstrip("0"), name))
    else:
        ordered = sorted(unique)
    number = {name: i for i, name in enumerate(ordered)}
    return np.array([number[name] for name in names], dtype=np.int64)


def _unknown_note(unknown: int, clips: int) -> list[str]:
    return [f"{unknown} of {clips} {HELD_TOGETHER}"] if unknown else []


def _single_fold_signs(labels: NDArray[np.int64], split: NDArray[np.int64]) -> list[str]:
    """A sign that is in one fold is never trained when that fold is held out."""
    pairs = np.unique(np.stack([labels, split]), axis=1)
    lonely = int((np.bincount(pairs[0]) == 1).sum())
    if not lonely:
        return []
    which = "1 sign" if lonely == 1 else f"each of {lonely} signs"
    this, them = ("this sign", "it") if lonely == 1 else ("these signs", "them")
    return [
        f"when a model is tested, all clips of {which} are left out of its training at once, so it "
        f"cannot know {this}; let more people record {them}"
    ]


def _left_out(unknown: int) -> list[str]:
    if not unknown:
        return []
    them = "1 clip without a sign is" if unknown == 1 else f"{unknown} clips without a sign are"
    return [f"{them} not used"]
