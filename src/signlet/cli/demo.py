"""signlet demo."""

from __future__ import annotations

import webbrowser
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from signlet.cli.console_events import ConsoleEvents
from signlet.cli.parsing import make_parser, parse
from signlet.cli.training import main_console, report, with_recipe_paths
from signlet.evaluation.predictions import Predictions
from signlet.evaluation.show import print_steps
from signlet.evaluation.verdict import counted
from signlet.runs import RunFolder
from signlet.runs.duplicates import run_duplicates
from signlet.sources.fingerspelling import LANGUAGES
from signlet.text.percent import percent
from signlet.training import start_processes
from signlet.training.clips import packed_clips
from signlet.training.gather import refuse_other_recipe
from signlet.training.memory import keep_freed_memory
from signlet.training.recipes import add_recipe, recipe_of
from signlet.training.run import Wanted, check, plan_of, train_checked

_EXAMPLES = """
  signlet demo
  signlet demo --run runs/second --seed 1
  signlet demo --optimiser.epochs 3          a quick try that learns little
"""
_SOURCE = "fingerspelling"


def run(arguments: list[str]) -> None:
    """Parse, train on the letters, show some held-out clips."""
    parser = make_parser(
        "demo",
        "Train a recogniser of the letters A to Z on 436 real clips of 17 sign languages, test\n"
        "it on languages it has never seen, and show its answers for six of their clips.",
        _EXAMPLES,
    )
    parser.add_argument("--run", type=str, default="runs/demo", help="run folder")
    parser.add_argument("--device", type=str, default="auto", help="auto, cpu, cuda, cuda:1")
    parser.add_argument("--open", action="store_true", help="open the report in the browser")
    add_recipe(parser)
    parsed = parse(parser, with_recipe_paths(arguments, "demo"))
    recipe = recipe_of(parser, parsed)
    processes = start_processes(parsed.device)
    keep_freed_memory()
    folder, console = Path(parsed.run), main_console(processes)
    there, events = RunFolder(folder), ConsoleEvents(console)
    check(recipe, there, True, (), processes)
    processes.main_only(lambda: refuse_other_recipe(there, recipe))
    packed = processes.main_process_first(
        lambda: packed_clips(
            _SOURCE, recipe, folder, events=events, check=lambda listed: plan_of(listed, recipe)
        )
    )
    results = train_checked(recipe, packed, there, Wanted([0], 0, resume=True), processes, events)
    if processes.main:
        report(results, packed, folder, console)
        duplicates = run_duplicates(there, results["soup"], packed)
        print_clips(counted(results["soup"], duplicates) or results["soup"], console)
        print_steps(_steps(folder), console)
        if parsed.open:
            webbrowser.open(there.report.resolve().as_uri())


def _steps(run: Path) -> list[str]:
    """Give the next steps of somebody who tries signlet out."""
    return [
        f"Open the report: {run}/report.html (or run signlet demo --open)",
        f"Recognise a clip: signlet recognise {run} {_SOURCE}:gsg/R",
        "Train on your own signs: signlet train --data my_videos/   (docs/own_signs.md)",
        "Or teach a sign without training: signlet teach fingerspelling my_videos/ -o mine.onnx",
        f"Use the model on a phone or in a browser: signlet export {run}",
    ]


def print_clips(soup: Predictions, console: Console) -> None:
    """Print what the model made of six test clips, right and wrong, from sure to unsure."""
    read = soup.probabilities.argmax(1)
    right = read == soup.labels
    chosen = [*_spread(soup, np.flatnonzero(right)), *_spread(soup, np.flatnonzero(~right))]
    table = Table(title="Six of the test clips", title_justify="left", box=SIMPLE_HEAD)
    for heading in ("clip", "language", "letter", "named", "sure", ""):
        table.add_column(heading, justify="right" if heading == "sure" else "left")
    for clip in chosen:
        language = LANGUAGES.get(soup.signers[clip], soup.signers[clip])
        mark = Text("right", "green") if right[clip] else Text("wrong", "red")
        letter, named = soup.signs[soup.labels[clip]], soup.signs[read[clip]]
        sure = percent(soup.probabilities[clip, read[clip]])
        table.add_row(soup.names[clip], language, letter, named, sure, mark)
    console.print(table)


def _spread(soup: Predictions, clips: NDArray[np.int64]) -> list[int]:
    """Choose three of the clips, or all if there are fewer: the surest, a middle and the least."""
    sure = clips[np.argsort(-soup.probabilities[clips].max(1, initial=0), kind="stable")]
    places = np.unique(np.linspace(0, len(sure) - 1, 3).round().astype(int)) if len(sure) else ()
    return [int(sure[place]) for place in places]
