"""The run folder of a training: checks before it begins, model and predictions at its end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from signlet.evaluation.duplicates import trained_duplicates
from signlet.evaluation.folds import FoldPlan
from signlet.evaluation.predictions import Predictions, write_predictions
from signlet.evaluation.scores import score
from signlet.evaluation.split_plan import TRAINED_FOR
from signlet.model.files import save_model
from signlet.pack import PackedSet
from signlet.runs.folder import RunFolder
from signlet.runs.joined import joined_predictions, members_of
from signlet.runs.metrics import metrics_of, write_metrics
from signlet.runs.started import INIT, INIT_DIGEST, SPLIT, SPLIT_NOTE, VERSION, refuse_other, start
from signlet.sources import Source
from signlet.training.init import Init
from signlet.training.settings import Recipe, plain
from signlet.version import __version__

DUPLICATES = "copies_held_out"
"""Entry of a model's `about`: held-out clips that were trained on under another name."""


def open_run(
    run: Path,
    recipe: Recipe,
    packed: PackedSet,
    init: Init | None = None,
    plan: FoldPlan | None = None,
) -> None:
    """Make the folder with its resolved settings, or check that it belongs to this run."""
    split = plan.split if plan else ""
    settings = {
        VERSION: __version__,
        "source": packed.source,
        "clips": len(packed.names),
        "signs": len(packed.signs),
        **plain(recipe),
        **({} if init is None else {INIT: init.where, INIT_DIGEST: init.digest}),
        **({SPLIT: split, SPLIT_NOTE: plan.note} if plan and split else {}),
    }
    start(RunFolder(run), settings)


def refuse_other_packing(run: RunFolder, recipe: Recipe) -> None:
    """Raise SignletError, before packing, where the run to resume has clips packed otherwise."""
    refuse_other(run, {"packing": plain(recipe)["packing"]})


def refuse_other_recipe(run: RunFolder, recipe: Recipe) -> None:
    """Raise SignletError, before packing, where the run to resume has any other setting."""
    refuse_other(run, plain(recipe))


def refuse_other_source(run: RunFolder, source: Source) -> None:
    """Raise SignletError, before packing, where the run to resume is of other data."""
    refuse_other(run, {"source": source.name, "signs": len(source.signs)})


def refuse_other_clips(run: RunFolder, packed: PackedSet) -> None:
    """Raise SignletError where what was packed are not the clips of the run to resume."""
    refuse_other(run, {"clips": len(packed.names)})


def gather(
    recipe: Recipe,
    packed: PackedSet,
    run: RunFolder,
    folds: Sequence[int],
    fits: Sequence[int],
    about: Mapping[str, Any],
) -> dict[str, Predictions]:
    """Join what was trained: metrics, out-of-fold predictions, and one model to use.

    That is the averaged soups of the full fits; without one, those of all folds.
    fits: the full fits that were trained. about: for the model file.
    """
    trainings = [run.training(fold) for fold in folds]
    metrics = [metrics_of(one.metrics, recipe.optimiser.epochs) for one in trainings]
    write_metrics(run.metrics, dict(zip(folds, metrics, strict=True)))
    joined = joined_predictions([one.predictions for one in trainings], packed.signs)
    if joined:
        write_predictions(run.predictions, joined)
    sources = [run.training(number).model("soup") for number in fits or folds]
    members = [m for folder in sources for m in members_of(folder, packed.signs)]
    everything = {
        "recipe": recipe.name,
        "source": packed.source,
        "folds": list(folds),
        "trained_on": "all clips" if fits else _trained_on(about.get(SPLIT)),
        "out_of_fold": {name: asdict(score(part)) for name, part in joined.items()},
        **_duplicates(joined, packed, about.get(SPLIT)),
        **about,
    }
    save_model(run.path, members, packed.signs, everything)
    return joined


def _duplicates(
    joined: Mapping[str, Predictions], packed: PackedSet, split: str | None
) -> dict[str, int]:
    """Count the held-out clips that were trained on under another name, for the model file."""
    count = int(trained_duplicates(joined["soup"], packed, split).sum()) if joined else 0
    return {DUPLICATES: count} if count else {}


def _trained_on(split: str | None) -> str:
    if split:
        return f"the published splits {' and '.join(TRAINED_FOR[split])}"
    return "the other folds' clips, a model for each fold"
