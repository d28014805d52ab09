"""The run folder: what lies where, and how finished trainings are joined."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray

from signlet.errors import SignletError
from signlet.evaluation.copies import trained_copies
from signlet.evaluation.folds import FoldPlan
from signlet.evaluation.predictions import Predictions, write_predictions
from signlet.evaluation.scores import score
from signlet.evaluation.split_plan import TRAINED_FOR
from signlet.files.atomic import write_text
from signlet.model.files import MAX_MEMBERS, save_model
from signlet.pack import PackedSet
from signlet.running import lock
from signlet.running.leftover import sweep_below
from signlet.sources import Source
from signlet.training.fold import CHECKPOINT
from signlet.training.init import Init
from signlet.training.joined import figures_of, joined_predictions, members_of
from signlet.training.metrics import write_metrics
from signlet.training.settings import Recipe, plain
from signlet.training.settings_file import read_mapping
from signlet.training.trackers import flat
from signlet.version import __version__

PREDICTIONS, METRICS, SETTINGS = "predictions.parquet", "metrics.csv", "config.yaml"
INIT, _INIT_DIGEST = "init", "init_sha256"
"""Entries of the settings where the weights were not random at first."""
SPLIT, SPLIT_NOTE = "split", "split_note"
"""Entries where a published split is held out: which one, and what its scores are of."""
COPIES = "copies_held_out"
"""Entry of a model's `about`: held-out clips that were trained on under another name."""
FULL = -1
"""In place of a fold's number: the first fit on all clips, with nothing held out; the next ones
are -2, -3 ..."""


def fold_folder(run: Path, fold: int) -> Path:
    """Where one fold's models, predictions and checkpoint lie, or those of a full fit."""
    if fold <= FULL:
        return run / ("full" if fold == FULL else f"full-{-fold}")
    return run / f"fold-{fold}"


def title(fold: int) -> str:
    """What a fold is called."""
    if fold <= FULL:
        return "Full fit" if fold == FULL else f"Full fit {-fold}"
    return f"Fold {fold}"


def finished(folder: Path) -> bool:
    """Whether a fold or the full fit has been trained to its end."""
    return (folder / METRICS).exists() and not (folder / CHECKPOINT).exists()


def finished_folds(run: Path, count: int) -> list[int]:
    """Those of `count` folds that have been trained to their end."""
    return [fold for fold in range(count) if finished(fold_folder(run, fold))]


def full_fits(run: Path, count: int = MAX_MEMBERS) -> list[int]:
    """Numbers of those of `count` full fits that have been trained to their end."""
    return [fit for fit in fit_numbers(count) if finished(fold_folder(run, fit))]


def fit_numbers(count: int) -> list[int]:
    """What the first `count` full fits are called in place of folds."""
    return [FULL - number for number in range(count)]


@contextmanager
def only_one(run: Path) -> Iterator[None]:
    """Keep other trainings out of the folder; the lock goes when the process does.

    Raises SignletError where another one works there.
    """
    busy = "another training works in this folder; wait for it, or choose another --run"
    with lock.only_one(run, busy):
        sweep_below(run)
        yield


def open_run(
    run: Path,
    recipe: Recipe,
    packed: PackedSet,
    resume: bool,
    init: Init | None = None,
    plan: FoldPlan | None = None,
) -> None:
    """Make the folder with its resolved settings, or check that it belongs to this run."""
    split = plan.split if plan else ""
    settings = {
        "signlet": __version__,
        "source": packed.source,
        "clips": len(packed.names),
        "signs": len(packed.signs),
        **plain(recipe),
        **({} if init is None else {INIT: init.where, _INIT_DIGEST: init.digest}),
        **({SPLIT: split, SPLIT_NOTE: plan.note} if plan and split else {}),
    }
    path = run / SETTINGS
    if not _has_begun(run):
        write_text(path, yaml.safe_dump(settings, sort_keys=False, allow_unicode=True))
        return
    refuse_used(run, resume)
    was, now = _settings_before(run), dict(flat(settings))
    if was.get(_INIT_DIGEST) != now.get(_INIT_DIGEST):
        raise SignletError(
            f"{run}: was started from {was.get(INIT, 'random weights')}, now it is "
            f"{now.get(INIT, 'random weights')} (--init); give the same again, or another --run"
        )
    if was.get(SPLIT, "") != split:
        raise SignletError(
            f"{run}: was started with {_tested_on(was.get(SPLIT))}, now it is {_tested_on(split)}; "
            "give the same again, or another --run"
        )
    _refuse_changed(run, was, {n: x for n, x in now.items() if n not in ("signlet", INIT)})


def _tested_on(split: str | None) -> str:
    return f"--split {split}" if split else "no --split"


def _settings_before(run: Path) -> dict[str, Any]:
    return dict(flat(read_mapping(run / SETTINGS, "choose another --run")))


def _refuse_changed(run: Path, was: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    for name, value in now.items():
        if was.get(name, value) != value:
            raise SignletError(
                f"{run}: was started with {name} {was[name]}, now it is {value}; "
                "give the same flags and data again, or another --run"
            )


def refuse_used(run: Path, resume: bool) -> None:
    """Raise SignletError where the folder holds a run that is not to be resumed."""
    if _has_begun(run) and not resume:
        raise SignletError(f"{run}: holds a run already; add --resume, or choose another --run")


def refuse_other_packing(run: Path, recipe: Recipe) -> None:
    """Raise SignletError, before packing, where the run to resume has clips packed otherwise."""
    _refuse_other(run, dict(flat({"packing": plain(recipe)["packing"]})))


def refuse_other_recipe(run: Path, recipe: Recipe) -> None:
    """Raise SignletError, before packing, where the run to resume has any other setting."""
    _refuse_other(run, dict(flat(plain(recipe))))


def refuse_other_source(run: Path, source: Source) -> None:
    """Raise SignletError, before packing, where the run to resume is of other data."""
    _refuse_other(run, {"source": source.name, "signs": len(source.signs)})


def refuse_other_clips(run: Path, packed: PackedSet) -> None:
    """Raise SignletError where what was packed are not the clips of the run to resume."""
    _refuse_other(run, {"clips": len(packed.names)})


def _refuse_other(run: Path, now: Mapping[str, Any]) -> None:
    """now: the settings that are known by now."""
    if _has_begun(run):
        _refuse_changed(run, _settings_before(run), now)


def _has_begun(run: Path) -> bool:
    """Whether a fold has a checkpoint or a model; settings alone are no run."""
    trainings = [*run.glob("fold-*"), *run.glob("full*")]
    return (run / SETTINGS).exists() and any(next(folder.glob("*"), None) for folder in trainings)


def predictions_of(
    packed: PackedSet, rows: NDArray[np.int64], probabilities: NDArray[np.float32], fold: int
) -> Predictions:
    """Probabilities (N, K) for rows (N,) of the packed set, with what is known of the clips."""
    names, signers = packed.names, packed.signers
    return Predictions(
        names=[names[row] for row in rows],
        signers=[signers[row] for row in rows],
        labels=np.asarray(packed.labels)[rows],
        probabilities=probabilities,
        folds=np.full(len(rows), fold, dtype=np.int64),
        signs=packed.signs,
    )


def gather(
    recipe: Recipe,
    packed: PackedSet,
    run: Path,
    folds: Sequence[int],
    fits: Sequence[int],
    about: Mapping[str, Any],
) -> dict[str, Predictions]:
    """Join what was trained: metrics, out-of-fold predictions, and one model to use.

    That is the averaged soups of the full fits; without one, those of all folds.
    fits: the full fits that were trained. about: for the model file.
    """
    folders = [fold_folder(run, fold) for fold in folds]
    figures = [figures_of(folder / METRICS, recipe.optimiser.epochs) for folder in folders]
    write_metrics(run / METRICS, dict(zip(folds, figures, strict=True)))
    joined = joined_predictions([folder / PREDICTIONS for folder in folders], packed.signs)
    if joined:
        write_predictions(run / PREDICTIONS, joined)
    sources = [fold_folder(run, fold) / "soup" for fold in fits or folds]
    members = [m for folder in sources for m in members_of(folder, packed.signs)]
    everything = {
        "recipe": recipe.name,
        "source": packed.source,
        "folds": list(folds),
        "trained_on": "all clips" if fits else _trained_on(about.get(SPLIT)),
        "out_of_fold": {name: asdict(score(part)) for name, part in joined.items()},
        **_copies(joined, packed, about.get(SPLIT)),
        **about,
    }
    save_model(run, members, packed.signs, everything)
    return joined


def _copies(
    joined: Mapping[str, Predictions], packed: PackedSet, split: str | None
) -> dict[str, int]:
    """How many held-out clips were trained on under another name, for the model file."""
    count = int(trained_copies(joined["soup"], packed, split).sum()) if joined else 0
    return {COPIES: count} if count else {}


def _trained_on(split: str | None) -> str:
    if split:
        return f"the published splits {' and '.join(TRAINED_FOR[split])}"
    return "the other folds' clips, a model for each fold"
