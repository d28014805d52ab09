"""From a run or ensemble folder to its trainings without some signs, and what they answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from signlet.calibration.leave_out import SOUP, LeaveOut, averaged, sign_groups
from signlet.errors import SignletError, reason_of
from signlet.evaluation.duplicates import trained_duplicates
from signlet.evaluation.predictions import Predictions
from signlet.evaluation.split_plan import TRAINED_FOR
from signlet.files.settings_file import read_mapping
from signlet.model.files import CONFIG, ModelFile
from signlet.modelfile.averaging import KINDS, Kind
from signlet.pack import PackedSet
from signlet.runs import RunFolder
from signlet.runs.metrics import read_metrics
from signlet.runs.started import INIT, OF_THE_CLIPS, SPLIT, SPLIT_NOTE, VERSION
from signlet.training import Recipe
from signlet.training.clips import packed_clips
from signlet.training.ensemble import ENSEMBLE
from signlet.training.memory import keep_freed_memory
from signlet.training.progress import Events
from signlet.training.recipes import recipe_in

WORK = "calibration"
"""Folder in a run of its trainings without some signs."""
_NOT_THE_RECIPE = (VERSION, *OF_THE_CLIPS, SPLIT, SPLIT_NOTE)
"""Settings of a run that are not its recipe's."""
_REMEDY = "give --unknown CLIPS"


@dataclass(frozen=True)
class LeaveOutRequest:
    """The trainings to repeat. runs, data: folders, and the clips of each ([]: as packed there).

    folds: () for those of the out-of-fold predictions. groups: of signs. told: what the columns
    of tables among the data are called, and how the files are named.
    """

    runs: tuple[Path, ...]
    data: tuple[str, ...]
    folds: tuple[int, ...]
    groups: int
    device: str
    told: tuple[str | None, str | None] = (None, None)


def answers_without_signs(
    requested: LeaveOutRequest, model: ModelFile, out_of_fold: Predictions, events: Events
) -> tuple[Predictions, list[Predictions]]:
    """Out-of-fold predictions less duplicates, and the answers of each training without some signs.

    A duplicate is a held-out clip that was trained on under another name
    (`signlet.evaluation.duplicates`).
    Raises SignletError if the runs, their clips and the model do not fit together;
    `Interrupted` after Ctrl-C, when the same call goes on.
    """
    runs, kind = _parts(requested.runs, model)
    data = requested.data or (None,) * len(runs)
    if len(data) != len(runs):
        raise SignletError(
            f"--data: names {len(data)} for --runs of {len(runs)}; name one for each run"
        )
    folds = requested.folds or tuple(sorted(set(out_of_fold.folds.tolist())))
    work = []
    for run, where in zip(runs, data, strict=True):
        recipe = run_recipe(run)
        packed = _packed(run, where, recipe, events, requested)
        _require_own(run, packed, out_of_fold)
        split = run_split(run)
        work.append(
            LeaveOut(recipe, packed, folds, requested.groups, run / WORK, requested.device, split)
        )
    duplicates = trained_duplicates(out_of_fold, work[0].packed, work[0].split)
    _require_clips(out_of_fold, duplicates, runs[0])
    for one in work:
        one.check()
    _say_how_long(work, events)
    keep_freed_memory()
    answers = averaged([one.run(events) for one in work], kind)
    return _without_duplicates(out_of_fold, answers, duplicates, events)


def _parts(runs: Sequence[Path], model: ModelFile) -> tuple[Sequence[Path], Kind]:
    """The runs to train again, and how their answers are averaged."""
    about = model.about.get(ENSEMBLE)
    if not isinstance(about, dict):
        if runs[1:]:
            raise SignletError(f"{runs[0]}: is not an ensemble; leave out --runs")
        return runs, "softmax"
    try:
        parts, kind = {str(run["name"]): run["model"] for run in about["runs"]}, about["average"]
    except (KeyError, TypeError):
        parts, kind = {}, None
    if not parts or kind not in KINDS:
        raise SignletError(f"{runs[0] / CONFIG}: its list of runs is damaged; {_REMEDY}")
    if len(runs) - 1 != len(parts):
        raise SignletError(
            f"{runs[0]}: is an ensemble; {_REMEDY}, or the folders of {', '.join(parts)} by --runs"
        )
    if other := [name for name, which in parts.items() if which != SOUP]:
        raise SignletError(f"{runs[0]}: only soups can be trained again, not {other[0]}; {_REMEDY}")
    return runs[1:], kind


def run_recipe(run: Path) -> Recipe:
    """The recipe that a run was trained with; SignletError if its settings are damaged."""
    path = RunFolder(run).settings
    if not path.exists():
        raise SignletError(f"{path}: no such file; name a run folder")
    settings = read_mapping(path, _REMEDY)
    if INIT in settings:
        raise SignletError(
            f"{run}: was started from {settings[INIT]} (--init), which may already know the "
            f"signs that are left out; {_REMEDY}"
        )
    own = {name: value for name, value in settings.items() if name not in _NOT_THE_RECIPE}
    try:
        return recipe_in(own)
    except Exception as error:  # whatever jsonargparse makes of a damaged value
        raise SignletError(f"{path}: is damaged ({reason_of(error)}); {_REMEDY}") from None


def run_split(run: Path) -> str | None:
    """The published split that a run held out, None if it held signers out."""
    path = RunFolder(run).settings
    split = read_mapping(path, _REMEDY).get(SPLIT)
    if split not in (None, *TRAINED_FOR):
        raise SignletError(f"{path}: is damaged (split is {split}); {_REMEDY}")
    return split


def _packed(
    run: Path,
    where: str | None,
    recipe: Recipe,
    events: Events,
    requested: LeaveOutRequest,
) -> PackedSet:
    if where is None and RunFolder(run).has_packed:
        where = str(RunFolder(run).packed)
    if where is None and not recipe.packing.default_source:
        raise SignletError(f"{run}: use --data to name the clips that it was trained on")
    return packed_clips(
        *(where, recipe, run / WORK, -1, events, *requested.told),
        check=lambda listed: sign_groups(len(listed.signs), requested.groups),
    )


def _require_own(run: Path, packed: PackedSet, out_of_fold: Predictions) -> None:
    label = dict(zip(packed.names, packed.labels.tolist(), strict=True))
    own = [label.get(name) for name in out_of_fold.names]
    if packed.signs != out_of_fold.signs or own != out_of_fold.labels.tolist():
        raise SignletError(
            f"{packed.path}: these are not the clips that {run} was trained on; name those with "
            "--data"
        )


def _say_how_long(work: Sequence[LeaveOut], events: Events) -> None:
    """Print the trainings to do, and their time, estimated from the run's own folds."""
    todo = [(one, fold) for one in work for fold, _ in one.todo()]
    seconds = 0.0
    for one, fold in todo:
        metrics = RunFolder(one.work.parent).training(fold).metrics
        epochs = read_metrics(metrics) if metrics.exists() else []
        seconds += sum(epoch.seconds for epoch in epochs) * (1 - 1 / one.groups)
    if todo:
        events.line(
            f"{len(todo)} trainings without some of the signs; about {max(seconds / 60, 1):,.0f} "
            "min, if this machine is as fast as the one that trained the run. Ctrl-C stops, "
            "the same command continues."
        )


def _require_clips(out_of_fold: Predictions, duplicates: NDArray[np.bool_], run: Path) -> None:
    """Refuse, before the trainings, what would leave nothing to measure after them."""
    if not (out_of_fold.labels[~duplicates] >= 0).any():
        raise SignletError(
            f"{run}: all {len(duplicates)} held-out clips are duplicates of clips that were "
            "trained on, so nothing can be measured; train it on clips that do not repeat each "
            "other"
        )


def _without_duplicates(
    out_of_fold: Predictions,
    answers: list[Predictions],
    duplicates: NDArray[np.bool_],
    events: Events,
) -> tuple[Predictions, list[Predictions]]:
    """Clips of unknown signs stay: no duplicate of them was trained on."""
    if not duplicates.any():
        return out_of_fold, answers
    events.line(f"{duplicates.sum()} clips are left out, because they duplicate training clips.")
    names = {
        name for name, duplicate in zip(out_of_fold.names, duplicates, strict=True) if duplicate
    }
    kept = [
        part.select((part.labels < 0) | np.array([name not in names for name in part.names]))
        for part in answers
    ]
    return out_of_fold.select(~duplicates), kept
