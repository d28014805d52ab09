"""The search: trials on validation folds, then one look at a fold that no trial has seen."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
import torch
from numpy.typing import NDArray

from signlet.errors import SignletError
from signlet.evaluation.duplicates import trained_duplicates, without_duplicates
from signlet.evaluation.folds import FoldPlan, signer_folds
from signlet.evaluation.predict import predict, predictions_of
from signlet.evaluation.predictions import Predictions
from signlet.evaluation.scores import score
from signlet.pack import PackedSet
from signlet.running.lock import only_one_file
from signlet.running.temporary import sweep_below
from signlet.training import Diverged, Interrupted, Recipe, fit, start_processes
from signlet.training.progress import Events
from signlet.training.settings import plain
from signlet.training.turns import Turn
from signlet.tune.result import SearchResult, TestScore, Trial
from signlet.tune.space import Space, check_space, with_values
from signlet.tune.study import (
    ask,
    finished,
    importance,
    open_study,
    own_values,
    tell,
    usable,
    values_of,
)

if TYPE_CHECKING:
    import optuna

Metric = Literal["balanced_accuracy", "top1"]
_TESTS = 2
"""Trainings at the end: with the best values, and with the recipe's own."""
METRICS: tuple[str, ...] = get_args(Metric)
_BUSY = "another search is using this study; wait for it, or choose another --study"


@dataclass(frozen=True)
class Search:
    """The values to search, and the clips to search on.

    space: values that the trials choose. validation: folds that score a trial, each in a
    training of its own. test_fold: the fold that no trial trains on or is scored on.
    metric: of the soup, over the clips of all validation folds together.
    """

    recipe: Recipe
    packed: PackedSet
    space: Space
    validation: tuple[int, ...]
    test_fold: int
    metric: Metric = "balanced_accuracy"

    def __post_init__(self) -> None:
        check_search(self.recipe, self.space, self.validation, self.test_fold)

    @cached_property
    def folds(self) -> FoldPlan:
        """Return the recipe's folds of signers."""
        return signer_folds(self.packed.labels, self.packed.signers, self.recipe.num_folds)

    def rows(self, validation: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Rows (N,) to train on and (M,) to score on for one validation fold of a trial."""
        folds = self.folds
        training = np.setdiff1d(folds.training(validation), folds.held_out(self.test_fold))
        return training, folds.held_out(validation)

    def about(self) -> dict[str, str]:
        """Return the settings that must be equal for a study that is continued."""
        packed = self.packed
        clips = [packed.signs, packed.names, packed.signers, packed.max_len]
        numbers = [np.asarray(packed.labels).tolist(), np.asarray(packed.lengths).tolist()]
        space = {key: asdict(about) for key, about in self.space.items()}
        return {
            "data": _digest([*clips, *numbers]),
            "recipe": _digest(plain(self.recipe)),
            "space": _digest(space),
            "validation folds": str(list(self.validation)),
            "test fold": str(self.test_fold),
            "metric": self.metric,
        }


def check_search(recipe: Recipe, space: Space, validation: Sequence[int], test_fold: int) -> None:
    """Raise SignletError, for which no clip is needed, if folds or values cannot be searched."""
    count, used = recipe.num_folds, {*validation, test_fold}
    if count < 3:
        raise SignletError(
            f"num_folds is {count}; tuning needs 3: to train on, to choose on, and to test on"
        )
    if not validation or len(used) <= len(set(validation)):
        raise SignletError(
            f"fold {test_fold} cannot be test fold and validation fold; choose others"
        )
    if not used <= set(range(count)):
        raise SignletError(f"folds {sorted(used)}: the recipe has folds 0 to {count - 1}")
    check_space(recipe, space)


def tune(
    search: Search,
    study: Path,
    trials: int,
    *,
    device: str = "auto",
    events: Events | None = None,
) -> SearchResult:
    """Run the trials that are missing, then test the best and the recipe's own values.

    study: SQLite file with the trials; those that are finished are not repeated, one that
    was cut off is. trials: how many there shall be in all; the first one takes the recipe's
    own values, if the space holds them.
    Raises SignletError if the study belongs to another search, or every trial failed;
    `Interrupted` after Ctrl-C.
    """
    if trials < 1:
        raise SignletError(f"{trials} trials: give at least 1")
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        raise SignletError("tune runs as one process; start it without torchrun or accelerate")
    start_processes(device)  # refuses a device that is not there before anything is written
    with only_one_file(study, _BUSY):
        sweep_below(study.with_suffix(""))
        return _searched(search, study, trials, device, events or Events())


def _searched(
    search: Search, study: Path, trials: int, device: str, events: Events
) -> SearchResult:
    with events.doing("Opening the study ..."):
        there = open_study(study, search.about())
    work = _Work(search, study, there, device, events, trials)
    while (done := len(work.finished())) < trials:
        work.trial(done)
    result = work.result()
    shutil.rmtree(work.folder, ignore_errors=True)
    return result


@dataclass(frozen=True)
class _Work:
    search: Search
    file: Path
    study: optuna.Study
    device: str
    events: Events
    trials: int

    @property
    def folder(self) -> Path:
        """Of the trainings that are under way."""
        return self.file.with_suffix("") / "work"

    def finished(self) -> list[Trial]:
        """Trials that ran to their end, or whose training failed."""
        with usable(self.file):
            return finished(self.study, self.search.space)

    def trial(self, place: int) -> None:
        """Draw values, train, score.

        A training that diverges is a failed trial; any other trouble ends the search.
        """
        search, started = self.search, time.perf_counter()
        with usable(self.file):
            trial = ask(self.study, search.space, search.recipe, place)
            values = values_of(trial.params, search.space)
        value, why = float("nan"), ""
        try:
            recipe = with_values(search.recipe, values)
        except SignletError as error:
            why = str(error)
        else:
            value, why = self._score(recipe, place)
        with usable(self.file):
            tell(self.study, trial, value, why)
        seconds = time.perf_counter() - started
        said = f"{self.search.metric} {value:.3f}" if not why else f"failed: {why}"
        self.events.line(f"Trial {place + 1} of {self.trials}: {said}, {seconds:,.0f} s")

    def _score(self, recipe: Recipe, place: int) -> tuple[float, str]:
        """The metric, or NaN and the reason where a training has diverged."""
        try:
            return self._validate(recipe, place), ""
        except Diverged as error:
            return float("nan"), str(error)

    def _validate(self, recipe: Recipe, place: int) -> float:
        name, folds, parts = f"Trial {place + 1} of {self.trials}", self.search.validation, []
        for number, fold in enumerate(folds, 1):
            several = f", fold {number} of {len(folds)}" if len(folds) > 1 else ""
            turn = self._turn(f"{name}{several}", place * len(folds) + number)
            parts.append(self._predict(recipe, *self.search.rows(fold), turn))
        rows = np.concatenate([part[0] for part in parts])
        soup = predictions_of(
            self.search.packed, rows, np.concatenate([part[1] for part in parts]), fold=-1
        )
        return float(getattr(score(soup, resamples=1), self.search.metric))

    def _turn(self, name: str, number: int) -> Turn:
        """The place of a training among all: those of the trials, then those of the tests."""
        return Turn(number, self.trials * len(self.search.validation) + _TESTS, name=name)

    def _predict(
        self, recipe: Recipe, training: NDArray[np.int64], rows: NDArray[np.int64], turn: Turn
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """The soup of a training, asked for rows (M,): those rows and (M, K) probabilities."""
        with _scratch(self.folder, recipe, training) as folder:
            packed = self.search.packed
            soup = fit(
                *(recipe, packed, training, folder),
                device=self.device,
                events=self.events,
                turn=turn,
            )
            return rows, predict(soup, packed, torch.from_numpy(rows)).numpy()

    def result(self) -> SearchResult:
        """Test the best trial's recipe and the recipe itself on the fold left for that."""
        trials = self.finished()
        scored = [trial for trial in trials if trial.value is not None]
        if not scored:
            raise SignletError(f"every trial failed, the last one: {trials[-1].why}")
        best = max(scored, key=lambda trial: trial.value or 0.0)  # the first of equals
        own = own_values(self.search.recipe, self.search.space)
        chosen = with_values(self.search.recipe, best.values)
        return SearchResult(
            metric=self.search.metric,
            validation=self.search.validation,
            test_fold=self.search.test_fold,
            recipe=chosen,
            trials=tuple(trials),
            best=best,
            own=next((t for t in scored if t.values == own), None),
            test_best=self._test(chosen, 1),
            test_own=self._test(self.search.recipe, _TESTS),
            importance=importance(self.study),
        )

    def _test(self, recipe: Recipe, number: int) -> TestScore:
        """Train without the test fold and score on it; done once for each recipe."""
        key = f"test {_digest(plain(recipe))}"
        with usable(self.file):
            known = self.study.user_attrs.get(key)
        if known is None:
            fold, folds = self.search.test_fold, self.search.folds
            self.events.line(f"Training without fold {fold}, to be tested on it.")
            trained = self.trials * len(self.search.validation)
            turn = self._turn(f"Test {number} of {_TESTS}", trained + number)
            rows, answers = self._predict(recipe, folds.training(fold), folds.held_out(fold), turn)
            known = self._scores(predictions_of(self.search.packed, rows, answers, fold))
            with usable(self.file):
                self.study.set_user_attr(key, known)
        with usable(self.file):
            return TestScore.read(known)

    def _scores(self, soup: Predictions) -> dict[str, Any]:
        result, duplicates = score(soup), trained_duplicates(soup, self.search.packed)
        names = ("top1", "balanced_accuracy", "low", "high", "clips")
        return {
            **{name: getattr(result, name) for name in names},
            "copies": int(duplicates.sum()),
            "without_copies": without_duplicates(soup, duplicates, self.search.metric),
        }


# --- small parts --------------------------------------------------------------------------


@contextmanager
def _scratch(folder: Path, recipe: Recipe, rows: NDArray[np.int64]) -> Iterator[Path]:
    """A folder for one training's checkpoint: kept where it is stopped, else removed."""
    mine = folder / _digest([plain(recipe), rows.tolist()])
    try:
        yield mine
    except Interrupted:
        raise Interrupted("stopped; the state is saved: the same command continues") from None
    except SignletError:
        shutil.rmtree(mine, ignore_errors=True)
        raise
    shutil.rmtree(mine, ignore_errors=True)


def _digest(content: Sequence[Any] | Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]
