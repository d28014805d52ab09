"""Metrics of a training sent to TensorBoard, MLflow, Weights & Biases or trackio.

The trackers are those of `accelerate.tracking`; here is decided where they write (beside the
run, nothing leaves the machine unless the user has said so), what they are given, and that
none of them can end a training.
"""

from __future__ import annotations

import importlib
import logging
import os
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from signlet.errors import SignletError, first_line
from signlet.files.same_settings import flat
from signlet.text.install import needs

if TYPE_CHECKING:
    from accelerate.tracking import GeneralTracker

PROJECT = "signlet"
"""MLflow's experiment, and the project of Weights & Biases and trackio."""
_MODULES = {
    "tensorboard": "torch.utils.tensorboard",
    "mlflow": "mlflow",
    "wandb": "wandb",
    "trackio": "trackio",
}
TRACKERS = tuple(_MODULES)
"""The names that can be given."""


@dataclass(frozen=True)
class _Sink:
    """One started tracker.

    own_steps: W&B drops what comes with a smaller step than before, as the next fold's
    epochs do; it counts its own steps and gets the epoch as a metric.
    """

    name: str
    tracker: GeneralTracker
    own_steps: bool = False

    def log(self, values: dict[str, float], step: int) -> None:
        if self.own_steps:
            self.tracker.log({**values, "epoch": step})
        else:
            self.tracker.log(values, step=step)


class Trackers:
    """Trackers that are open; one that fails is warned of once and left out from then on."""

    def __init__(self, sinks: Sequence[_Sink]) -> None:
        self._sinks = list(sinks)

    def log(self, values: Mapping[str, float], step: int) -> None:
        """Send metrics to every tracker; NaN is left out. step: the epoch, from 1."""
        known = {name: float(value) for name, value in values.items() if value == value}
        if known:
            self._each(lambda sink: sink.log(known, step))

    def close(self) -> None:
        """Write pending metrics and end the trackers' runs; a second call does nothing."""
        self._each(lambda sink: sink.tracker.finish())
        self._sinks = []

    def _each(self, act: Callable[[_Sink], None]) -> None:
        self._sinks = [sink for sink in self._sinks if _safely(sink.name, partial(act, sink))]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *problem: object) -> None:
        self.close()


def check_trackers(names: Sequence[str]) -> None:
    """Raise SignletError if a name is unknown or its package cannot be imported."""
    for name in names:
        if name not in _MODULES:
            raise SignletError(f"there is no tracker {name!r}; choose from {', '.join(TRACKERS)}")
    if not names:
        return
    _quiet()
    for module in ("accelerate", *(_MODULES[name] for name in names)):
        try:
            importlib.import_module(module)
        except ImportError as error:
            raise SignletError(needs("tracking", "track", error)) from None


def open_trackers(names: Sequence[str], run: Path, settings: Mapping[str, Any]) -> Trackers:
    """Start trackers by name, each once, and give them the run's settings.

    names: of `TRACKERS`. run: the run folder, whose name the trackers show.
    settings: of the training; nested ones become `optimiser.learning_rate` and the like.
    Of several processes only the main one (of accelerate's `PartialState`, made here if
    there is none) starts anything; the others get trackers that do nothing.
    Raises SignletError if a name is unknown or a package is missing; a tracker that
    cannot be started is warned of and left out.
    """
    check_trackers(names)
    return start_trackers(names, run, settings)


def start_trackers(names: Sequence[str], run: Path, settings: Mapping[str, Any]) -> Trackers:
    """`open_trackers` after its `check_trackers`."""
    if not names:
        return Trackers([])
    from accelerate import PartialState

    if not PartialState().is_main_process:
        return Trackers([])
    run.mkdir(parents=True, exist_ok=True)
    plain = dict(flat(settings))
    sinks: list[_Sink] = []
    for name in dict.fromkeys(names):
        _safely(name, partial(_start, name, run.resolve(), plain, sinks))
    return Trackers(sinks)


def _safely(name: str, act: Callable[[], None]) -> bool:
    """Call act() and return True; where it fails, warn and return False."""
    try:
        act()
    except Exception as error:
        warnings.warn(
            f"the tracker {name} failed ({first_line(error)}), so signlet sends it nothing "
            "more; training continues, and metrics.csv has all figures",
            RuntimeWarning,
            stacklevel=4,
        )
        return False
    return True


def _start(name: str, run: Path, settings: dict[str, Any], sinks: list[_Sink]) -> None:
    make = {"tensorboard": _tensorboard, "mlflow": _mlflow, "wandb": _wandb, "trackio": _trackio}
    tracker = make[name](run, settings)
    tracker.start()
    if name != "trackio":  # which has them already
        tracker.store_init_configuration(settings)
    if name == "wandb":
        tracker.tracker.define_metric("*", step_metric="epoch")
    sinks.append(_Sink(name, tracker, own_steps=name == "wandb"))


def _quiet() -> None:
    """Keep libraries from calling home, from long retries, and from chatting in the log."""
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "3")
    for name in ("mlflow.store.db.utils", "alembic"):
        logging.getLogger(name).setLevel(logging.WARNING)


def _tensorboard(run: Path, _settings: dict[str, Any]) -> GeneralTracker:
    from accelerate.tracking import TensorBoardTracker

    return TensorBoardTracker("tensorboard", run)


def _mlflow(run: Path, _settings: dict[str, Any]) -> GeneralTracker:
    """A database in the run folder (MLflow has given up its plain files), or the user's server.

    In the run folder a training that is continued goes on in the MLflow run that is there.
    """
    import mlflow
    from accelerate.tracking import MLflowTracker

    if os.environ.get("MLFLOW_TRACKING_URI"):
        mlflow.set_tracking_uri(os.environ["MLFLOW_TRACKING_URI"])
        return MLflowTracker(PROJECT, run_name=run.name)
    folder = run / "mlruns"
    folder.mkdir(exist_ok=True)
    mlflow.set_tracking_uri(f"sqlite:///{folder}/mlflow.db")
    # MLflow has put it into the environment as well, where the next run would take it for
    # the user's wish.
    os.environ.pop("MLFLOW_TRACKING_URI", None)
    known = mlflow.search_runs(search_all_experiments=True, max_results=1, output_format="list")
    before = known[0].info.run_id if known else None
    artifacts = (folder / "artifacts").as_uri()
    return MLflowTracker(PROJECT, logging_dir=artifacts, run_id=before, run_name=run.name)


def _wandb(run: Path, _settings: dict[str, Any]) -> GeneralTracker:
    """Offline, into run/wandb, unless the user has chosen a mode or is logged in."""
    import wandb
    from accelerate.tracking import WandBTracker

    offline = not os.environ.get("WANDB_MODE") and not wandb.login(prompt=False, verify=False)
    mode = {"mode": "offline"} if offline else {}
    project = os.environ.get("WANDB_PROJECT", PROJECT)
    return WandBTracker(project, name=run.name, dir=str(run), **mode)


def _trackio(run: Path, settings: dict[str, Any]) -> GeneralTracker:
    """trackio's own local database, where `trackio show` finds it.

    Settings are given at the start: accelerate's `config.update(..., allow_val_change=True)`
    fits W&B's config; trackio's is a dict, which would take the flag for a setting.
    """
    from accelerate.tracking import TrackioTracker

    return TrackioTracker(PROJECT, name=run.name, resume="allow", config=dict(settings))
