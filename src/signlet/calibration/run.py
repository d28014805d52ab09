"""Calibrate a run: from its folder to the numbers and the picture in it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from signlet.calibration.files import PLOT, write_calibration, write_plot
from signlet.calibration.leave_out import SOUP
from signlet.calibration.leave_out_runs import LeaveOutRequest, answers_without_signs
from signlet.calibration.measure import Calibrated, calibrate, require_share
from signlet.calibration.unknown import predict_unknown, require_unknown
from signlet.errors import SignletError
from signlet.evaluation.predict import packed_for
from signlet.evaluation.predictions import Predictions, read_predictions
from signlet.model.files import ModelFile, load_model
from signlet.running.temporary import scratch
from signlet.runs import RunFolder
from signlet.runs.folder import PREDICTIONS
from signlet.training.ensemble import ENSEMBLE
from signlet.training.progress import Events


@dataclass(frozen=True)
class UnknownClips:
    """Clips of signs that a model does not know.

    where: as `open_source` takes it, or a packed set. work: to pack them to; None for a folder
    that is removed. told: what the columns of a table are called, and how the files are named.
    """

    where: str
    work: Path | None = None
    told: tuple[str | None, str | None] = (None, None)


def calibrate_run(
    folder: Path,
    others: UnknownClips | LeaveOutRequest,
    false_accepts: float = 0.05,
    events: Events | None = None,
) -> Calibrated:
    """Measure the calibration of a run or ensemble, and write it into its folder.

    others: where answers to unknown signs come from: clips of such signs, or trainings without
    some of the run's own. false_accepts: as in `calibrate`.
    Raises SignletError if nothing was held out in the run, or clips and runs do not fit it;
    `Interrupted` after Ctrl-C in a training, when the same call goes on.
    """
    require_share(false_accepts)
    events = events or Events()
    out_of_fold, model = held_out(folder), load_model(folder)
    if isinstance(others, UnknownClips):
        answers, about = _of_unknown(model, others, events)
    else:
        out_of_fold, answers = answers_without_signs(others, model, out_of_fold, events)
        about = {"left_out_groups": others.groups, "trainings": len(answers)}
    with events.doing("Measuring ..."):
        made = _with_note(calibrate(out_of_fold, answers, false_accepts), model)
    write_plot(made, folder / PLOT)
    write_calibration(folder, made, about)
    return made


def _with_note(made: Calibrated, model: ModelFile) -> Calibrated:
    """Note it where several models answer together, but only one read each known clip."""
    if len(model.members) == 1 or ENSEMBLE in model.about:
        return made
    note = (
        f"this model averages {len(model.members)} trainings and is often less sure than one of "
        "them. A known clip could be tested only with one that had not seen it, so "
        "more clips may get none than counted here"
    )
    return replace(made, report=replace(made.report, notes=(*made.report.notes, note)))


def held_out(folder: Path) -> Predictions:
    """Predictions of a run's or ensemble's model for clips that it was not trained on."""
    path = RunFolder(folder).predictions
    if folder.is_file():
        raise SignletError(
            f"{folder}: is a model file; calibrate its run folder, then export again (signlet "
            "calibrate RUN, signlet export RUN)"
        )
    if not path.exists():
        raise SignletError(
            f"{folder}: has no {PREDICTIONS}, so it cannot be calibrated; name a run that "
            "tested at least one fold (signlet train --folds)"
        )
    stored = read_predictions(path)
    which = ENSEMBLE if ENSEMBLE in stored else SOUP
    if which not in stored:
        raise SignletError(f"{path}: has no predictions of {which}")
    return stored[which]


def _of_unknown(
    model: ModelFile, clips: UnknownClips, events: Events
) -> tuple[list[Predictions], dict[str, Any]]:
    with scratch("calibrate") as folder:
        out, check = clips.work or folder, partial(require_unknown, model)
        packed = packed_for(model, clips.where, out, events.bar, *clips.told, check=check)
        with events.doing("Recognising ..."):
            try:
                answers = predict_unknown(model, *packed)
            except SignletError as error:
                raise SignletError(f"{clips.where}: {error}") from None
    left = len(packed[0]) - len(answers.names)
    known = f"; {left:,} left out, because the model knows their signs" if left else ""
    events.line(f"Clips of signs that the model does not know: {len(answers.names):,}{known}.")
    return [answers], {"unknown": packed[0].source, "known_left_out": left}
