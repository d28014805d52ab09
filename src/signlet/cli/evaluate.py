"""signlet evaluate."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from signlet.cli.parsing import add_columns, add_names, existing, make_parser, parse, refuse_told
from signlet.errors import SignletError
from signlet.evaluation.faulty import Faulty, faulty_clips
from signlet.evaluation.predict import is_packed, packed_for, predict_known, require_known
from signlet.evaluation.predictions import Predictions, read_predictions
from signlet.evaluation.scores import score
from signlet.evaluation.show import print_scores, print_verdict
from signlet.evaluation.verdict import counted, verdict
from signlet.model.files import ModelFile, load_model
from signlet.modelfile.calibration import read_calibration
from signlet.pack import PackedSet
from signlet.printable import printable
from signlet.quality.data_warnings import reading_warnings
from signlet.running.temporary import scratch
from signlet.runs import RunFolder
from signlet.runs.duplicates import are_named, run_duplicates
from signlet.runs.folder import PACKED
from signlet.runs.trained_before import trained_before, trained_before_note
from signlet.sources import open_source
from signlet.text.confusables import alike, numbers, one_form
from signlet.text.console import SafeConsole
from signlet.text.terminal import print_json

_SHOWN = 5
_EXAMPLES = """
  signlet evaluate runs/demo                       out-of-fold scores of a finished run
  signlet evaluate runs/demo --data other_clips/   the run's model on clips it never saw
  signlet evaluate runs/demo/fold-0/student --data packed/mine --json
"""


def run(arguments: list[str]) -> None:
    """Parse, score, print."""
    parser = make_parser(
        "evaluate",
        "Print the scores of a model on people it has never seen: of a run on its own held-out\n"
        "clips, or of a model on other clips, which must not be in its training data.",
        _EXAMPLES,
    )
    parser.add_argument("model", type=str, help="run folder or model file")
    parser.add_argument("--data", type=str | None, help="clips: directory, .zip, CSV or packed set")
    add_columns(parser)
    add_names(parser)
    parser.add_argument("--work", type=str | None, help="folder for the packed --data clips")
    parser.add_argument("--json", action="store_true", help="print scores as JSON")
    parsed = parse(parser, arguments)
    folder = existing(parsed.model, "run folder")
    there = RunFolder(folder)
    faulty: Faulty | None = None
    duplicates: NDArray[np.bool_] | None = None
    if parsed.data is None:
        refuse_told(parsed, "--data")
        if there.settings.exists() and not there.config.exists():
            raise SignletError(
                f"{folder}: this run has not finished; continue it with signlet train ... --resume"
            )
        if there.config.exists() and not there.predictions.exists():
            raise SignletError(
                f"{folder}: nothing was held out here, so there are no scores; name other clips "
                "with --data, or train with --folds"
            )
        results = read_predictions(there.predictions)
        faulty = faulty_clips(PackedSet.open(there.packed)) if there.has_packed else None
    else:
        model = load_model(folder)
        with scratch("evaluate") as beside:
            out = Path(parsed.work or beside) / PACKED
            told = (parsed.columns, parsed.names)
            check = partial(require_known, model)
            packed = packed_for(model, parsed.data, out, True, *told, check=check)
            faulty = faulty_clips(packed[0])
            results = {"model": predict_known(model, *packed)}
            trained = trained_before(folder, packed[0])
            duplicates = _of_scored(trained, packed[0], results["model"])
            _say_notes(parsed, packed[0], model, trained_before_note(trained))
    if parsed.json:
        print_json(json.dumps({k: asdict(score(part)) for k, part in results.items()}, indent=2))
    else:
        title = "For experts: scores on clips not trained on"
        if parsed.data is not None:
            where = printable(parsed.data)
            title = f"Scores on {where}; they mean nothing for clips that were trained on"
            if duplicates is not None and not duplicates.all():
                title = f"Scores on {where}, on clips that the model was not trained on"
        console = SafeConsole()
        soup = results.get("soup")
        *_, best = results.values()
        if parsed.data is None:
            duplicates = run_duplicates(there, soup or best)
        about = there.about if parsed.data is None else {"scored": printable(parsed.data)}
        print_verdict(verdict(soup or best, about, duplicates, faulty=faulty), console)
        tested = {name: counted(part, duplicates) for name, part in results.items()}
        shown = {name: part for name, part in tested.items() if part}
        if parsed.data is not None:
            shown = shown or results
        if shown:
            _say_refused(shown.get("soup") or [*shown.values()][-1], folder, console)
            print_scores(shown, console, title)


def _of_scored(
    trained: NDArray[np.bool_] | None, packed: PackedSet, scored: Predictions
) -> NDArray[np.bool_] | None:
    """(N,) bool: scored clips that the model was trained on; None if unknown."""
    if trained is None:
        return None
    return are_named(scored, frozenset(packed.names[row] for row in np.flatnonzero(trained)))


def _say_refused(scored: Predictions, folder: Path, console: Console) -> None:
    """Say how many of the scored clips get none, where the model is calibrated."""
    try:
        calibration = read_calibration(folder)
    except SignletError as error:
        print(f"Note: {error}.", file=sys.stderr)
        return
    if calibration is None:
        return
    scored = scored.select(scored.labels >= 0)
    named = calibration.apply(scored.probabilities).max(1) >= calibration.threshold
    right = scored.probabilities.argmax(1) == scored.labels
    rest = f"; of the other {named.sum():,}, {(right & named).sum():,} are right"
    console.print(
        f"\nThe model is calibrated: {(~named).sum():,} of these {len(named):,} clips get none"
        f"{rest * bool(named.any())}.",
        highlight=False,
    )


def _say_notes(parsed: Any, packed: PackedSet, model: ModelFile, trained: str) -> None:
    """Print what is wrong with the clips, on stderr: stdout is for the scores."""
    told = (parsed.data, parsed.columns, parsed.names)
    found = () if is_packed(*told) else open_source(*told).notes
    before = [trained] * bool(trained)
    for note in [*found, *reading_warnings(packed), *_unknown(packed, model), *before]:
        print(f"Note: {note}.", file=sys.stderr)


def _unknown(packed: PackedSet, model: ModelFile) -> Iterator[str]:
    """Clips that are not scored, and signs that may be meant to be one that the model knows."""
    known = numbers(model.signs)
    shown = [packed.signs[label] for label in packed.labels if label >= 0]
    missing = [sign for sign in shown if one_form(sign) not in known]
    if missing:
        names = list(dict.fromkeys(missing))
        more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
        yield (
            f"{len(missing)} of {len(packed)} clips are of signs that the model does not know, "
            "and "
            f"are not scored: {', '.join(names[:_SHOWN])}{more}"
        )
    if unlabelled := len(packed) - len(shown):
        yield f"{unlabelled} of {len(packed)} clips are of unknown sign, and are not scored"
    if pairs := alike([*model.signs, *dict.fromkeys(missing)]):
        yield f"names that look the same count as two signs: {', '.join(pairs[:_SHOWN])}"
