"""How well do a few examples teach a sign?

Cost: about half an hour on two cores for an encoder; hours with --scratch.
Page: docs/teach.md
Results: few_shot.csv, few_shot_backbones.csv

    python -m benchmarks.teaching.few_shot --encoder letters=MODEL --saw-words letters=letters
    python -m benchmarks.teaching.few_shot --encoder a=RUN b=model.onnx --data webcam --scratch 6
    python -m benchmarks.teaching.few_shot --docs       only the table and the picture, from the CSV

An encoder is a run folder, a model folder or an exported file with an embedding. Data sets:
`letters` (the lexicon's letters, sign languages for signers, without their copies), `webcam` and
`words` (folders of clips under --shared; of `words` only people of whom no encoder has seen a
clip). Which of them an encoder was trained on is said by --saw-words and --saw-signers.

Settings: signers who are taught their own signs (with more clips than are shown, at least two
signs), signs taught by others, letters of other languages, and signs that were not taught. Each is
drawn --draws times, the same for every method. Values are means; intervals are of 95 %, over
signers drawn with replacement (and over draws, where the draws decide who teaches).

Against the encoders: the landmarks as they are (hands and arms in 8 frames, nearest mean), dynamic
time warping of the hands (nearest example), and with --scratch N, for N signers, trainings from
random weights. Embeddings, distances and trainings are kept under --work. Needs the extra
`benchmark`.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.environment import ROOT, WRITTEN, write_csv
from benchmarks.teaching.few_shot_data import (
    DATA,
    Clips,
    embeddings,
    landmarks,
    read_clips,
    warped_distances,
)
from benchmarks.teaching.few_shot_measure import Figure, Measured, measure
from benchmarks.teaching.few_shot_methods import Method, NearestExample, NearestMean, Taught
from benchmarks.teaching.few_shot_plan import FEW, Plan, Setting, settings
from benchmarks.teaching.few_shot_report import draw, read_results, table, write_docs
from benchmarks.teaching.few_shot_scratch import Scratch
from signlet.modelfile.taught_fit import Expected
from signlet.recognition.recogniser import Recogniser
from signlet.runtimes import require_embedding

NAME = "few_shot"
PAGE = ROOT / "docs" / "teach.md"
Saw = set[tuple[str, str]]
"""Names of encoders, and of data sets that they have seen."""


def taught(name: str, model: str, clips: Clips, work: Path) -> Taught:
    recogniser = Recogniser.load(model, threads=1)
    require_embedding(recogniser.embedding_size, Path(model))
    expected = (recogniser.card.teaching if recogniser.card else None) or Expected()
    return Taught(name, embeddings(clips, model, recogniser, work), expected)


def baselines(clips: Clips, work: Path) -> list[Method]:
    found = landmarks(clips, work)
    distances = warped_distances(clips, found.hands, work)
    return [
        NearestMean("landmarks, nearest mean", found.resampled),
        NearestExample("hands, time warping", distances),
    ]


def rows_of(
    methods: Sequence[Method], clips: Clips, asked: Sequence[Setting], seed: int
) -> Iterator[dict[str, Any]]:
    for method in methods:
        for setting in asked:
            if isinstance(method, Scratch) and setting.name != FEW:
                continue
            found = measure(method, clips, setting, seed)
            figures = list(found.figures)
            if isinstance(method, Scratch):
                seconds = np.array(method.seconds)
                figures.append(Figure("cpu_seconds", seconds.mean(), seconds.min(), seconds.max()))
            for figure in figures:
                yield _row(method, clips, setting, found, figure)


def _row(
    method: Method, clips: Clips, setting: Setting, found: Measured, figure: Figure
) -> dict[str, Any]:
    return {
        "encoder": method.name,
        "data": clips.name,
        "setting": setting.name,
        "examples": setting.examples,
        "measure": figure.measure,
        "value": round(figure.value, 4),
        "low": round(figure.low, 4),
        "high": round(figure.high, 4),
        "signers": found.signers,
        "signs": found.signs,
        "clips": found.clips,
        "draws": setting.draws,
    }


def run(
    encoders: dict[str, str], sets: Sequence[Clips], plan: Plan, work: Path, compare: bool = True
) -> list[dict[str, Any]]:
    """All figures. encoders: by name where they lie. compare: also with the plain methods."""
    rows: list[dict[str, Any]] = []
    for clips in sets:
        methods: list[Method] = [taught(*encoder, clips, work) for encoder in encoders.items()]
        methods += baselines(clips, work) if compare else []
        asked = settings(clips, plan)
        if any(setting.name == FEW for setting in asked):
            methods.append(Scratch.of(clips, work))
        rows += rows_of(methods, clips, asked, plan.seed)
        print(f"{clips.name}: {len(clips.refs)} clips, {len(asked)} settings", flush=True)
    return rows


def with_seen(rows: list[dict[str, Any]], words: Saw, signers: Saw) -> list[dict[str, Any]]:
    """The columns that say what an encoder had seen before."""
    return [
        row
        | {
            name: "yes" if (row["encoder"], row["data"]) in seen else "no"
            for name, seen in (("saw_words", words), ("saw_signers", signers))
        }
        for row in rows
    ]


def _pair(text: str) -> tuple[str, str]:
    name, equals, rest = text.partition("=")
    if not (name and equals and rest):
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=...")
    return name, rest


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--encoder", type=_pair, nargs="+", default=[], metavar="NAME=MODEL")
    for what in ("words", "signers"):
        parser.add_argument(
            f"--saw-{what}", type=_pair, nargs="+", default=[], metavar="NAME=DATA",
            help=f"data sets whose {what} an encoder was trained on",
        )  # fmt: skip
    parser.add_argument("--data", nargs="+", choices=DATA, default=list(DATA))
    parser.add_argument("--shared", type=Path, default=Path("../shared/data"))
    parser.add_argument("--examples", type=int, nargs="+", default=[1, 2, 3, 4, 5])
    parser.add_argument("--draws", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--scratch", type=int, default=0, metavar="N", help="signers")
    parser.add_argument("--no-compare", action="store_true", help="the encoders only")
    parser.add_argument("--name", default=NAME, help="of the CSV and the picture")
    parser.add_argument("--docs", action="store_true", help=f"write the table into {PAGE.name}")
    parser.add_argument("--work", type=Path, default=Path("runs/benchmark/few_shot"))
    given = parser.parse_args(arguments)
    if not given.encoder and not given.docs:
        parser.error("--encoder: name one, or --docs for the results that are there")
    names = dict(given.encoder)
    if unknown := [n for n, _ in [*given.saw_words, *given.saw_signers] if n not in names]:
        parser.error(f"--saw-words, --saw-signers: {unknown[0]!r} is not an --encoder")
    return given


def main(arguments: Sequence[str] | None = None) -> None:
    given = parse(arguments)
    if given.encoder:
        plan = Plan(given.examples, given.draws, given.seed, given.scratch)
        sets = [read_clips(name, given.shared) for name in given.data]
        rows = run(dict(given.encoder), sets, plan, given.work, not given.no_compare)
        write_csv(given.name, with_seen(rows, set(given.saw_words), set(given.saw_signers)))
    results = read_results(WRITTEN / f"{given.name}.csv")
    draw(results, WRITTEN, given.name)
    print(table(results))
    if given.docs:
        write_docs(results, PAGE)


if __name__ == "__main__":
    main()
