"""signlet ensemble."""

from __future__ import annotations

from collections.abc import Iterator

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from signlet.cli.console_events import ConsoleEvents
from signlet.cli.parsing import make_parser, parse
from signlet.evaluation.duplicates import NO_ESTIMATE
from signlet.evaluation.scores import interval_said, scored_signers
from signlet.modelfile.averaging import Kind
from signlet.runs import ModelKind
from signlet.text.console import SafeConsole
from signlet.training.ensemble import (
    COMPARISON,
    ENSEMBLE,
    Ensemble,
    ensemble,
    untold_duplicates,
)

_EXAMPLES = """
  signlet ensemble runs/asl-signs-25 runs/asl-signs-80 -o runs/both
  signlet ensemble runs/seed-0 runs/seed-1 runs/seed-2 -o runs/seeds --average logits
  signlet ensemble runs/both runs/other -o runs/more      an ensemble counts as one run
  signlet recognise runs/both clip.pose
"""
_SAID = {
    "softmax": "the mean of the probabilities (softmax)",
    "logits": "the softmax of the mean logits (logits)",
}
_PAIRS = """Runs in pairs: top-1 of the first minus top-1 of the second, with its interval;
share of clips with the same answer; share that only one of the two names correctly"""


def run(arguments: list[str]) -> None:
    """Parse, average, print."""
    parser = make_parser(
        "ensemble",
        "Average the answers of several runs, score the average on clips that were held out in\n"
        "all of them, compare it with each run, and write it as one model.",
        _EXAMPLES,
    )
    parser.add_argument("runs", type=str, nargs="+", help="run folders, or earlier ensembles")
    parser.add_argument("-o", "--out", type=str, required=True, help="new folder of the ensemble")
    parser.add_argument(
        "--average", type=Kind, default="softmax", help="what is averaged: probabilities or logits"
    )
    parser.add_argument(
        "--model",
        type=ModelKind,
        default="soup",
        help="model of each run; an earlier ensemble is used unchanged",
    )
    parsed = parse(parser, arguments)
    console = SafeConsole()
    made = ensemble(
        parsed.runs, parsed.out, parsed.average, parsed.model, events=ConsoleEvents(console)
    )
    _print(made, console)
    where = f"Ensemble: {parsed.out}   table: {parsed.out}/{COMPARISON}"
    for line in (where, f"Use it: signlet recognise {parsed.out} CLIP"):
        console.print(line, soft_wrap=True)


def _print(made: Ensemble, console: Console) -> None:
    members = sum(len(part.model.members) for part in made.parts)
    console.print(
        f"\nThe ensemble is {_SAID[made.kind]} of {len(made.parts)} runs with equal weight; "
        f"{members} models in all.",
        soft_wrap=True,
    )
    if made.left_out:
        counts = ", ".join(f"{p.name} has {len(p.predictions.names):,}" for p in made.parts)
        console.print(
            Text(
                f"Note: {made.left_out:,} clips are left out, because not all runs were tested "
                f"on them ({counts}).",
                style="yellow",
            ),
            soft_wrap=True,
        )
    clips = made.scores[ENSEMBLE].clips
    console.print(f"\nScores on {clips:,} clips not trained on", _scores(made), sep="\n")
    for note in _about_duplicates(made):
        console.print(f"Note: {note}.", style="yellow", soft_wrap=True, markup=False)
    console.print(_PAIRS, _pairs(made), sep="\n")


def _about_duplicates(made: Ensemble) -> Iterator[str]:
    """Clips that a run was trained on under another name."""
    for name, count in untold_duplicates(made):
        yield (
            f"{count:,} test clips of {name} duplicate its training clips, but the run does not "
            "tell which, so they count and the score is too high; train it again"
        )
    if not made.duplicates:
        return
    all_of_them = len(made.duplicates) == len(made.predictions[ENSEMBLE].names)
    yield f"{len(made.duplicates):,} test clips duplicate training clips" + (
        f": {NO_ESTIMATE}" if all_of_them else " and do not count"
    )


def _table(texts: tuple[str, ...], numbers: tuple[str, ...]) -> Table:
    table = Table(box=SIMPLE_HEAD)
    for heading in texts:
        table.add_column(heading, overflow="fold")
    for heading in numbers:
        table.add_column(heading, justify="right", no_wrap=True)
    return table


def _scores(made: Ensemble) -> Table:
    table = _table(("run", "model"), ("top-1", "95 %", "balanced", "F1", "ECE"))
    which = {part.name: part.which for part in made.parts}
    signers = scored_signers(made.predictions[ENSEMBLE])
    for name, s in made.scores.items():
        metrics = (s.balanced_accuracy, s.macro_f1, s.calibration_error)
        cells = (
            f"{s.top1:.3f}",
            interval_said(s.low, s.high, signers),
            *(f"{x:.3f}" for x in metrics),
        )
        table.add_row(Text(name), which.get(name, made.kind), *cells)
    return table


def _pairs(made: Ensemble) -> Table:
    headings = ("top-1", "95 %", "same", "only 1st", "only 2nd")
    table = _table(("first", "second"), headings)
    signers = scored_signers(made.predictions[ENSEMBLE])
    for (first, second), pair in made.pairs.items():
        shares = (pair.same_answer, pair.only_first, pair.only_second)
        interval = interval_said(pair.low, pair.high, signers, "+.3f", " to ")
        cells = (f"{pair.difference:+.3f}", interval, *(f"{x:.3f}" for x in shares))
        table.add_row(Text(first), Text(second), *cells)
    return table
