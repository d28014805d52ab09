"""The trials in Optuna's SQLite file: drawn, told, read back."""

from __future__ import annotations

import json
import math
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from signlet.errors import SignletError, first_line
from signlet.files.regular import require_regular
from signlet.files.same_settings import differing
from signlet.text.install import needs
from signlet.training import Recipe
from signlet.tune.result import Trial
from signlet.tune.space import Choices, Range, Space, value_of

if TYPE_CHECKING:
    import optuna

_NAME, _ABOUT, _WHY = "signlet", "signlet", "why"
_ENOUGH = 10
"""Trials; with fewer the shares of the spread are chance."""


def require_optuna() -> None:
    """Raise SignletError if Optuna is missing."""
    try:
        import optuna  # noqa: F401
    except ImportError as error:
        raise SignletError(needs("tuning", "tune", error)) from None


def require_study_name(path: Path) -> None:
    """Raise SignletError for a path without an ending, which is that of the study's folder."""
    if not path.suffix:
        raise SignletError(f"{path}: give the study a file name such as {path}.db")


def open_study(path: Path, about: Mapping[str, str]) -> optuna.Study:
    """The study, new or continued, with a trial that was cut off marked as failed.

    about: what must be the same for a study to be continued; kept in it.
    Raises SignletError if Optuna is missing, the file is not a study, or one of another search.
    """
    require_optuna()
    import optuna
    from optuna.trial import TrialState

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    require_study_name(path)
    if path.exists():
        require_regular(path, SignletError)
    path.parent.mkdir(parents=True, exist_ok=True)
    with usable(path):
        study = optuna.create_study(
            storage=f"sqlite:///{path}", study_name=_NAME, direction="maximize", load_if_exists=True
        )
        _check_same(path, study, about)
        for trial in study.get_trials(states=(TrialState.RUNNING,)):
            study.tell(trial.number, state=TrialState.FAIL)
    return study


@contextmanager
def usable(path: Path) -> Iterator[None]:
    """Turn whatever Optuna and its libraries make of a damaged study into one line on the file."""
    try:
        yield
    except SignletError:
        raise
    except Exception as error:
        raise SignletError(
            f"{path}: cannot be used as a study ({first_line(error)}); choose another --study"
        ) from None


def _check_same(path: Path, study: optuna.Study, about: Mapping[str, str]) -> None:
    before = study.user_attrs.get(_ABOUT)
    if before is None and not study.get_trials():
        study.set_user_attr(_ABOUT, dict(about))
        return
    if other := differing(before, about):
        raise SignletError(
            f"{path}: was started with other {', '.join(other)}; give the same again, or choose "
            "another --study"
        )


def ask(study: optuna.Study, space: Space, recipe: Recipe, place: int) -> optuna.Trial:
    """A new trial, the first one with the recipe's own values where the space holds them.

    place: how many trials are finished. The sampler is made again from it and the recipe's
    seed, so that a study that was stopped draws what an undisturbed one would have.
    """
    from optuna.samplers import TPESampler
    from optuna.trial import TrialState

    seed = np.random.SeedSequence([recipe.seed, place]).generate_state(1)[0]
    study.sampler = TPESampler(seed=int(seed))
    own = own_values(recipe, space)
    if place == 0 and own is not None and not study.get_trials(states=(TrialState.WAITING,)):
        study.enqueue_trial({key: _label(value) for key, value in own.items()})
    return study.ask({k: _distribution(x, value_of(recipe, k)) for k, x in space.items()})


def tell(study: optuna.Study, trial: optuna.Trial, value: float, why: str) -> None:
    """Keep a trial's score, or that it failed and why.

    Raises SignletError if another process has stopped this trial meanwhile.
    """
    from optuna.exceptions import UpdateFinishedTrialError
    from optuna.trial import TrialState

    try:
        if math.isnan(value):
            trial.set_user_attr(_WHY, why or "the score is not a number")
            study.tell(trial, state=TrialState.FAIL)
        else:
            study.tell(trial, value)
    except (ValueError, UpdateFinishedTrialError):
        raise SignletError(
            "another process has taken over this study; run only one at a time"
        ) from None


def finished(study: optuna.Study, space: Space) -> list[Trial]:
    """Trials that were scored, or whose training failed; not those that were cut off.

    Raises anything where the file was damaged, see `usable`.
    """
    return [
        Trial(
            number=place,
            value=None if trial.value is None else _share(trial.value),
            seconds=trial.duration.total_seconds() if trial.duration else 0.0,
            values=values_of(trial.params, space),
            why=trial.user_attrs.get(_WHY, ""),
        )
        for place, trial in enumerate(filter(_is_finished, study.get_trials()), 1)
    ]


def _share(value: Any) -> float:
    if not 0 <= value <= 1:
        raise ValueError(f"a score is {value}")
    return float(value)


def _is_finished(trial: optuna.trial.FrozenTrial) -> bool:
    return trial.value is not None or (trial.state.is_finished() and _WHY in trial.user_attrs)


def own_values(recipe: Recipe, space: Space) -> dict[str, Any] | None:
    """The recipe's own values of the searched keys; None if the space lacks one of them."""
    values = {key: value_of(recipe, key) for key in space}
    return values if all(space[key].holds(value) for key, value in values.items()) else None


def values_of(parameters: Mapping[str, Any], space: Space) -> dict[str, Any]:
    """Convert Optuna's parameters of a trial back to values."""
    result = {}
    for key, about in space.items():
        given = parameters[key]
        if isinstance(about, Choices):
            given = next(value for value in about.choices if _label(value) == given)
        if not about.holds(given):
            raise ValueError(f"{key} is {given}")
        result[key] = given
    return result


def importance(study: optuna.Study) -> dict[str, float]:
    """Share of the spread that each value explains (fANOVA); empty if nothing can be said.

    Nothing can be said of a few trials.
    """
    from optuna.importance import FanovaImportanceEvaluator, get_param_importances

    if len(study.get_trials(deepcopy=False)) < _ENOUGH:
        return {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return get_param_importances(study, evaluator=FanovaImportanceEvaluator(seed=0))
        except (RuntimeError, ValueError):
            return {}


def _distribution(about: Range | Choices, own: Any) -> optuna.distributions.BaseDistribution:
    from optuna import distributions

    if isinstance(about, Choices):
        return distributions.CategoricalDistribution([_label(value) for value in about.choices])
    if isinstance(own, int):
        return distributions.IntDistribution(int(about.low), int(about.high), log=about.log)
    return distributions.FloatDistribution(about.low, about.high, log=about.log)


def _label(value: Any) -> Any:
    """Optuna keeps plain values only; lists are kept as text."""
    return json.dumps(value) if isinstance(value, tuple) else value
