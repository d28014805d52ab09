"""signlet demo."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from signlet.cli.console_events import ConsoleEvents
from signlet.cli.parsing import make_parser, parse
from signlet.cli.training import main_console, report, with_recipe_paths
from signlet.evaluation.predictions import Predictions
from signlet.recognition.recogniser import Recogniser
from signlet.runs import RunFolder
from signlet.sources import find, open_source
from signlet.training import start_processes
from signlet.training.clips import packed_clips
from signlet.training.folder import refuse_other_recipe
from signlet.training.memory import keep_freed_memory
from signlet.training.recipes import add_recipe, recipe_of
from signlet.training.run import Wanted, check, train_checked

_EXAMPLES = """
  signlet demo
  signlet demo --run runs/second --seed 1
  signlet demo --optimiser.epochs 3          a quick look, without learning much
"""
_SOURCE = "fingerspelling"


def run(arguments: list[str]) -> None:
    """Parse, train on the letters, recognise one held-out clip."""
    parser = make_parser(
        "demo",
        "Train a recogniser of the letters A to Z on 436 real clips of 17 sign languages, test\n"
        "it on languages it has never seen, and recognise one of their clips.",
        _EXAMPLES,
    )
    parser.add_argument("--run", type=str, default="runs/demo", help="run folder")
    parser.add_argument("--device", type=str, default="auto", help="auto, cpu, cuda, cuda:1")
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
        lambda: packed_clips(_SOURCE, recipe, folder, events=events)
    )
    results = train_checked(recipe, packed, there, Wanted([0], 0, resume=True), processes, events)
    if processes.main:
        report(results, recipe, packed, folder, None, console)
        show_one(folder, results["soup"], console)


def show_one(run: Path, soup: Predictions, console: Console) -> None:
    """Recognise one held-out clip from its file and print the five likeliest letters."""
    # The clip in the middle of the soup's own certainty: neither its best nor its worst.
    certainty = soup.probabilities.max(1)
    name = soup.names[int(np.argsort(certainty)[len(certainty) // 2])]
    source = open_source(_SOURCE)
    ref = find(source, name)
    table = Table(title=f"{name}: the letter {ref.sign}, signed in {ref.signer}")
    table.add_column("letter")
    table.add_column("probability", justify="right")
    best = Recogniser.load(run)(source.read(ref)).top(5)
    for sign, probability in best:
        table.add_row(sign, f"{probability:.1%}")
    console.print(table)
    right = float((soup.probabilities.argmax(1) == soup.labels).mean())
    verdict = "Right" if best[0][0] == ref.sign else f"Wrong, it was {ref.sign}"
    console.print(
        f"{verdict}. Of the letters of these languages, which were held out, {right:.0%} are read "
        "right.",
        soft_wrap=True,
    )
    console.print(f"Again: signlet recognise {run} {_SOURCE}:{name}", soft_wrap=True)
