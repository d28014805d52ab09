"""Clips and flags in, a `TrainPlan` out: folds, full fit and length of a training."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from signlet.errors import SignletError
from signlet.evaluation.folds import NO_ESTIMATE, possible_folds, signer_folds
from signlet.pack import PackedSet
from signlet.training import Recipe
from signlet.training.run import plan_of
from signlet.training.settings import FEW_BATCHES, steps_and_batch_size

SMALL_SET = 500
"""Up to so many clips a training is cheap: all folds are held out, then all clips trained on."""
LARGE_SET = 5_000
"""Up to so many clips a second training is cheap enough for a model of all clips, to use."""
_SOME_FOLD = "0"
"""The fold that is held out of larger sets."""


@dataclass(frozen=True)
class Requested:
    """Settings given by flags, which the clips do not decide.

    folds: text of --folds, None where it is not given. given: names of all flags given.
    split: the published split to hold out, None for folds of signers.
    """

    folds: str | None
    full_fit: bool
    given: frozenset[str]
    split: str | None = None

    def sets(self, name: str) -> bool:
        """Return True if a flag sets this setting."""
        return name in self.given


@dataclass(frozen=True)
class TrainPlan:
    """The trainings to run. notes: the reasons for differences from the recipe."""

    recipe: Recipe
    folds: list[int]
    full_fit: bool
    notes: tuple[str, ...]


def parse_folds(text: str, count: int) -> list[int]:
    """ "all", "none", "0" or "0,2" -> fold numbers below `count`."""
    if text in ("all", "none"):
        return list(range(count)) if text == "all" else []
    try:
        folds = sorted(int(part) for part in text.split(","))
    except ValueError:
        folds = [-1]
    if len(set(folds)) < len(folds):
        raise SignletError(f"--folds {text}: names a fold twice; give each once")
    if not folds or folds[0] < 0 or folds[-1] >= count:
        raise SignletError(
            f"--folds {text}: give 'all', 'none' or numbers from 0 to {count - 1}: 0,2"
        )
    return folds


def plan_training(recipe: Recipe, packed: PackedSet, requested: Requested) -> TrainPlan:
    """Folds, full fit and epochs for these clips.

    Flags win: requested folds that cannot be had raise SignletError, as fewer than two
    signs do.
    """
    _require_two_signs(packed)
    if requested.split is not None:
        return _with_split(recipe, packed, requested, requested.split)
    count = recipe.num_folds
    if not requested.sets("num_folds"):
        count = possible_folds(packed.labels, packed.signers, recipe.num_folds)
    folds, full_fit = _trainings(requested, count, recipe.num_folds, packed)
    notes = [
        _folds_note(count, recipe.num_folds, packed),
        _small_note(requested, folds, recipe.fits if full_fit else 0),
    ]
    recipe = replace(recipe, num_folds=count or recipe.num_folds)
    trained = _trained(packed, count)
    recipe, all_count = _with_all_clips(recipe, trained, requested)
    recipe, longer = _long_enough(recipe, trained, requested)
    notes += [all_count, longer]
    return TrainPlan(recipe, folds, full_fit, tuple(note for note in notes if note))


def _with_split(recipe: Recipe, packed: PackedSet, requested: Requested, split: str) -> TrainPlan:
    """One training, on the published splits before the one held out; on all clips if requested."""
    plan = plan_of(packed, recipe, split)
    recipe, all_count = _with_all_clips(recipe, len(plan.training(0)), requested)
    recipe, longer = _long_enough(recipe, len(plan.training(0)), requested)
    return TrainPlan(recipe, [0], requested.full_fit, tuple(filter(None, [all_count, longer])))


def _require_two_signs(packed: PackedSet) -> None:
    shown = [packed.signs[label] for label in np.unique(packed.labels[packed.labels >= 0])]
    if len(shown) < 2:
        what = f"one sign only ({shown[0]})" if shown else "no known sign"
        raise SignletError(
            f"the clips show {what}; training needs two or more, a folder or a name in the "
            "column sign for each"
        )


def _trainings(
    requested: Requested, count: int, wanted: int, packed: PackedSet
) -> tuple[list[int], bool]:
    """Folds to hold out, and whether all clips are then trained on."""
    if count == 0 and requested.folds in (None, "none"):
        return [], True
    text = requested.folds or ("all" if len(packed) <= SMALL_SET else _SOME_FOLD)
    folds = parse_folds(text, count or wanted)
    return folds, requested.full_fit or (len(packed) <= LARGE_SET and requested.folds is None)


def _folds_note(count: int, wanted: int, packed: PackedSet) -> str:
    if count == 0:
        return NO_ESTIMATE[0].upper() + NO_ESTIMATE[1:]
    if count == wanted:
        return ""
    signers = len(set(packed.signers) - {""})
    return (
        f"Folds: {count} instead of {wanted}, as many as {len(packed)} clips of {signers} known "
        "signer(s) allow"
    )


def _small_note(requested: Requested, folds: list[int], fits: int) -> str:
    if requested.folds is not None or requested.full_fit or not (fits and folds):
        return ""
    tested = "each fold is held out once" if len(folds) > 1 else f"fold {folds[0]} is held out"
    often = "" if fits == 1 else f" {fits} times, and the {fits} are averaged"
    return (
        f"Trainings: {len(folds) + fits}; {tested} to test, then the model is trained on all "
        f"clips{often}. --folds none --full-fit skips the test, which leaves no score"
        + ("" if fits == 1 else "; --fits 1 trains once")
    )


def _trained(packed: PackedSet, count: int) -> int:
    """Fewest clips that a training has."""
    known = int((packed.labels >= 0).sum())
    if count < 2:
        return known
    plan = signer_folds(packed.labels, packed.signers, count)
    return known - int(np.bincount(plan.folds[plan.folds >= 0]).max())


def _with_all_clips(recipe: Recipe, clips: int, requested: Requested) -> tuple[Recipe, str]:
    """The recipe without OUSM where an epoch has less than a few whole batches.

    The hardest of a batch are left out in the hope that they are other clips in every epoch,
    or wrong ones. Where a batch is the whole set they are always the same: a sign of four clips
    was never learnt.
    """
    if clips >= FEW_BATCHES * recipe.optimiser.batch_size or not recipe.loss.ousm:
        return recipe, ""
    if requested.sets("loss.ousm"):
        return recipe, ""
    note = (
        "Hard clips: all are learnt from, since with so few the same ones would always be left "
        "out; --loss.ousm decides otherwise"
    )
    return replace(recipe, loss=replace(recipe.loss, ousm=0)), note


def _long_enough(recipe: Recipe, clips: int, requested: Requested) -> tuple[Recipe, str]:
    """The recipe with enough epochs for `min_steps`; intervals and the soup are scaled along."""
    length = recipe.optimiser
    steps = steps_and_batch_size(clips, length.batch_size)[0]
    if requested.sets("optimiser.epochs") or steps * length.epochs >= length.min_steps:
        return recipe, ""
    times = -(-length.min_steps // (steps * length.epochs))
    shares = {
        name: getattr(recipe, name) * times
        for name in ("soup_epochs", "validate_every", "save_every")
        if not requested.sets(name)
    }
    longer = replace(recipe, optimiser=replace(length, epochs=length.epochs * times), **shares)
    return longer, (
        f"Epochs: {longer.optimiser.epochs} instead of {length.epochs}, since so few clips make "
        f"{steps} step(s) an epoch; --optimiser.epochs decides otherwise"
    )
