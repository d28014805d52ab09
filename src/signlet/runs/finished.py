"""A finished run folder in, a checked `Run` for the report out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from signlet.errors import SignletError
from signlet.evaluation.scores import Predictions, read_predictions
from signlet.files.missing_path import not_found_message
from signlet.files.settings_file import read_mapping
from signlet.runs.folder import MODELS, RunFolder
from signlet.runs.metrics import Curves, read_curves, read_text
from signlet.version import __version__


@dataclass(frozen=True)
class Run:
    """A run folder in memory.

    config: the settings as nested dictionaries; config_text: the file as it is written.
    about: what the model file says of its training, {} if there is none.
    predictions: of the held-out clips by model, {} if nothing was held out.
    version: the signlet that trained it.
    """

    name: str
    recipe: str
    date: datetime
    version: str
    config: dict[str, Any]
    config_text: str
    about: dict[str, Any]
    curves: Curves
    predictions: dict[str, Predictions]

    @property
    def best(self) -> str:
        """The model that a run is for: the soup, else the last one that was tested."""
        return [name for name in MODELS if name in self.predictions][-1]


def read_run(folder: Path) -> Run:
    """Read a run folder; raises SignletError naming the file that is missing or broken."""
    if not folder.is_dir():
        raise SignletError(
            f"{not_found_message(folder, 'run folder')}; give the folder that train wrote"
        )
    run = RunFolder(folder)
    config_text = read_text(run.settings)
    config = read_mapping(run.settings, "give a folder that train wrote")
    about = run.about
    tested = run.predictions.exists() or about.get("trained_on") != "all clips"
    predictions = _predictions(run.predictions) if tested else {}
    written = (run.predictions if tested else run.config).stat().st_mtime
    return Run(
        name=folder.resolve().name,
        recipe=_recipe(config),
        date=datetime.fromtimestamp(written),
        version=str(config.get("signlet", __version__)),
        config=config,
        config_text=config_text,
        about=about,
        curves=_curves(run),
        predictions=predictions,
    )


def _curves(run: RunFolder) -> Curves:
    """Of the folds; where none was trained, of the trainings on all clips."""
    if curves := read_curves(run.metrics):
        return curves
    full = sorted(run.path.glob("full*/metrics.csv"))
    found = [curve for path in full for curve in read_curves(path).values()]
    return dict(enumerate(found))


def _predictions(path: Path) -> dict[str, Predictions]:
    if not path.is_file():
        raise SignletError(f"{path}: is missing; run `signlet evaluate` on this run first")
    found = {name: p for name, p in read_predictions(path).items() if (p.labels >= 0).any()}
    known: dict[str, Predictions] = {name: found[name] for name in MODELS if name in found}
    if not known:
        raise SignletError(
            f"{path}: has no predictions of {', '.join(MODELS)} for clips of a known sign; train "
            "again"
        )
    return known


def _recipe(config: dict[str, Any]) -> str:
    named = [config[key] for key in ("recipe", "name") if isinstance(config.get(key), str)]
    return named[0] if named else ""
