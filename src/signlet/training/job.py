"""From a recipe and clips to a run folder: checks, weights, clips, choices, trainings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from signlet.errors import SignletError
from signlet.evaluation.predictions import Predictions
from signlet.evaluation.scores import Scores, score
from signlet.files.same_settings import flat
from signlet.pack import PackedSet
from signlet.runs.folder import RunFolder
from signlet.training.clips import Data, packed_clips
from signlet.training.init import Init, read_init
from signlet.training.processes import Processes
from signlet.training.progress import Events
from signlet.training.recipes import load_recipe
from signlet.training.run import Wanted, check, train_checked
from signlet.training.settings import Recipe, plain
from signlet.training.train_plan import Requested, TrainPlan, plan_training


@dataclass(frozen=True)
class Job:
    """A training as the user asks for it: recipe, data and run folder.

    data: None for the recipe's own. requested: what the clips shall not decide. init: run folder
    whose weights are started from. columns, names: of the data, as in `open_source`.
    """

    recipe: Recipe
    data: Data | None
    run: Path
    requested: Requested
    resume: bool = False
    track: tuple[str, ...] = ()
    init: str | None = None
    jobs: int = -1
    columns: str | None = None
    names: str | None = None

    @classmethod
    def of(
        cls,
        recipe: str | Path | Recipe,
        data: Data,
        run: str | Path,
        folds: Sequence[int] | str | None,
        full_fit: bool,
        split: str | None,
        init: str | Path | None,
        resume: bool,
        track: Sequence[str],
    ) -> Job:
        """The arguments of `signlet.train` as a job. Raises SignletError on a bad recipe."""
        given = frozenset[str]()
        if isinstance(recipe, Recipe):
            given = frozenset(dict(flat(plain(recipe))))  # all of it, so that nothing is chosen
        else:
            recipe = load_recipe(str(recipe))
        if split is not None and folds is not None:
            raise SignletError(
                f"split {split} tests on the published split, folds test on left-out signers; "
                "give only one"
            )
        if folds is not None and not isinstance(folds, str):
            folds = ",".join(map(str, folds)) or "none"
        requested = Requested(folds, full_fit, given, split)
        where = None if init is None else str(init)
        return cls(recipe, data, Path(run), requested, resume, tuple(track), where)


@dataclass(frozen=True)
class Ready:
    """A job whose clips are there. init: the weights to start from, None for random ones."""

    packed: PackedSet
    init: Init | None
    plan: TrainPlan


@dataclass(frozen=True)
class Trained:
    """The result of a training.

    run: the run folder; `signlet.load(run)` takes it. held_out: predictions of student, teacher,
    distilled and soup for the clips held out; {} if none was. notes: what should be known of
    the clips and of what was chosen for them.
    """

    run: Path
    held_out: dict[str, Predictions]
    notes: tuple[str, ...] = ()

    @property
    def scores(self) -> dict[str, Scores]:
        """Of each model on the clips held out; {} if none was."""
        return {name: score(part) for name, part in self.held_out.items()}


def prepare(job: Job, processes: Processes, events: Events | None = None) -> Ready:
    """Check what can be checked, read the weights, pack the clips, plan the trainings.

    Raises SignletError.
    """
    run, events = RunFolder(job.run), (events if processes.main else None) or Events()
    with processes.together():
        check(job.recipe, run, job.resume, job.track, processes)
        init = processes.main_process_first(
            lambda: read_init(job.init, job.recipe) if job.init else None
        )
        packed = processes.main_process_first(
            lambda: packed_clips(
                *(job.data, job.recipe, job.run, job.jobs, events, job.columns, job.names),
                check=lambda listed: plan_training(job.recipe, listed, job.requested),
            )
        )
        plan = processes.main_process_first(
            lambda: plan_training(job.recipe, packed, job.requested)
        )
    return Ready(packed, init, plan)


def train_prepared(
    job: Job, ready: Ready, processes: Processes, events: Events | None = None
) -> dict[str, Predictions]:
    """Train what `prepare` has chosen; see `signlet.training.train`."""
    plan = ready.plan
    fits = plan.recipe.fits if plan.full_fit else 0
    wanted = Wanted(plan.folds, fits, job.track, ready.init, job.requested.split, job.resume)
    where = RunFolder(job.run)
    return train_checked(plan.recipe, ready.packed, where, wanted, processes, events)
