"""The run folder of a training: checks before it begins, model and predictions at its end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from signlet.errors import SignletError
from signlet.evaluation.duplicates import trained_duplicates
from signlet.evaluation.folds import FoldPlan
from signlet.evaluation.predict import predict
from signlet.evaluation.predictions import Predictions, write_predictions
from signlet.evaluation.scores import score
from signlet.evaluation.split_plan import TRAINED_FOR
from signlet.evaluation.verdict import counted
from signlet.meaning.clip_warnings import listed
from signlet.model import SignModel
from signlet.model.files import save_model
from signlet.pack import PackedSet
from signlet.pack.layout import fingerprint
from signlet.runs.folder import RunFolder
from signlet.runs.joined import joined_predictions, members_of
from signlet.runs.metrics import metrics_of, write_metrics
from signlet.runs.started import (
    CLIPS_DIGEST,
    INIT,
    INIT_DIGEST,
    OTHERS,
    SPLIT,
    SPLIT_NOTE,
    VERSION,
    changed_clips,
    refuse_other,
    start,
)
from signlet.sources import ClipRef, Source
from signlet.training.init import Init
from signlet.training.settings import Recipe, plain
from signlet.version import __version__

DUPLICATES = "copies_held_out"
"""Entry of a model's `about`: held-out clips that were trained on under another name."""
WITHOUT_DUPLICATES = "out_of_fold_without_copies"
"""Entry of a model's `about`: the soup's scores without these clips; absent if no clip is left."""

_SAMPLE = 100
"""Training clips of each training that its model is tried on."""


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
        CLIPS_DIGEST: packed.header.settings.fingerprint,
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
    """Raise SignletError, before packing, where the folder holds other clips than the source's."""
    refuse_other(run, {"source": source.name})
    refs = source.refs()
    digest = fingerprint(refs)
    if run.has_packed:
        packed = PackedSet.open(run.packed)
        if packed.header.settings.fingerprint != digest:
            _refuse_changes(run, packed, refs)
    refuse_other(run, {"signs": len(source.signs), CLIPS_DIGEST: digest})


def _refuse_changes(run: RunFolder, packed: PackedSet, refs: Sequence[ClipRef]) -> None:
    before = {*packed.names, *packed.skipped["name"].to_pylist()}
    now = {ref.name for ref in refs}
    differ = {"added": sorted(now - before), "removed": sorted(before - now)}
    parts = [f"{len(some)} {how} ({listed(some)})" for how, some in differ.items() if some]
    change = " and ".join(parts) or OTHERS
    if run.begun:
        raise changed_clips(run, change)
    raise SignletError(
        f"{run.packed}: holds the clips of an earlier command, which has trained nothing with "
        f"them, and the clips have changed since: {change}; delete this folder, or choose another"
    )


def refuse_other_clips(run: RunFolder, packed: PackedSet) -> None:
    """Raise SignletError if what was packed are not the clips of the run to resume."""
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
    soup, split = joined.get("soup"), about.get(SPLIT)
    duplicates = None if soup is None else trained_duplicates(soup, packed, split)
    if soup is not None and duplicates is not None:
        names = (name for name, found in zip(soup.names, duplicates, strict=True) if found)
        write_predictions(run.predictions, joined, names)
    numbers = fits or folds
    trained = [members_of(run.training(n).model("soup"), packed.signs) for n in numbers]
    members = [member for each in trained for member in each]
    everything = {
        "recipe": recipe.name,
        "source": packed.source,
        "folds": list(folds),
        "trained_on": "all clips" if fits else _trained_on(split),
        "out_of_fold": {name: asdict(score(part)) for name, part in joined.items()},
        "training_accuracy": _training_accuracy(packed, trained, numbers, joined, split),
        **about_duplicates(soup, duplicates),
        **about,
    }
    save_model(run.path, members, packed.signs, everything)
    return joined


def _training_accuracy(
    packed: PackedSet,
    trained: Sequence[Sequence[SignModel]],
    numbers: Sequence[int],
    joined: Mapping[str, Predictions],
    split: str | None,
) -> float:
    """Share of a sample of its own training clips that a training names correctly, the mean.

    A model that fails on them has learned nothing, whatever its score.
    """
    shares = []
    for members, number in zip(trained, numbers, strict=True):
        rows = _training_rows(packed, number, joined, split)
        rows = rows[np.linspace(0, len(rows) - 1, min(len(rows), _SAMPLE)).astype(int)]
        chosen = torch.from_numpy(rows)
        mean = torch.stack([predict(member, packed, chosen) for member in members]).mean(0)
        shares.append(float((mean.argmax(1).numpy() == np.asarray(packed.labels)[rows]).mean()))
    return round(float(np.mean(shares)), 4)


def _training_rows(
    packed: PackedSet, number: int, joined: Mapping[str, Predictions], split: str | None
) -> NDArray[np.int64]:
    """Rows of the clips that a fold, or a full fit (a number below 0), was trained on."""
    known = np.asarray(packed.labels) >= 0
    if number >= 0 and split:
        known &= np.array([one in TRAINED_FOR[split] for one in packed.splits])
    elif number >= 0:
        soup = joined["soup"]
        left_out = {n for n, fold in zip(soup.names, soup.folds, strict=True) if fold == number}
        known &= np.array([name not in left_out for name in packed.names])
    return np.flatnonzero(known)


def about_duplicates(
    held_out: Predictions | None, duplicates: NDArray[np.bool_] | None
) -> dict[str, Any]:
    """For the model file: how many held-out clips were trained on, and the scores without them."""
    if held_out is None or duplicates is None or not duplicates.any():
        return {}
    rest, count = counted(held_out, duplicates), {DUPLICATES: int(duplicates.sum())}
    return count if rest is None else {**count, WITHOUT_DUPLICATES: asdict(score(rest))}


def _trained_on(split: str | None) -> str:
    if split:
        return f"the published splits {' and '.join(TRAINED_FOR[split])}"
    return "the clips of the other folds; each fold has its own model"
