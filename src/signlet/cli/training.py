"""From parsed flags to a training: recipe, packed clips, run folder, report, scores."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import fields
from importlib.resources import files
from pathlib import Path
from typing import Any

from jsonargparse import ActionConfigFile, ArgumentParser  # type: ignore[attr-defined]
from rich.console import Console

from signlet.cli.parsing import parse
from signlet.errors import SignletError
from signlet.evaluation.copies import copies_note, trained_copies
from signlet.evaluation.predict import is_packed
from signlet.evaluation.predictions import Predictions
from signlet.evaluation.scores import print_scores, score
from signlet.files.regular import blocked, irregular
from signlet.files.settings_file import check_sections, read_mapping
from signlet.pack import PackedSet, pack
from signlet.report import write_report
from signlet.runs import RunFolder
from signlet.sources import Source, open_source, with_videos
from signlet.text.console import SafeConsole
from signlet.training import Processes, Recipe, train
from signlet.training.folder import refuse_other_clips, refuse_other_source
from signlet.training.init import Init

_POOR = 0.05
"""A soup so much less accurate than the distilled model is worth a word."""
_RECIPES = files("signlet") / "recipes"
_REMEDY = "see the recipes that come with signlet, in its folder recipes"


def recipe_names() -> list[str]:
    """Recipes that come with signlet."""
    return sorted(p.name.removesuffix(".yaml") for p in _RECIPES.iterdir() if ".yaml" in p.name)


def recipe_path(name: str) -> str:
    """A recipe's file: one of signlet's by name, or the user's own by path."""
    if name in recipe_names():
        return str(_RECIPES / f"{name}.yaml")
    if why := blocked(Path(name)):
        raise SignletError(f"--recipe {why}")
    if irregular(Path(name)):
        raise SignletError(
            f"--recipe {name}: no such file, and no recipe of that name; "
            f"signlet has {', '.join(recipe_names())}"
        )
    read_mapping(Path(name), _REMEDY)
    return name


class _RecipeFile(ActionConfigFile):
    """A file in UTF-8; jsonargparse reads it as whatever the locale says."""

    def __call__(self, parser: Any, cfg: Any, values: Any, option_string: Any = None) -> None:
        content = read_mapping(Path(values), _REMEDY)
        flags = frozenset(action.dest for action in parser._actions) - {"help", self.dest}
        try:
            check_sections(content, Recipe, flags - {field.name for field in fields(Recipe)})
        except SignletError as error:
            raise SignletError(f"{values}: {error}") from None
        text = json.dumps(content, default=str, ensure_ascii=False)
        # The library tries whether it is a path, which a locale may not be able to write. What
        # stands for a letter here is YAML's own escape.
        text = text.encode("ascii", "backslashreplace").decode("ascii")
        self.apply_config(parser, cfg, self.dest, text)


def add_recipe(parser: ArgumentParser) -> None:
    """Add `--recipe` and one flag for every setting that a recipe can hold."""
    parser.add_argument(
        "--recipe",
        action=_RecipeFile,
        help=f"recipe by name ({', '.join(recipe_names())}) or a YAML file; flags override it",
    )
    parser.add_class_arguments(Recipe, as_group=True)


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


def recipe_of(parser: ArgumentParser, parsed: Any) -> Recipe:
    """The recipe in parsed arguments. Raises SignletError where a setting has no usable value."""
    given = parsed.as_dict()
    names = [field.name for field in fields(Recipe)]
    check_sections({name: given[name] for name in names}, Recipe)
    values = parser.instantiate(parsed)
    return Recipe(**{name: values[name] for name in names})


def packed_clips(
    where: str | None,
    recipe: Recipe,
    run: Path,
    jobs: int,
    console: Console,
    columns: str | None = None,
    names: str | None = None,
) -> PackedSet:
    """The packed set at `where`, or the clips of the source at `where` packed into the run.

    columns: what the columns of a table at `where` are called. names: how its files are named.
    """
    where = where or recipe.packing.default_source
    if not where:
        raise SignletError("--data is missing: name a directory of clips or a packed data set")
    if is_packed(where, columns, names):
        packed = PackedSet.open(where)
        if packed.max_len != recipe.packing.max_len:
            raise SignletError(
                f"{where}: packed with max_len {packed.max_len}, the recipe has "
                f"{recipe.packing.max_len}; pack again or set --packing.max_len {packed.max_len}"
            )
        return packed
    source = open_source(where, columns, names)
    where_to = RunFolder(run)
    refuse_other_source(where_to, source)
    print_notes(source, console)
    if with_videos(source):
        _extract(source, where, jobs, console)
    console.print(f"Packing the clips of {where} ...", markup=False, soft_wrap=True)
    there = where_to.has_packed
    packed = pack(
        source,
        where_to.packed,
        recipe.packing.max_len,
        jobs=jobs,
        dtype=recipe.packing.dtype,
        progress=console.is_terminal,
    )
    try:
        refuse_other_clips(where_to, packed)
    except SignletError:
        if not there:  # the run would be taken for one of these clips
            shutil.rmtree(packed.path, ignore_errors=True)
        raise
    known = sorted(set(packed.signers) - {""})
    console.print(
        f"{len(packed.names):,} clips, {len(packed.signs)} signs, {len(known)} signers; "
        f"{packed.skipped.num_rows} skipped."
    )
    return packed


def print_notes(source: Source, console: Console) -> None:
    """Say what a user must know of how the clips were found."""
    for note in source.notes:
        console.print(f"Note: {note}.", style="yellow", markup=False, soft_wrap=True)


def _extract(source: Source, where: str, jobs: int, console: Console) -> None:
    """Landmarks of the source's videos into the cache, and what is wrong with the videos."""
    from signlet.extract import ensure_extracted

    summary = ensure_extracted(source, jobs, console)
    if summary.warnings or summary.bad:
        console.print(
            f"More of each video: signlet inspect {where}, or signlet extract {where} -o DIR "
            "(quality.csv)",
            soft_wrap=True,
            highlight=False,
            markup=False,
        )


def train_and_report(
    recipe: Recipe,
    packed: PackedSet,
    run: Path,
    folds: list[int],
    *,
    full_fit: bool = False,
    resume: bool,
    processes: Processes,
    track: Sequence[str] = (),
    init: Init | None = None,
    split: str | None = None,
    console: Console,
) -> dict[str, Predictions]:
    """Train, print the scores, write the report."""
    results = train(
        recipe,
        packed,
        run,
        folds,
        full_fit=full_fit,
        resume=resume,
        processes=processes,
        track=track,
        init=init,
        split=split,
        console=console,
    )
    if results and processes.main:
        write_report(run, packed)
        print_scores(results, console, _scores_title(split))
        _print_head(recipe, console)
        print_copies(results["soup"], packed, run, console)
        _print_poor_soup(results, console)
        _print_known_signers(run, console)
        report = RunFolder(run).report
        console.print(f"Run folder: {run}   report: {report}", markup=False, soft_wrap=True)
    elif processes.main:
        console.print(
            f"Run folder: {run} (nothing was held out, so there is no score)",
            markup=False,
            soft_wrap=True,
        )
    if processes.main:
        console.print(
            f"Next: signlet recognise {run} CLIP   signlet export {run}",
            markup=False,
            soft_wrap=True,
        )
    return results


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


def print_copies(soup: Predictions, packed: PackedSet, run: Path, console: Console) -> None:
    """Say how the score is without held-out clips that were trained on under another name."""
    copies = trained_copies(soup, packed, _about(run).get("split"))
    note = copies_note(soup, copies, "soup")
    if note:
        console.print(f"Note: {note}.", style="yellow", soft_wrap=True)


def _about(run: Path) -> dict[str, Any]:
    """What the run's model file says of itself."""
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


def load_recipe(name: str) -> Recipe:
    """A recipe by name or path, without any flags. Raises SignletError."""
    parser = ArgumentParser(prog="signlet train", exit_on_error=False)
    add_recipe(parser)
    return recipe_of(parser, parse(parser, ["--recipe", recipe_path(name)]))
