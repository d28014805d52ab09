"""A run: recipe, clips and folds in; a run folder with models, predictions and metrics out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
import yaml
from numpy.typing import NDArray
from rich.console import Console

import signlet
from signlet.atomic import write_text
from signlet.errors import SignletError
from signlet.evaluate import score
from signlet.folds import FoldPlan, signer_folds
from signlet.model import SignModel
from signlet.model.files import load_model, save_model
from signlet.pack import PackedSet
from signlet.predict import predict
from signlet.predictions import Predictions, read_predictions, write_predictions
from signlet.train.fold import CHECKPOINT, FoldTraining
from signlet.train.metrics import read_metrics, write_metrics
from signlet.train.progress import Live
from signlet.train.settings import Recipe

MODELS = ("student", "teacher", "distilled", "soup")
PREDICTIONS, METRICS, SETTINGS = "predictions.parquet", "metrics.csv", "config.yaml"


def train(
    recipe: Recipe,
    packed: PackedSet,
    run: Path,
    folds: Sequence[int],
    *,
    resume: bool = False,
    device: str = "auto",
    console: Console | None = None,
) -> dict[str, Predictions]:
    """Train every fold that is not finished, then gather the run folder.

    folds: which of the recipe's folds to hold out, each in a training of its own.
    resume: continue what lies in `run`; without it a used folder is refused.
    Returns the out-of-fold predictions of student, teacher, distilled and soup.
    Raises SignletError; `Interrupted` after Ctrl-C, when `resume` can continue.
    """
    console = console or Console()
    plan = signer_folds(packed.labels, packed.signers, recipe.num_folds)
    if plan.note:
        console.print(f"[yellow]Note: {plan.note}[/]", soft_wrap=True)
    _open_run(run, recipe, packed, resume)
    for fold in folds:
        _train_fold(recipe, packed, plan, run, fold, _device(device), console)
    return gather(recipe, packed, run, folds)


def _device(name: str) -> torch.device:
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        return torch.empty(0, device=name).device
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise SignletError(f"--device {name}: not usable here ({reason}); try cpu") from None


def fold_folder(run: Path, fold: int) -> Path:
    """Where one fold's models, predictions and checkpoint lie."""
    return run / f"fold-{fold}"


def _open_run(run: Path, recipe: Recipe, packed: PackedSet, resume: bool) -> None:
    """Make the folder with its resolved settings, or check that it belongs to this run."""
    settings = {
        "signlet": signlet.__version__,
        "source": packed.source,
        "clips": len(packed.names),
        "signs": len(packed.signs),
        **asdict(recipe),
    }
    path = run / SETTINGS
    text = yaml.safe_dump(_plain(settings), sort_keys=False, allow_unicode=True)
    if not path.exists():
        write_text(path, text)
        return
    if not resume:
        raise SignletError(f"{run}: holds a run already; add --resume, or choose another --run")
    try:
        before = yaml.safe_load(path.read_text(encoding="utf-8"))
        differing = [k for k, v in _plain(settings).items() if before.get(k) != v]
    except (OSError, yaml.YAMLError, AttributeError):
        raise SignletError(f"{path}: is damaged; choose another --run") from None
    differing = [name for name in differing if name != "signlet"]
    if differing:
        raise SignletError(
            f"{run}: was started with another {differing[0]}; "
            "use the same settings and data, or another --run"
        )


def _plain(value: Any) -> Any:
    """Tuples as lists, as YAML gives them back."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value


def _finished(folder: Path) -> bool:
    return (
        all((folder / name).exists() for name in (PREDICTIONS, METRICS))
        and not (folder / CHECKPOINT).exists()
    )


def _train_fold(
    recipe: Recipe,
    packed: PackedSet,
    plan: FoldPlan,
    run: Path,
    fold: int,
    device: torch.device,
    console: Console,
) -> None:
    folder = fold_folder(run, fold)
    training, held_out = plan.training(fold), plan.held_out(fold)
    if _finished(folder):
        console.print(f"Fold {fold} is finished already.")
        return
    there = packed.to(device)
    work = FoldTraining(recipe, there, training, held_out, folder, device)
    if work.resume():
        console.print(f"Fold {fold}: continuing in epoch {work.epoch + 1}.")
    console.print(
        f"Fold {fold}: training on {len(training):,} clips, testing on {len(held_out):,} of other "
        f"signers; {recipe.optimiser.epochs} epochs of {work.batches.steps} steps on {device}.",
        soft_wrap=True,
    )
    done = work.epoch * work.batches.steps + work.step
    epochs = recipe.optimiser.epochs
    with Live(f"Fold {fold}", epochs, work.batches.steps, done, console) as display:
        work.run(display)
    _finish_fold(work, packed, there, held_out, fold)


def _finish_fold(
    work: FoldTraining,
    packed: PackedSet,
    there: PackedSet,
    held_out: NDArray[np.int64],
    fold: int,
) -> None:
    """Models, predictions and metrics of a trained fold; the checkpoint goes last."""
    task, folder = work.task, work.folder
    soup = cast(SignModel, work.soup.module)
    models = dict(zip(MODELS, (task.student, task.teacher, task.distilled, soup), strict=True))
    rows = torch.from_numpy(held_out)
    result = {}
    for name, model in models.items():
        probabilities = predict(model, there, rows).numpy()
        result[name] = _predictions(packed, held_out, probabilities, fold)
        about = {"model": name, "fold": fold, "recipe": work.recipe.name, "source": packed.source}
        about["accuracy_unseen_signers"] = score(result[name]).top1
        save_model(folder / name, [model], packed.signs, about)
    write_predictions(folder / PREDICTIONS, result)
    write_metrics(folder / METRICS, {fold: work.metrics})
    (folder / CHECKPOINT).unlink(missing_ok=True)


def _predictions(
    packed: PackedSet, rows: NDArray[np.int64], probabilities: NDArray[np.float32], fold: int
) -> Predictions:
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
    recipe: Recipe, packed: PackedSet, run: Path, folds: Sequence[int]
) -> dict[str, Predictions]:
    """Join the folds: metrics, out-of-fold predictions, and one model of all soups."""
    folders = {fold: fold_folder(run, fold) for fold in folds}
    write_metrics(
        run / METRICS, {fold: read_metrics(path / METRICS) for fold, path in folders.items()}
    )
    parts = [read_predictions(path / PREDICTIONS) for path in folders.values()]
    joined = {name: _join([part[name] for part in parts]) for name in MODELS}
    write_predictions(run / PREDICTIONS, joined)
    members = [m for path in folders.values() for m in load_model(path / "soup").members]
    about = {
        "recipe": recipe.name,
        "source": packed.source,
        "folds": list(folds),
        "out_of_fold": {name: asdict(score(part)) for name, part in joined.items()},
    }
    save_model(run, members, packed.signs, about)
    return joined


def _join(parts: Sequence[Predictions]) -> Predictions:
    return Predictions(
        names=[name for part in parts for name in part.names],
        signers=[signer for part in parts for signer in part.signers],
        labels=np.concatenate([part.labels for part in parts]),
        probabilities=np.concatenate([part.probabilities for part in parts]),
        folds=np.concatenate([part.folds for part in parts]),
        signs=parts[0].signs,
    )
