"""How good is the model that comes with signlet, and how is it made?

Cost: about half an hour on one core; --quick takes a minute.
Page: src/signlet/pretrained/fingerspelling.md
Results: starter_model.csv, starter_threshold.csv
Short: --quick --work {work}

    python -m benchmarks.starter.starter_model              train, calibrate, export, write the card
    python -m benchmarks.starter.starter_model --jobs 2     two trainings at once
    python -m benchmarks.starter.starter_model --quick      a look at all steps, into another folder

An encoder learns from the lexicon, from the words that are free to use (where they lie in
../shared/data/words; else from the lexicon alone) and from made-up signs (encoder_training.py).
Its letters are named by their likeness to the lexicon's. Four folds of sign languages tell how
well: each is trained without any clip of its languages, as clip or as hands of made-up signs.
What ships is trained on all clips. The temperature is fitted on the folds' answers. What the
threshold lets pass is measured on what else lies in the lexicon: letters of other alphabets,
digraphs and letters with marks, each read by a model that has not seen its language. What to
expect of taught signs is measured on people of the words from whom nothing was learned.

A training of about 11 minutes of one core, four of 3 to 4 minutes, and 2 minutes for the rest;
--quick takes a minute in all. What is finished under --work is not trained again: after
few_shot.py has written its table, the same command puts it into the card in 2 minutes. To train
anew after a change of the code, delete that folder.
Writes src/signlet/pretrained/fingerspelling.onnx, its card fingerspelling.md, its weights for
`--init` in the folder fingerspelling, and two tables of benchmarks/results.
"""

from __future__ import annotations

import argparse
import copy
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Any

import torch

from benchmarks.clips.real_clips import MAX_LEN, WORDS, other_groups
from benchmarks.environment import ROOT, write_csv
from benchmarks.starter.encoder_training import EncoderSettings
from benchmarks.starter.starter_card import (
    CARD,
    by_language,
    data_text,
    few_shot,
    of_words,
    table,
    teaching,
)
from benchmarks.starter.starter_evidence import (
    KEPT,
    Evidence,
    evidence,
    fold_rows,
    ships,
    threshold_rows,
)
from benchmarks.starter.starter_teaching import expected
from benchmarks.starter.starter_training import ALL, Trainings
from signlet.evaluation.scores import signer_interval
from signlet.export import export_ensemble
from signlet.files.atomic import replacing, write_text
from signlet.model.files import ModelFile, load_model, save_model
from signlet.modelfile.rewrite import with_entries
from signlet.modelfile.taught_fit import Expected
from signlet.pack import PackedSet, pack
from signlet.pretrained import STARTER
from signlet.sources import open_source
from signlet.training.init import TOLD

STEPS, FOLD_STEPS = 1500, 500
"""Of the training that ships, and of each of the four that only tell how well it reads letters of
other languages: they are shorter, so that what they tell is rather too low."""
MODELS = ROOT / "src" / "signlet" / "pretrained"
WORK = Path("runs/benchmark/starter-encoder")
QUICK = EncoderSettings(steps=2, made_signs=4, made_clips=2, real_clips=8)
QUICK_CLIPS, QUICK_GROUPS = 20, 20
"""Clips that the export is compared on, and groups that teaching is measured on."""
MOST_BYTES = 4_000_000
LICENCE = "Apache-2.0"
NOT_FOR = (
    "no interpreter and no judge of people: not for anything of weight, such as medical, legal or "
    "school matters, not to identify or grade a signer, not for sentences, and not for words "
    "before they were taught and tested with the people who will sign them"
)


# --- figures and card ---------------------------------------------------------------------


def about(found: Evidence, trainings: Trainings) -> dict[str, Any]:
    """Return the file's description of itself."""
    mean = fold_rows(found)[-1]
    right = found.distinct.probabilities.argmax(1) == found.distinct.labels
    low, high = signer_interval(right, found.distinct.signers)
    return {
        **load_model(trainings.folder(ALL)).about,
        "recipe": "starter_model",
        "name": STARTER,
        "title": "Letters A to Z",
        "data": data_text(trainings.words.exists()),
        "accuracy_unseen_languages": mean["accuracy"],
        "accuracy_unseen_languages_without_copies": mean["accuracy_without_copies"],
        "interval_without_copies": [round(low, 4), round(high, 4)],
        "not_for": NOT_FOR,
    }


def exported(model: ModelFile, found: Evidence, trainings: Trainings, quick: bool) -> Path:
    """Export in half precision, compared with torch on all clips of the lexicon."""
    source = open_source("fingerspelling")
    refs = islice(source.refs(), QUICK_CLIPS if quick else None)
    return export_ensemble(
        model.members,
        model.signs,
        trainings.work / "export",
        ["onnx"],
        "fp16",
        calibration=found.calibration,
        about=about(found, trainings),
        licence=LICENCE,
        clips={ref.name: source.read(ref).frames for ref in refs},
    ).files["onnx"]


def taught_by(model: ModelFile, words: Path, quick: bool) -> tuple[Expected, int] | None:
    """Return the expected likenesses of taught signs, and the number of people measured."""
    if not words.exists():
        return None
    groups = other_groups(words)
    return expected(model.members[0], words, groups[:QUICK_GROUPS] if quick else groups)


def ship(file: Path, measured: Expected | None, to: Path) -> None:
    """Write the file with what to expect in teaching, where it is small enough for the package.

    measured: what to expect of taught signs; None: the defaults of `signlet.recognition.teaching`.
    """
    entries = {"teaching": None if measured is None else asdict(measured)}
    content = with_entries(file.read_bytes(), file.suffix, entries, str(file))
    if len(content) >= MOST_BYTES:
        raise SystemExit(f"{file}: has {len(content):,} bytes, {MOST_BYTES:,} are too many")
    with replacing(to) as temporary:
        temporary.write_bytes(content)


def ship_weights(model: ModelFile, letters: PackedSet, to: Path) -> None:
    """Write the weights in half precision, for `--init`, into a folder of the model's name.

    letters: clips that it was trained on, so that a training on them can be told that.
    """
    half = [copy.deepcopy(member).half() for member in model.members]
    save_model(to, half, model.signs, {**model.about, TOLD: list(letters.names)})


def card(found: Evidence, measured: tuple[Expected, int] | None, trainings: Trainings) -> str:
    """The page for people: what no export can know, then what every export says."""
    told = about(found, trainings)
    low, high = told["interval_without_copies"]
    general = (trainings.work / "export" / "model-card.md").read_text(encoding="utf-8")
    general = general.replace("# Model card\n", "## The file\n").replace("\n## ", "\n### ")
    general = general.replace("| not measured |", "| see above |")
    return CARD.format(
        without=told["accuracy_unseen_languages_without_copies"],
        accuracy=told["accuracy_unseen_languages"],
        low=low,
        high=high,
        data=told["data"],
        **of_words(trainings.words.exists()),
        made_signs=trainings.settings.made_signs,
        made_clips=trainings.settings.made_clips,
        steps=trainings.settings.steps,
        fold_steps=trainings.fold_steps,
        folds=table(fold_rows(found)),
        languages=by_language(found.distinct),
        thresholds=table(threshold_rows(found)),
        few_shot=few_shot(),
        teaching=teaching(measured),
        **{name: ships(found)[name] or 0.0 for name in ("right_of_stopped", "unknown_accepted")},
        threshold=found.calibration.threshold,
        temperature=found.calibration.temperature,
        kept=KEPT,
        general=general.replace("model.onnx", f"{STARTER}.onnx").strip(),
    )


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--work", type=Path, help=f"trainings (default {WORK}; -quick)")
    parser.add_argument(
        "--out", type=Path, help="folder of the model (default: the package; with --quick --work)"
    )
    parser.add_argument("--words", type=Path, default=WORDS, help="folder of the words")
    parser.add_argument("--jobs", type=int, default=1, help="trainings at once")
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--fold-steps", type=int, default=FOLD_STEPS)
    parser.add_argument("--quick", action="store_true", help="hardly any training; no CSV")
    return parser.parse_args()


def main() -> None:
    given = parsed()
    torch.set_num_threads(1)
    settings = QUICK if given.quick else EncoderSettings(given.steps)
    work = given.work or (WORK.with_name(f"{WORK.name}-quick") if given.quick else WORK)
    out = given.out or (work / "models" if given.quick else MODELS)
    packed = pack(open_source("fingerspelling"), work / "packed", MAX_LEN)
    if not given.words.exists():
        print(f"{given.words}: is not there; the encoder learns from the lexicon alone")
    fold_steps = settings.steps if given.quick else given.fold_steps
    trainings = Trainings(packed, given.words, settings, work, fold_steps)
    trainings.run(given.jobs)
    found = evidence(trainings.seen(), trainings.strangers(), packed)
    model = load_model(trainings.folder(ALL))
    measured = taught_by(model, given.words, given.quick)
    file = exported(model, found, trainings, given.quick)
    ship(file, measured and measured[0], out / f"{STARTER}.onnx")
    ship_weights(model, packed, out / STARTER)
    write_text(out / f"{STARTER}.md", card(found, measured, trainings))
    if not given.quick:
        write_csv("starter_model", fold_rows(found))
        write_csv("starter_threshold", threshold_rows(found))
    print(table(fold_rows(found)), table(threshold_rows(found)), sep="\n\n")
    print(f"written: {out / STARTER}.onnx")


if __name__ == "__main__":
    main()
