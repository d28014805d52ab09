"""Output of the commands that train, and their flag `--recipe`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from rich.console import Console

from signlet.cli.console_events import ConsoleEvents
from signlet.errors import SignletError
from signlet.evaluation.duplicates import duplicates_note, trained_duplicates
from signlet.evaluation.predictions import Predictions
from signlet.evaluation.scores import score
from signlet.evaluation.show import print_scores
from signlet.pack import PackedSet
from signlet.runs import RunFolder
from signlet.sources import Source
from signlet.text.console import SafeConsole
from signlet.training import Processes, Recipe
from signlet.training.recipes import recipe_path

_POOR = 0.05
"""A soup so much less accurate than the distilled model is worth a word."""


def with_recipe_paths(arguments: list[str], default: str) -> list[str]:
    """The arguments after the path of the recipe, so that each of them wins.

    default: the recipe's name if none is given. Raises SignletError where there are two.
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
    recipe: Recipe,
    packed: PackedSet,
    run: Path,
    split: str | None,
    console: Console,
) -> None:
    """Write the report, print the scores, and what to do next.

    results: out-of-fold predictions; {} where nothing was held out.
    """
    if results:
        from signlet.report import write_report  # Matplotlib is not needed before

        page = write_report(run, packed)
        print_scores(results, console, _scores_title(split))
        _print_head(recipe, console)
        print_duplicates(results["soup"], packed, run, console)
        _print_poor_soup(results, console)
        _print_known_signers(run, console)
        said = f"Run folder: {run}   report: {page}"
    else:
        said = f"Run folder: {run} (nothing was held out, so there is no score)"
    for line in (said, f"Next: signlet recognise {run} CLIP   signlet export {run}"):
        console.print(line, markup=False, soft_wrap=True)


def _print_head(recipe: Recipe, console: Console) -> None:
    """The figures of the last epoch and those of the table are of two heads, and differ."""
    if recipe.head.kind != "linear":
        console.print(
            f"Scores are with the {recipe.head.kind} head; the epochs' accuracies were without it, "
            "so they differ.",
            soft_wrap=True,
            highlight=False,
        )


def _scores_title(split: str | None) -> str:
    return f"Scores on the published split {split}" if split else "Scores on clips not trained on"


def main_console(processes: Processes) -> Console:
    """A console that prints on the main process only."""
    return SafeConsole(quiet=not processes.main)


def print_duplicates(soup: Predictions, packed: PackedSet, run: Path, console: Console) -> None:
    """Say how the score is without held-out clips that were trained on under another name."""
    duplicates = trained_duplicates(soup, packed, _about(run).get("split"))
    note = duplicates_note(soup, duplicates, "soup")
    if note:
        console.print(f"Note: {note}.", style="yellow", soft_wrap=True)


def _about(run: Path) -> dict[str, Any]:
    """Return what the run's model file says about itself."""
    about: dict[str, Any] = json.loads(RunFolder(run).config.read_text(encoding="utf-8"))["about"]
    return about


def _print_known_signers(run: Path, console: Console) -> None:
    """Repeat it under the figures: nobody scrolls up for a note."""
    about = _about(run)
    if about.get("split"):
        style = "yellow" if about.get("scores_are_for") == "known signers" else ""
        console.print(f"Note: {about['split_note']}.", style=style, soft_wrap=True)
        return
    if about.get("scores_are_for") == "known signers":
        console.print(
            "Note: these figures are for known signers only, who were trained on; other people "
            "will be read worse.",
            style="yellow",
            soft_wrap=True,
        )


def print_left_out(run: Path, packed: PackedSet, held_out: Predictions, console: Console) -> None:
    """A single fold's model has never seen some of the signers: one to test, not to ship."""
    about = _about(run)
    known = int((packed.labels >= 0).sum())
    if about.get("split") and about["trained_on"] != "all clips":
        console.print(
            f"Note: the run's model was trained on {about['trained_on']} only. The same command "
            "with --full-fit --resume makes one of all clips, to use.",
            soft_wrap=True,
        )
        return
    if len(about["folds"]) == 1 and about["trained_on"] != "all clips":
        console.print(
            f"Note: the run's model was trained on {known - len(held_out.names):,} of {known:,} "
            "clips, those that are not held out. The same command with --full-fit --resume makes "
            "one of all clips, to use.",
            soft_wrap=True,
        )


def _print_poor_soup(results: dict[str, Predictions], console: Console) -> None:
    """A soup of too few or too different epochs is worse than what it is made of."""
    soup, distilled = (score(results[name], resamples=1).top1 for name in ("soup", "distilled"))
    if soup < distilled - _POOR:
        console.print(
            f"Note: the soup, which is the run's model, reads {soup:.3f} right, the distilled "
            f"model of the last epoch {distilled:.3f}: train for more epochs, or with "
            "--soup_epochs 1.",
            style="yellow",
            soft_wrap=True,
        )
