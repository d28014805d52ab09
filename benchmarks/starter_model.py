"""The model that comes with signlet: letters A to Z, trained on all clips of the lexicon.

    python benchmarks/starter_model.py                  train, calibrate, export, write the card
    python benchmarks/starter_model.py --epochs 2 --out /tmp/starter       a quick look

Four folds of sign languages tell how good the recipe `demo` is on a language that it has not
seen; the model that ships is then trained on all 436 clips. The temperature is fitted on the
folds' answers. What the threshold lets pass is measured on what else lies in the lexicon: letters
of other alphabets, digraphs and letters with marks, each read by a model that has not seen its
language.

About 11 minutes of one core. What is finished under runs/benchmark/starter is not trained again.
Writes src/signlet/models/fingerspelling.onnx and its card fingerspelling.md, and two tables of
benchmarks/results.
"""

from __future__ import annotations

import argparse
import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from environment import write_csv
from signlet.atomic import replacing, write_text
from signlet.calibration import Calibration, tempered
from signlet.calibration.measure import Calibrated, calibrate
from signlet.cli.training import load_recipe
from signlet.copies import trained_copies
from signlet.evaluate import score, signer_interval
from signlet.export import Exported, export_ensemble
from signlet.model.files import load_model
from signlet.pack import PackedSet, pack
from signlet.predictions import Predictions
from signlet.runtimes.torch import TorchRuntime
from signlet.sources import ClipRef, Fingerspelling, open_source, read_ref
from signlet.sources.tables import read_rows
from signlet.starter import STARTER
from signlet.train import Recipe, train
from starter_card import CARD, by_language, table

MODELS = Path(__file__).parents[1] / "src" / "signlet" / "models"
MOST_BYTES = 4_000_000
FOLDS = (0, 1, 2, 3)
KEPT = 0.9
"""The threshold lets this share of the clips pass that are read right."""
SHOWN = (0.0, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)
LICENCE = "Apache-2.0"
DATA = (
    "fingerspelling lexicon of the package spoken-to-signed 0.4.0 (MIT): 436 clips of the letters "
    "A to Z, one recording of each letter in 17 sign languages, six of them missing"
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


def other_letters(known: tuple[str, ...]) -> list[ClipRef]:
    """What the lexicon holds besides A to Z; not doubled letters, which are the letter moved."""
    root = Fingerspelling.open().root
    latin = {letter for sign in known for letter in (sign, sign.lower())}
    refs = []
    for row in read_rows(root / "index.csv", ("path", "signed_language", "glosses")):
        language, gloss = row["signed_language"], row["glosses"]
        if len(set(gloss)) > 1 or gloss[0] not in latin:
            refs.append(ClipRef(f"{language}/{gloss}", root / row["path"], None, language))
    return refs


def strangers(run: Path, seen: Predictions) -> Predictions:
    """Answers to other letters, each by a model that was not trained on its language.

    Languages of which no letter was trained on take the folds' models in turn.
    """
    fold_of = dict(zip(seen.signers, seen.folds.tolist(), strict=True))
    refs = other_letters(seen.signs)
    folds = [fold_of.get(ref.signer or "", row % len(FOLDS)) for row, ref in enumerate(refs)]
    answers = np.empty((len(refs), len(seen.signs)), np.float32)
    for fold in FOLDS:
        rows = np.flatnonzero(np.array(folds) == fold)
        model = TorchRuntime(load_model(run / f"fold-{fold}" / "soup"))
        answers[rows] = model.probabilities([read_ref(refs[row]).frames for row in rows])
    return Predictions(
        [f"{row} {ref.name}" for row, ref in enumerate(refs)],
        [ref.signer or "" for ref in refs],
        np.full(len(refs), -1, np.int64),
        answers,
        np.array(folds, np.int64),
        seen.signs,
    )


# --- calibration --------------------------------------------------------------------------


def evidence(seen: Predictions, others: Predictions, packed: PackedSet) -> Evidence:
    """Temperature and threshold; copies of clips that were trained on have no say."""
    distinct = seen.select(~trained_copies(seen, packed))
    made = calibrate(distinct, [others])
    threshold = starter_threshold(distinct, made.calibration.temperature)
    passing = float((made.unknown >= threshold).mean())
    calibration = replace(made.calibration, threshold=threshold, false_accepts=round(passing, 4))
    return Evidence(seen, distinct, made, calibration)


def starter_threshold(distinct: Predictions, temperature: float) -> float:
    """The confidence that `KEPT` of the clips read right reach.

    Unknown letters are hardly told from known ones (docs/unknown_signs.md), so a threshold
    that stops most of them would stop most known letters too. This one is chosen by what it
    costs: a right answer in ten.
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


def ships(found: Evidence) -> dict[str, Any]:
    """The row of the threshold that ships."""
    return next(row for row in threshold_rows(found) if row["ships"])


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
        **{name: ships(found)[name] for name in ("right_of_stopped", "unknown_accepted")},
        threshold=found.calibration.threshold,
        temperature=found.calibration.temperature,
        kept=KEPT,
        general=general.replace("model.onnx", f"{STARTER}.onnx").strip(),
    )


def ship(file: Path, to: Path) -> None:
    """Copy a file that is small enough to lie in the package."""
    if file.stat().st_size >= MOST_BYTES:
        raise SystemExit(f"{file}: has {file.stat().st_size:,} bytes, {MOST_BYTES:,} are too many")
    with replacing(to) as temporary:
        shutil.copyfile(file, temporary)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--work", type=Path, default=Path("runs/benchmark/starter"))
    parser.add_argument("--out", type=Path, default=MODELS)
    parser.add_argument("--epochs", type=int, help="fewer, for a quick look; writes no CSV")
    given = parser.parse_args()
    recipe, run = load_recipe("demo"), given.work
    if given.epochs:
        recipe = replace(recipe, optimiser=replace(recipe.optimiser, epochs=given.epochs))
        run = run.with_name(f"{run.name}-{given.epochs}")
    packed = pack(open_source("fingerspelling"), run / "packed", recipe.packing.max_len)
    seen = trained(recipe, packed, run)
    found = evidence(seen, strangers(run, seen), packed)
    ship(exported(run, found).files["onnx"], given.out / f"{STARTER}.onnx")
    write_text(given.out / f"{STARTER}.md", card(found, run))
    if not given.epochs:
        write_csv("starter_model", fold_rows(found))
        write_csv("starter_threshold", threshold_rows(found))
    print(table(fold_rows(found)), table(threshold_rows(found)), sep="\n\n")


if __name__ == "__main__":
    main()
