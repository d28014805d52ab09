"""Clips and flags in, a `TrainPlan` out: folds, full fit and length of a training."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from signlet.errors import SignletError
from signlet.evaluation.folds import NO_ESTIMATE, possible_folds, signer_folds
from signlet.training import Recipe
from signlet.training.listed import Clips
from signlet.training.run import plan_of
from signlet.training.settings import FEW_BATCHES, OptimiserSettings, steps_and_batch_size

SMALL_SET = 500
"""Up to this many clips training is cheap: signlet tests on all folds, then trains on all clips."""
LARGE_SET = 5_000
"""Up to this many clips signlet trains a second time, on all clips, to get the model to use."""
_FEW_STEPS, _TRIED = 300, 20
"""Fewer steps teach little. With fewer epochs in the recipe, nobody expects it to learn."""
_SOME_FOLD = "0"
"""The fold that larger sets are tested on."""


@dataclass(frozen=True)
class Requested:
    """Settings given by flags, which the clips do not decide.

    folds: text of --folds, None if it is not given. given: names of all flags given.
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
            f"--folds {text}: give 'all', 'none' or numbers from 0 to {count - 1}, such as 0"
        )
    return folds


def plan_training(recipe: Recipe, packed: Clips, requested: Requested) -> TrainPlan:
    """Folds, full fit and epochs for these clips.

    Flags win. Raises SignletError if the requested folds are impossible, or if the clips show
    fewer than two signs.
    """
    _require_two_signs(packed)
    if requested.split is not None:
        return _with_split(recipe, packed, requested, requested.split)
    count = recipe.num_folds
    if not requested.sets("num_folds"):
        count = possible_folds(packed.labels, packed.signers, recipe.num_folds)
    folds, full_fit = _trainings(requested, count, recipe.num_folds, packed)
    notes = [
        _folds_note(count, recipe.num_folds, packed, len(folds)),
        _small_note(requested, folds, recipe.fits if full_fit else 0),
    ]
    recipe = replace(recipe, num_folds=count or recipe.num_folds)
    trained = _trained(packed, count if folds or count > 1 else 0)
    recipe, all_count = _with_all_clips(recipe, trained, requested)
    recipe, longer = _long_enough(recipe, trained, requested)
    notes += [all_count, longer]
    return TrainPlan(recipe, folds, full_fit, tuple(note for note in notes if note))


def _with_split(recipe: Recipe, packed: Clips, requested: Requested, split: str) -> TrainPlan:
    """One training, tested on a published split; a second one, on all clips, if requested."""
    plan = plan_of(packed, recipe, split)
    recipe, all_count = _with_all_clips(recipe, len(plan.training(0)), requested)
    recipe, longer = _long_enough(recipe, len(plan.training(0)), requested)
    return TrainPlan(recipe, [0], requested.full_fit, tuple(filter(None, [all_count, longer])))


def _require_two_signs(packed: Clips) -> None:
    shown = [packed.signs[label] for label in np.unique(packed.labels[packed.labels >= 0])]
    if len(shown) < 2:
        what = f"one sign only ({shown[0]})" if shown else "no known sign"
        raise SignletError(
            f"the clips show {what}; training needs at least two, each with a folder or a name in "
            "the column sign"
        )


def _trainings(
    requested: Requested, count: int, wanted: int, packed: Clips
) -> tuple[list[int], bool]:
    """Folds to test on, and whether to train on all clips after that."""
    if count == 0 and requested.folds in (None, "none"):
        return [], True
    text = requested.folds or ("all" if len(packed) <= SMALL_SET else _SOME_FOLD)
    folds = parse_folds(text, count or wanted)
    return folds, requested.full_fit or (len(packed) <= LARGE_SET and requested.folds is None)


def _folds_note(count: int, wanted: int, packed: Clips, tested: int) -> str:
    if count == 0:
        return NO_ESTIMATE[0].upper() + NO_ESTIMATE[1:]
    if count == wanted or not tested:
        return ""
    signers = len(set(packed.signers) - {""})
    if signers == count and tested < count:
        return (
            f"Testing in {tested} of {count} rounds; each leaves out one of your {signers} signers"
        )
    if signers == count:
        return f"Testing in {count} rounds: each of your {signers} signers is left out once"
    known = "one known signer" if signers == 1 else f"{signers} known signers"
    whose = f"of {known}" if signers else "without signer names"
    return (
        f"Testing in {count} rounds instead of {wanted}: {len(packed)} clips {whose} do not allow "
        "more"
    )


def _small_note(requested: Requested, folds: list[int], fits: int) -> str:
    if requested.folds is not None or requested.full_fit or not (fits and folds):
        return ""
    final = "" if fits == 1 else f" {fits} times and averages the {fits} models"
    return (
        f"Trainings: {len(folds) + fits}. signlet first trains {_times(len(folds))} to test the "
        f"model on left-out clips, and then on all clips{final}. --folds none --full-fit skips the "
        "test, so there is no score" + ("" if fits == 1 else "; --fits 1 skips the averaging")
    )


def _times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count} times")


def _trained(packed: Clips, count: int) -> int:
    """Number of clips in the smallest training. Raises SignletError for impossible folds.

    count: of folds, 0 for none.
    """
    known = int((packed.labels >= 0).sum())
    if count == 0:
        return known
    plan = signer_folds(packed.labels, packed.signers, count)
    return known - int(np.bincount(plan.folds[plan.folds >= 0]).max())


def _with_all_clips(recipe: Recipe, clips: int, requested: Requested) -> tuple[Recipe, str]:
    """The recipe without OUSM if an epoch has only a few batches.

    OUSM leaves out the hardest clips of each batch. Normally these differ from epoch to epoch, or
    have wrong labels. If one batch is the whole set, they are always the same clips: a sign with
    four clips was never learned.
    """
    if clips >= FEW_BATCHES * recipe.optimiser.batch_size or not recipe.loss.ousm:
        return recipe, ""
    if requested.sets("loss.ousm"):
        return recipe, ""
    note = (
        "With so few clips, signlet learns from every clip and does not leave out the hardest ones "
        "(--loss.ousm)"
    )
    return replace(recipe, loss=replace(recipe.loss, ousm=0)), note


def _long_enough(recipe: Recipe, clips: int, requested: Requested) -> tuple[Recipe, str]:
    """The recipe with enough epochs for `min_steps`; its intervals and soup grow in proportion."""
    length = recipe.optimiser
    steps = steps_and_batch_size(clips, length.batch_size)[0]
    if requested.sets("optimiser.epochs"):
        asked = requested.sets("optimiser.min_steps")  # all are, for a recipe made in Python
        return recipe, "" if asked else _few_epochs_note(length, steps)
    if steps * length.epochs >= length.min_steps:
        return recipe, _few_steps_note(recipe, steps)
    times = -(-length.min_steps // (steps * length.epochs))
    shares = {
        name: getattr(recipe, name) * times
        for name in ("soup_epochs", "validate_every", "save_every")
        if not requested.sets(name)
    }
    longer = replace(recipe, optimiser=replace(length, epochs=length.epochs * times), **shares)
    return longer, (
        f"With so few clips, signlet trains {longer.optimiser.epochs} epochs instead of "
        f"{length.epochs} (--optimiser.epochs)"
    )


def _few_steps_note(recipe: Recipe, steps: int) -> str:
    """A warning if a recipe of a large set, which asks for no least number of steps, has few."""
    total = steps * recipe.optimiser.epochs
    if recipe.optimiser.min_steps or total >= _FEW_STEPS or recipe.optimiser.epochs < _TRIED:
        return ""
    return (
        f"{recipe.name} is made for far more clips: with these it trains only {total} steps, too "
        "few to learn from; use --recipe small, or more --optimiser.epochs"
    )


def _few_epochs_note(length: OptimiserSettings, steps: int) -> str:
    """A warning if these epochs are less than half of what `min_steps` asks for."""
    enough = -(-length.min_steps // steps)
    if 2 * length.epochs >= enough:
        return ""
    return (
        f"Epochs: {length.epochs} are too few to learn from so few clips, and the model will "
        f"probably fail; without --optimiser.epochs signlet trains {enough} or more"
    )
