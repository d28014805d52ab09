"""Output of the commands that train, and their flag `--recipe`."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from signlet.cli.console_events import ConsoleEvents
from signlet.errors import SignletError
from signlet.evaluation.faulty import faulty_clips
from signlet.evaluation.predictions import Predictions
from signlet.evaluation.scores import score
from signlet.evaluation.show import print_verdict
from signlet.evaluation.verdict import untested, verdict
from signlet.pack import PackedSet
from signlet.runs import RunFolder
from signlet.runs.duplicates import run_duplicates
from signlet.sources import Source
from signlet.text.bars import doing
from signlet.text.console import SafeConsole
from signlet.training import Processes
from signlet.training.recipes import recipe_path

_POOR = 0.05
"""A soup so much less accurate than the distilled model is worth a word."""
_TRAIN_LONGER = (
    "Train for more epochs, or with --soup_epochs 1: the run's model averages the last epochs, and "
    "these are still too different."
)


def with_recipe_paths(arguments: list[str], default: str) -> list[str]:
    """The arguments after the path of the recipe, so that each of them wins.

    default: the recipe's name if none is given. Raises SignletError if there are two.
    """
    rest, names = list(arguments), []
    for place in reversed(range(len(rest))):
        if rest[place] == "--recipe" and place + 1 < len(rest):
            names.append(rest[place + 1])
            del rest[place : place + 2]
        elif rest[place].startswith("--recipe="):
            names.append(rest.pop(place).removeprefix("--recipe="))
    if len(set(names)) > 1:
        raise SignletError(f"--recipe is given twice, {' and '.join(names[::-1])}; give it once")
    return ["--recipe", recipe_path(names[0] if names else default), *rest]


def print_notes(source: Source, console: Console) -> None:
    """Say what a user must know of how the clips were found."""
    for note in source.notes:
        ConsoleEvents(console).note(f"{note}.")


def report(
    results: dict[str, Predictions],
    packed: PackedSet,
    run: Path,
    console: Console,
) -> list[str]:
    """Write the report, print the verdict, which has the one score; return what to do next.

    results: out-of-fold predictions; {} if nothing was held out. `signlet evaluate` prints their
    scores, for experts.
    """
    with doing(console, "Writing the report ..."):
        from signlet.report import write_report  # Matplotlib is not needed before

        page = write_report(run, packed)
    faulty = faulty_clips(packed)
    said = untested(faulty)
    if results:
        soup, recorded = results["soup"], packed.clips_of_signs()
        duplicates = run_duplicates(RunFolder(run), soup, packed)
        said = verdict(soup, RunFolder(run).about, duplicates, recorded, faulty)
    print_verdict(said, console)
    longer = [_TRAIN_LONGER] if results and _is_poor(results) else []
    return [*longer, *said.steps, *_commands(run, page, said.usable, bool(results))]


def _commands(run: Path, page: Path, usable: bool, tested: bool) -> list[str]:
    """List what a finished run is for."""
    experts = f" (tables for experts: signlet evaluate {run})" if tested else ""
    commands = [
        f"Look at the report: {page}{experts}",
        f"Try it: signlet recognise {run} CLIP",
    ]
    use = f"Use it on a phone or in a browser: signlet export {run}"
    return [*commands, use] if usable else commands


def main_console(processes: Processes) -> Console:
    """A console that prints on the main process only."""
    return SafeConsole(quiet=not processes.main)


def print_left_out(run: Path, packed: PackedSet, held_out: Predictions, console: Console) -> None:
    """Note that a model of one fold, trained without some signers, is for testing only."""
    about = RunFolder(run).about
    known = int((packed.labels >= 0).sum())
    if about.get("split") and about["trained_on"] != "all clips":
        console.print(
            f"Note: the run's model was trained on {about['trained_on']} only. The same command "
            "with --full-fit --resume trains one on all clips, to use.",
            soft_wrap=True,
        )
        return
    if len(about["folds"]) == 1 and about["trained_on"] != "all clips":
        console.print(
            f"Note: the run's model was trained on {known - len(held_out.names):,} of {known:,} "
            "clips; the others were kept for the test. The same command with --full-fit --resume "
            "trains one on all clips, to use.",
            soft_wrap=True,
        )


def _is_poor(results: dict[str, Predictions]) -> bool:
    """Tell if the soup, which is the run's model, is clearly worse than the model it averages."""
    soup, distilled = (score(results[name], resamples=1).top1 for name in ("soup", "distilled"))
    return soup < distilled - _POOR
