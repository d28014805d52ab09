"""A run: recipe, clips and folds in; a run folder with models, predictions and metrics out."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from signlet.errors import SignletError
from signlet.evaluation.folds import FoldPlan, signer_folds
from signlet.evaluation.predict import predictions_of
from signlet.evaluation.predictions import Predictions, write_predictions
from signlet.evaluation.scores import score
from signlet.evaluation.split_plan import split_plan
from signlet.files.atomic import require_writable
from signlet.model import SignModel
from signlet.model.files import save_model
from signlet.pack import PackedSet
from signlet.runs.folder import FULL, MODELS, ModelKind, RunFolder, fit_numbers
from signlet.runs.joined import joined_predictions
from signlet.runs.metrics import write_metrics
from signlet.runs.started import refuse_used
from signlet.training.fold import FoldTraining
from signlet.training.gather import gather, open_run, refuse_other_packing
from signlet.training.init import Init
from signlet.training.listed import Clips
from signlet.training.processes import Processes, start_processes
from signlet.training.progress import Bar, Events, Log, Tracked
from signlet.training.settings import Recipe
from signlet.training.trackers import check_trackers, start_trackers
from signlet.training.turns import Turn, tested, turns_of

_ON_DEVICE = 0.6
"""Share of a GPU's free memory that the packed clips may take; larger sets stay on the host."""
_PREPARING = "Preparing the training ..."
_NEXT_SEED = 1_000
"""Distance of the seeds of further fits, so that runs with neighbouring seeds share no seed."""


def train(
    recipe: Recipe,
    packed: PackedSet,
    run: Path,
    folds: Sequence[int],
    *,
    full_fit: bool = False,
    resume: bool = False,
    device: str = "auto",
    processes: Processes | None = None,
    track: Sequence[str] = (),
    init: Init | None = None,
    split: str | None = None,
    events: Events | None = None,
) -> dict[str, Predictions]:
    """Train every fold that is not finished, then gather the run folder.

    What was finished there before stays part of it, whether it is asked for again or not.

    folds: which of the recipe's folds to hold out, each in a training of its own.
    full_fit: then train on all clips, held out or not, `recipe.fits` times; the run's model is
        the average of these.
    resume: continue the training in `run`; without it a used folder is refused.
    device: where to train, unless `processes` says so.
    processes: this process among several (`start_processes`); found out if not given.
    track: trackers to send the epochs' metrics to (`signlet.training.trackers`).
    init: weights that every training starts from (`signlet.training.init`).
    split: "val" or "test": fold 0, the only one, is this published split (`split_plan`).
    Returns the out-of-fold predictions of student, teacher, distilled and soup.
    Raises SignletError; `Interrupted` after Ctrl-C, when `resume` can continue.
    """
    processes = processes or start_processes(device)
    check(recipe, RunFolder(run), resume, track, processes)
    wanted = Wanted(folds, recipe.fits if full_fit else 0, tuple(track), init, split, resume)
    return train_checked(recipe, packed, RunFolder(run), wanted, processes, events)


@dataclass(frozen=True)
class Wanted:
    """The trainings of a run; see `train`. fits: trainings on all clips."""

    folds: Sequence[int]
    fits: int
    track: tuple[str, ...] = ()
    init: Init | None = None
    split: str | None = None
    resume: bool = False


def check(
    recipe: Recipe, run: RunFolder, resume: bool, track: Sequence[str], processes: Processes
) -> None:
    """Raise SignletError, before a clip is read, where the training cannot be had or kept."""
    processes.main_only(lambda: processes.check_batch(recipe.optimiser.batch_size))
    processes.main_only(lambda: require_writable(run.settings, run.path))
    processes.main_only(lambda: refuse_used(run, resume))
    processes.main_only(lambda: refuse_other_packing(run, recipe))
    processes.main_only(lambda: check_trackers(track))


def train_checked(
    recipe: Recipe,
    packed: PackedSet,
    where: RunFolder,
    wanted: Wanted,
    processes: Processes,
    events: Events | None = None,
) -> dict[str, Predictions]:
    """`train` after its `check`."""
    run, folds, init, split = where.path, wanted.folds, wanted.init, wanted.split
    events = (events if processes.main else None) or Events()
    counted = sorted({*folds, *where.finished_folds(recipe.num_folds)})
    if not (counted or wanted.fits or where.full_fits()):
        raise SignletError(f"{run}: there is nothing to train; name a fold, or ask for a full fit")
    plan = plan_of(packed, recipe, split) if counted or split else None
    if plan and plan.note and not plan.split:  # what a split's scores are of stands under them
        events.note(plan.note)
    names = wanted.track if processes.main else ()
    with (
        processes.together(),
        ExitStack() as held,
        start_trackers(names, run, asdict(recipe)) as trackers,
    ):
        processes.main_only(lambda: held.enter_context(where.only_one()))
        # Again, since another training may have been here before the lock was ours.
        processes.main_only(lambda: refuse_used(where, wanted.resume))
        processes.main_only(lambda: open_run(run, recipe, packed, init, plan))
        there = on_device(packed, processes.device)
        about = _about(plan, packed, init)
        turns = turns_of(recipe, packed, where, plan, folds, wanted.fits)
        work = _Work(recipe, there, where, processes, events, trackers.log, about, init, turns)
        if plan:
            for fold in folds:
                work.fold(fold, plan)
        for fit in fit_numbers(wanted.fits):
            work.full_fit(fit)
        fits = where.full_fits()
        processes.main_only(lambda: gather(recipe, packed, where, counted, fits, about))
    held_out = [where.training(fold).predictions for fold in counted]
    return joined_predictions(held_out, packed.signs)


def fit(
    recipe: Recipe,
    packed: PackedSet,
    training: NDArray[np.int64],
    folder: Path,
    *,
    device: str = "auto",
    events: Events | None = None,
    turn: Turn | None = None,
) -> SignModel:
    """The soup of one training on these rows (N,) of the packed set, with nothing held out.

    folder: where a checkpoint is kept meanwhile; a training that was stopped goes on from it.
    turn: which of a command's trainings this is, if there are several.
    """
    processes = start_processes(device)
    processes.check_batch(recipe.optimiser.batch_size)
    nothing = np.empty(0, dtype=np.int64)
    there = on_device(packed, processes.device)
    turn, events = turn or Turn(), events or Events()
    with events.doing(_PREPARING):
        work = FoldTraining(recipe, there, training, nothing, folder, processes)
        work.resume()
    if not turn.later:  # the others take about as long
        turn = replace(turn, later=(turn.count - turn.number) * work.steps)
    with events.training(_bar(turn, work)) as display:
        work.run(display)
    processes.main_only(lambda: RunFolder(folder).checkpoint.unlink(missing_ok=True))
    return work.soup_with_head()


def plan_of(packed: Clips, recipe: Recipe, split: str | None = None) -> FoldPlan:
    """Plan the folds: a published split, or else the recipe's folds of signers.

    Raises SignletError if the clips do not allow it.
    """
    if split is not None:
        return split_plan(packed.labels, packed.signers, packed.splits, split)
    return signer_folds(packed.labels, packed.signers, recipe.num_folds)


def on_device(packed: PackedSet, device: torch.device) -> PackedSet:
    """The set on the device, or as it is where it would fill too much of a GPU's memory."""
    if device.type == "cuda":
        free, _ = torch.cuda.mem_get_info(device)
        if packed.nbytes > _ON_DEVICE * free:
            return packed
    return packed.to(device)


def _bar(turn: Turn, work: FoldTraining) -> Bar:
    done = work.epoch * work.batches.steps + work.step
    return Bar(turn, work.recipe.optimiser.epochs, work.batches.steps, done)


def _about(plan: FoldPlan | None, packed: PackedSet, init: Init | None) -> dict[str, Any]:
    """For the model files: whom the scores are of, and what the weights were started from."""
    about: dict[str, Any] = {}
    if plan is not None:
        about["scores_are_for"] = "new signers" if plan.grouped else "known signers"
    if plan is not None and plan.split:
        about["split"], about["split_note"] = plan.split, plan.note
    if init is not None:
        about["init"] = init.about(packed)
    return about


@dataclass(frozen=True)
class _Work:
    recipe: Recipe
    packed: PackedSet
    run: RunFolder
    processes: Processes
    events: Events
    log: Log
    about: dict[str, Any]
    init: Init | None
    turns: dict[int, Turn]

    def fold(self, fold: int, plan: FoldPlan) -> None:
        training, held_out = plan.training(fold), plan.held_out(fold)
        self._train(fold, training, held_out, f"testing on {tested(self.packed, plan, held_out)}")

    @property
    def _unseen(self) -> bool:
        """True if no signer of the held-out clips is trained on."""
        return self.about.get("scores_are_for") != "known signers"

    def full_fit(self, fit: int) -> None:
        """Train on all clips; every fit begins with other random weights."""
        known = np.flatnonzero(np.asarray(self.packed.labels) >= 0)
        recipe = replace(self.recipe, seed=self.recipe.seed + _NEXT_SEED * (FULL - fit))
        other = replace(self, recipe=recipe)
        other._train(fit, known, np.empty(0, dtype=np.int64), "no test")

    def _train(
        self, fold: int, training: NDArray[np.int64], held_out: NDArray[np.int64], about: str
    ) -> None:
        place, processes = self.run.training(fold), self.processes
        turn = self.turns[fold]
        if place.finished:
            self.events.line(f"{turn.title} ({about}) is finished already.")
            return
        with self.events.doing(_PREPARING):
            work = FoldTraining(
                self.recipe, self.packed, training, held_out, place.path, processes, self.init
            )
            resumed = f", from epoch {work.epoch + 1} on" if work.resume() else ""
        steps = f"{work.batches.steps} step{'s' * (work.batches.steps > 1)}"
        several = f", {processes.count} processes" if processes.count > 1 else ""
        self.events.line(
            f"{turn.title} ({about}): {len(training):,} clips, "
            f"{self.recipe.optimiser.epochs} epochs of {steps} "
            f"on {processes.device}{several}{resumed}."
        )
        with self.events.training(_bar(turn, work)) as display:
            work.run(Tracked(display, self.log, place.path.name))
        with self.events.doing("Testing and writing the models ..."):
            self._finish(work, held_out, fold)

    def _finish(self, work: FoldTraining, held_out: NDArray[np.int64], fold: int) -> None:
        """Models, predictions and metrics of a trained fold; the checkpoint goes last."""
        task, soup = work.task, work.soup_model
        trained = (task.student, task.teacher, task.distilled, soup)
        models = {name: work.with_head(m) for name, m in zip(MODELS, trained, strict=True)}
        result: dict[str, Predictions] = {}
        if len(held_out):
            for name, model in models.items():
                probabilities = work.predict(model).numpy()
                result[name] = predictions_of(self.packed, held_out, probabilities, fold)
        self.processes.main_only(lambda: self._write(work, models, result, fold))

    def _write(
        self,
        work: FoldTraining,
        models: dict[ModelKind, SignModel],
        result: dict[str, Predictions],
        fold: int,
    ) -> None:
        place = self.run.training(fold)
        for name, model in models.items():
            about = {"model": name, "recipe": self.recipe.name, "source": self.packed.source}
            about["fold"] = place.path.name
            whose = "accuracy_unseen_signers" if self._unseen else "accuracy_known_signers"
            scores = {whose: score(result[name]).top1} if result else {}
            everything = {**about, **self.about, **scores}
            save_model(place.model(name), [model], self.packed.signs, everything)
        if result:
            write_predictions(place.predictions, result)
        write_metrics(place.metrics, {fold: work.metrics})
        place.checkpoint.unlink(missing_ok=True)
