"""The model that comes with signlet: letters A to Z, trained on all clips of the lexicon.

    python benchmarks/starter_model.py                  train, calibrate, export, write the card
    python benchmarks/starter_model.py --jobs 2         trainings for the threshold side by side
    python benchmarks/starter_model.py --epochs 2 --out /tmp/starter       a quick look

Four folds of sign languages tell how good the recipe `demo` is on a language that it has not
seen; the model that ships is then trained on all 436 clips. The temperature is fitted on the
folds' answers. For the threshold some letters are left out of further trainings, so that there
are clips of signs that a model cannot know: 4 groups of letters in 4 folds.

About 11 minutes of one core for the model, 35 more for the letters left out. What is finished
under runs/benchmark/starter is not trained again. Writes src/signlet/models/fingerspelling.onnx
and its card fingerspelling.md, and two tables of benchmarks/results.
"""

from __future__ import annotations

import argparse
import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from joblib import Parallel, delayed
from numpy.typing import NDArray
from rich.console import Console

from environment import write_csv
from signlet.atomic import replacing, write_text
from signlet.calibration import Calibration, tempered
from signlet.calibration.leave_out import LeaveOut
from signlet.calibration.measure import Calibrated, calibrate
from signlet.cli.training import load_recipe
from signlet.copies import trained_copies
from signlet.evaluate import score, signer_interval
from signlet.export import Exported, export_ensemble
from signlet.model.files import load_model
from signlet.pack import PackedSet, pack
from signlet.predictions import Predictions
from signlet.sources import open_source
from signlet.starter import STARTER
from signlet.train import Recipe, train
from starter_card import CARD, by_language, table

MODELS = Path(__file__).parents[1] / "src" / "signlet" / "models"
MOST_BYTES = 4_000_000
FOLDS, GROUPS = (0, 1, 2, 3), 4
KEPT = 0.9
"""The threshold lets this share of the clips pass that are read right."""
SHOWN = (0.0, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)
LICENCE = "Apache-2.0"
DATA = (
    "fingerspelling lexicon of the package spoken-to-signed 0.4.0 (MIT): 436 clips of the letters "
    "A to Z, one recording of each letter in 17 sign languages"
)
NOT_FOR = (
    "no interpreter and no judge of people: not for anything of weight, such as medical, legal or "
    "school matters, not to identify or grade a signer, not for words or sentences"
)


@dataclass(frozen=True)
class Evidence:
    """What is known of the starter. seen: out-of-fold answers; distinct: the same without copies.

    made: calibration of the distinct ones and how well it works; calibration: what ships.
    """

    seen: Predictions
    distinct: Predictions
    made: Calibrated
    calibration: Calibration


# --- training -----------------------------------------------------------------------------


def trained(recipe: Recipe, packed: PackedSet, run: Path) -> Predictions:
    """Train four folds and all clips; the soup's out-of-fold answers."""
    torch.set_num_threads(1)
    results = train(recipe, packed, run, FOLDS, full_fit=True, resume=True, device="cpu")
    return results["soup"]


def strangers(
    recipe: Recipe, packed: PackedSet, run: Path, folds: list[int], jobs: int
) -> list[Predictions]:
    """Answers of models to the fold's clips, trained without some letters: these have label -1."""

    def one(fold: int) -> list[Predictions]:
        torch.set_num_threads(1)
        work = run / "calibration" / f"fold-{fold}"
        return LeaveOut(recipe, packed, (fold,), GROUPS, work, "cpu").run(Console(quiet=True))

    parts = Parallel(n_jobs=jobs)(delayed(one)(fold) for fold in folds)
    return [answers for part in parts for answers in part]


# --- calibration --------------------------------------------------------------------------


def evidence(seen: Predictions, answers: list[Predictions], packed: PackedSet) -> Evidence:
    """Temperature and threshold; copies of clips that were trained on have no say."""
    copies = trained_copies(seen, packed)
    copied = {name for name, copy in zip(seen.names, copies, strict=True) if copy}
    own = [part.select([keep(part, i, copied) for i in range(len(part.names))]) for part in answers]
    distinct = seen.select(~copies)
    made = calibrate(distinct, own)
    threshold = starter_threshold(distinct, made.calibration.temperature)
    passing = float((made.unknown >= threshold).mean())
    calibration = replace(made.calibration, threshold=threshold, false_accepts=round(passing, 4))
    return Evidence(seen, distinct, made, calibration)


def keep(answers: Predictions, row: int, copied: set[str]) -> bool:
    """A copy's letter was trained on under another name, unless that letter was left out."""
    return answers.labels[row] < 0 or answers.names[row] not in copied


def starter_threshold(distinct: Predictions, temperature: float) -> float:
    """The confidence that `KEPT` of the clips read right reach.

    Unknown letters are hardly told from known ones (docs/unknown_signs.md), so a threshold
    that stops most of them would stop most known letters too. This one is chosen by what it
    costs: a right answer in ten. What it stops is what is wrong more often than right.
    """
    confidence = tempered(distinct.probabilities, temperature).max(1)
    right = distinct.probabilities.argmax(1) == distinct.labels
    return round(float(np.quantile(confidence[right], 1 - KEPT)), 3)


def threshold_rows(found: Evidence) -> list[dict[str, Any]]:
    """What passes at several thresholds, on languages that were not trained on."""
    right = found.distinct.probabilities.argmax(1) == found.distinct.labels
    known, unknown = found.made.known, found.made.unknown
    rows = []
    for threshold in sorted({*SHOWN, found.calibration.threshold}):
        passed = known >= threshold
        rows.append(
            {
                "threshold": threshold,
                "ships": threshold == found.calibration.threshold,
                "known_accepted": share(passed),
                "right_of_accepted": share(right[passed]) if passed.any() else "",
                "right_of_stopped": share(right[~passed]) if not passed.all() else "",
                "right_accepted": share(passed[right]),
                "unknown_accepted": share(unknown >= threshold),
            }
        )
    return rows


def share(chosen: NDArray[np.bool_]) -> float:
    return round(float(chosen.mean()), 4)


# --- figures and card ---------------------------------------------------------------------


def fold_rows(found: Evidence) -> list[dict[str, Any]]:
    """Accuracy of each fold, with and without copies, and of their mean."""
    rows: list[dict[str, Any]] = []
    for fold in FOLDS:
        every, own = (p.select(p.folds == fold) for p in (found.seen, found.distinct))
        languages = " ".join(sorted(set(every.signers)))
        rows.append(
            {
                "fold": fold,
                "languages": languages,
                "clips": len(every.names),
                "copies": len(every.names) - len(own.names),
                "accuracy": round(score(every, resamples=1).top1, 4),
                "accuracy_without_copies": round(score(own, resamples=1).top1, 4),
                "top5_without_copies": round(score(own, resamples=1).top5, 4),
            }
        )
    columns = ("accuracy", "accuracy_without_copies", "top5_without_copies")
    mean = {name: round(float(np.mean([row[name] for row in rows])), 4) for name in columns}
    total = {name: sum(row[name] for row in rows) for name in ("clips", "copies")}
    return [*rows, {"fold": "mean", "languages": "", **total, **mean}]


def about(found: Evidence, model_about: dict[str, Any]) -> dict[str, Any]:
    """What the file says of itself."""
    mean = fold_rows(found)[-1]
    right = found.distinct.probabilities.argmax(1) == found.distinct.labels
    low, high = signer_interval(right, found.distinct.signers)
    return {
        **model_about,
        "name": STARTER,
        "title": "Letters A to Z",
        "data": DATA,
        "accuracy_unseen_languages": mean["accuracy"],
        "accuracy_unseen_languages_without_copies": mean["accuracy_without_copies"],
        "interval_without_copies": [round(low, 4), round(high, 4)],
        "not_for": NOT_FOR,
    }


def exported(run: Path, found: Evidence) -> Exported:
    """Export in half precision, compared with torch on all clips of the lexicon."""
    model, source = load_model(run), open_source("fingerspelling")
    return export_ensemble(
        model.members,
        model.signs,
        run / "export",
        ["onnx"],
        "fp16",
        calibration=found.calibration,
        about=about(found, model.about),
        licence=LICENCE,
        clips={ref.name: source.read(ref).frames for ref in source.refs()},
    )


def card(found: Evidence, run: Path) -> str:
    """The page for people: what no export can know, then what every export says."""
    told = about(found, {})
    low, high = told["interval_without_copies"]
    general = (run / "export" / "model-card.md").read_text(encoding="utf-8")
    general = general.replace("# Model card\n", "## The file\n").replace("\n## ", "\n### ")
    return CARD.format(
        without=told["accuracy_unseen_languages_without_copies"],
        accuracy=told["accuracy_unseen_languages"],
        low=low,
        high=high,
        data=DATA,
        folds=table(fold_rows(found)),
        languages=by_language(found.distinct),
        thresholds=table(threshold_rows(found)),
        threshold=found.calibration.threshold,
        temperature=found.calibration.temperature,
        kept=KEPT,
        general=general.replace("model.onnx", f"{STARTER}.onnx").strip(),
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--work", type=Path, default=Path("runs/benchmark/starter"))
    parser.add_argument("--out", type=Path, default=MODELS)
    parser.add_argument("--epochs", type=int, help="fewer, for a quick look; writes no CSV")
    parser.add_argument("--folds", type=int, nargs="+", default=list(FOLDS), help="of letters out")
    parser.add_argument("--jobs", type=int, default=1)
    given = parser.parse_args()
    recipe, run = load_recipe("demo"), given.work
    if given.epochs:
        recipe = replace(recipe, optimiser=replace(recipe.optimiser, epochs=given.epochs))
        run = run.with_name(f"{run.name}-{given.epochs}")
    packed = pack(open_source("fingerspelling"), run / "packed", recipe.packing.max_len)
    seen = trained(recipe, packed, run)
    found = evidence(seen, strangers(recipe, packed, run, given.folds, given.jobs), packed)
    ship(exported(run, found).files["onnx"], given.out / f"{STARTER}.onnx")
    write_text(given.out / f"{STARTER}.md", card(found, run))
    if not given.epochs:
        write_csv("starter_model", fold_rows(found))
        write_csv("starter_threshold", threshold_rows(found))
    print(table(fold_rows(found)), table(threshold_rows(found)), sep="\n\n")


def ship(file: Path, to: Path) -> None:
    """Copy a file that is small enough to lie in the package."""
    if file.stat().st_size >= MOST_BYTES:
        raise SystemExit(f"{file}: has {file.stat().st_size:,} bytes, {MOST_BYTES:,} are too many")
    with replacing(to) as temporary:
        shutil.copyfile(file, temporary)


if __name__ == "__main__":
    main()
