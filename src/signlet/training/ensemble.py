"""Ensembles: the averaged answer of several runs, scored out of fold and kept as one model."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import combinations
from pathlib import Path
from typing import Any, get_args

from signlet.errors import SignletError
from signlet.evaluation.compare import Pair, align, compare
from signlet.evaluation.predictions import Predictions, average, read_predictions, write_predictions
from signlet.evaluation.scores import Scores, score
from signlet.evaluation.verdict import counted
from signlet.files.atomic import replacing
from signlet.files.missing_path import exists, not_found_message
from signlet.model.files import MAX_MEMBERS, ModelFile, finite, load_model, save_model
from signlet.modelfile.averaging import KINDS, Average, Kind
from signlet.running.lock import only_one_file
from signlet.runs.duplicates import are_named, known_duplicates
from signlet.runs.folder import MODELS, PREDICTIONS, ModelKind, RunFolder
from signlet.text.names import cell
from signlet.training.gather import DUPLICATES, about_duplicates
from signlet.training.progress import Events

ENSEMBLE = "ensemble"
"""The name of the averaged answer in predictions.parquet and in the tables."""
COMPARISON, AGREEMENT = "comparison.csv", "agreement.csv"
_BUSY = "another command is writing an ensemble there; wait for it, or choose another folder"


@dataclass(frozen=True)
class EnsemblePart:
    """A run, or an earlier ensemble, that takes part.

    name: short and unique. which: the model taken from it, "ensemble" for an ensemble.
    predictions: that model's, out of fold. model: what answers for new clips. duplicates: names of
    its held-out clips that it was trained on under another name; None if it is unknown which.
    """

    name: str
    which: str
    predictions: Predictions
    model: ModelFile
    duplicates: frozenset[str] | None


@dataclass(frozen=True)
class Ensemble:
    """The result of `combine`.

    kind: of the average. parts: as they were read. predictions: of the ensemble and of each
    part by name, for the clips that all parts held out, in one order. scores: of each of
    them. pairs: comparisons of two of them, by both names. left_out: clips that only some
    parts held out. duplicates: names of clips that a part was trained on under another name; they
    do not count in scores and pairs, unless there are no others.
    """

    kind: Kind
    parts: tuple[EnsemblePart, ...]
    predictions: dict[str, Predictions]
    scores: dict[str, Scores]
    pairs: dict[tuple[str, str], Pair]
    left_out: int
    duplicates: frozenset[str]


def ensemble(
    runs: Sequence[str | Path],
    out: str | Path,
    kind: Kind = "softmax",
    which: str = "soup",
    *,
    events: Events | None = None,
) -> Ensemble:
    """Average runs, score the average out of fold, and write it as one model to `out`.

    runs: two or more run folders or earlier ensembles; each has the same weight. kind: see
    `mean_probabilities`. which: the model taken from each run; an earlier ensemble is
        taken as it is. out: a folder that is not there yet, or is empty.
    Raises SignletError if a file is missing or damaged, the runs do not fit together, or
    `out` cannot be written; then nothing is left in `out`.
    """
    events = events or Events()
    if kind not in KINDS or which not in MODELS:
        raise SignletError(
            f"average {kind}, model {which}: give one of {', '.join(KINDS)}, "
            f"and one of {', '.join(get_args(ModelKind))}"
        )
    out = Path(out).resolve()
    _require_free(out)
    parts = read_parts(runs, which, events)
    with events.doing("Scoring ..."):
        made = combine(parts, kind)
    with events.doing("Writing ..."):
        write_ensemble(made, out)
    return made


# --- the runs -----------------------------------------------------------------------------


def read_parts(
    runs: Sequence[str | Path], which: str = "soup", events: Events | None = None
) -> tuple[EnsemblePart, ...]:
    """Read what each run folder brings. Raises SignletError as `ensemble` does."""
    folders = [Path(run).resolve() for run in runs]
    if len(folders) < 2:
        raise SignletError("an ensemble needs at least two runs; name another run folder")
    if twice := [str(run) for run, f in zip(runs, folders, strict=True) if folders.count(f) > 1]:
        raise SignletError(f"{twice[-1]}: is named twice; name each run once")
    named = zip(runs, _names(folders), strict=True)
    with (events or Events()).doing("Reading the runs ..."):
        return tuple(_read_part(Path(run), name, which) for run, name in named)


def _names(folders: Iterable[Path]) -> list[str]:
    """Folder names; one that is taken gets a number."""
    names: list[str] = []
    for folder in folders:
        stem = folder.name or "run"
        taken = {ENSEMBLE, *names}
        choices = (f"{stem}-{number}" for number in range(2, len(taken) + 3))
        names.append(next(n for n in (stem, *choices) if n not in taken))
    return names


def _read_part(run: Path, name: str, which: str) -> EnsemblePart:
    if not exists(run):
        raise SignletError(not_found_message(run, "run folder"))
    held_out = RunFolder(run).predictions
    if not held_out.is_file():
        raise SignletError(
            f"{run}: has no {PREDICTIONS}; finish training at least one fold there (--folds all)"
        )
    stored = read_predictions(held_out)
    which = ENSEMBLE if ENSEMBLE in stored else which
    if which not in stored:
        raise SignletError(
            f"{held_out}: has no predictions of {which}, only of {', '.join(stored)}"
        )
    model = _model(run, which, stored[which])
    if model.signs != stored[which].signs:
        raise SignletError(
            f"{run}: its model and its predictions know different signs; copy the run again"
        )
    duplicates = known_duplicates(RunFolder(run), stored[which])
    if duplicates is None and not _count(model):
        duplicates = frozenset()
    return EnsemblePart(name, which, stored[which], model, duplicates)


def _model(run: Path, which: str, predictions: Predictions) -> ModelFile:
    """The model for new clips: the full fit if there is one, else all folds.

    For soup and ensembles that is the folder's own model.
    """
    if which in (ENSEMBLE, "soup"):
        return load_model(run)
    where = RunFolder(run)
    trainings = where.full_fits() or sorted(set(predictions.folds.tolist()))
    files = [load_model(where.training(number).model(which)) for number in trainings]
    members = tuple(member for file in files for member in file.members)
    if any(file.signs != files[0].signs for file in files):
        raise SignletError(f"{run}: the models of its folds know different signs; train again")
    return replace(files[0], members=members, average=Average.plain(len(members)))


# --- together -----------------------------------------------------------------------------


def combine(parts: Sequence[EnsemblePart], kind: Kind = "softmax") -> Ensemble:
    """Average the parts on the clips that all of them predict out of fold, and compare.

    Raises SignletError if they know different signs, disagree on sign or signer of a clip,
    or have no clip in common.
    """
    given = {part.name: part.predictions for part in parts}
    each = align(given)
    predictions = {ENSEMBLE: average(list(each.values()), kind), **each}
    every = {name for p in given.values() for name in p.names}
    names = frozenset[str]().union(*(part.duplicates or () for part in parts))
    found = are_named(predictions[ENSEMBLE], names)
    fresh = {name: counted(part, found) or part for name, part in predictions.items()}
    return Ensemble(
        kind=kind,
        parts=tuple(parts),
        predictions=predictions,
        scores={name: score(part) for name, part in fresh.items()},
        pairs={(a, b): compare(fresh[a], fresh[b]) for a, b in combinations(fresh, 2)},
        left_out=len(every) - len(predictions[ENSEMBLE].names),
        duplicates=names & set(predictions[ENSEMBLE].names),
    )


# --- the folder ---------------------------------------------------------------------------


def _require_free(out: Path) -> None:
    if out == Path.cwd():
        raise SignletError(f"{out}: is the current directory; name a new folder")
    if (out.exists() and not out.is_dir()) or (out.is_dir() and any(out.iterdir())):
        raise SignletError(f"{out}: exists already; choose a new or an empty folder")


def write_ensemble(made: Ensemble, out: Path) -> None:
    """Write model, predictions and tables as a folder that appears whole or not at all.

    Raises SignletError if `out` is in use or cannot be written, or has too many members.
    """
    _require_free(out)
    members = [member for part in made.parts for member in part.model.members]
    if len(members) > MAX_MEMBERS:
        raise SignletError(
            f"the runs have {len(members)} models, but an ensemble has at most {MAX_MEMBERS}; "
            "take fewer runs"
        )
    with only_one_file(out, _BUSY), replacing(out) as folder:
        try:
            folder.mkdir()
            save_model(folder, members, made.parts[0].model.signs, _about(made), tree(made))
            write_predictions(RunFolder(folder).predictions, made.predictions, made.duplicates)
            _write_csv(folder / COMPARISON, _comparison(made))
            _write_csv(folder / AGREEMENT, _agreement(made))
        except SignletError as error:  # names the temporary folder
            raise SignletError(str(error).replace(str(folder), str(out))) from None


def tree(made: Ensemble) -> Average:
    """The average that the model file holds: of each part's own average."""
    parts, start = [], 0
    for part in made.parts:
        parts.append(part.model.average.moved(start))
        start += len(part.model.members)
    return Average(made.kind, tuple(parts))


def _about(made: Ensemble) -> dict[str, Any]:
    runs = [
        {"name": part.name, "model": part.which, "members": len(part.model.members)}
        | {key: part.model.about[key] for key in ("recipe", "source") if key in part.model.about}
        for part in made.parts
    ]
    every = made.scores
    if made.duplicates:
        every = {name: score(part) for name, part in made.predictions.items()}
    return {
        "ensemble": {"average": made.kind, "runs": runs, "clips_left_out": made.left_out},
        "out_of_fold": {name: asdict(scores) for name, scores in every.items()},
        **_about_duplicates(made),
    }


def _about_duplicates(made: Ensemble) -> dict[str, Any]:
    """As in a run's model file; where a part does not tell which clips, only their number."""
    held_out = made.predictions[ENSEMBLE]
    known = about_duplicates(held_out, are_named(held_out, made.duplicates))
    untold = max((count for _, count in untold_duplicates(made)), default=0)
    return {DUPLICATES: untold} if untold else known


def untold_duplicates(made: Ensemble) -> list[tuple[str, int]]:
    """Parts with duplicates that have no names, and how many: runs of an earlier version."""
    return [(part.name, _count(part.model)) for part in made.parts if part.duplicates is None]


def _count(model: ModelFile) -> int:
    """Held-out duplicates, as the model file tells; 0 if it does not."""
    count = model.about.get(DUPLICATES)
    return count if isinstance(count, int) else 0


def _comparison(made: Ensemble) -> list[dict[str, Any]]:
    """A row a model: its scores, and what the ensemble has more than it."""
    which = {ENSEMBLE: ENSEMBLE, **{part.name: part.which for part in made.parts}}
    rows = []
    for name, scores in made.scores.items():
        pair = made.pairs.get((ENSEMBLE, name))
        gain = (pair.difference, pair.low, pair.high) if pair else (None,) * 3
        names = ("ensemble_gain", "gain_low", "gain_high")
        rows.append(
            {"name": name, "model": which[name], "average": made.kind}
            | asdict(scores)
            | dict(zip(names, gain, strict=True))
        )
    return rows


def _agreement(made: Ensemble) -> list[dict[str, Any]]:
    return [{"first": a, "second": b} | asdict(pair) for (a, b), pair in made.pairs.items()]


def _write_csv(path: Path, rows: list[dict[str, Any]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        for row in map(finite, rows):
            writer.writerow({k: cell(v) if isinstance(v, str) else v for k, v in row.items()})
