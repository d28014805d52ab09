"""signlet tune."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from rich.console import Console

from signlet.cli.console_events import ConsoleEvents
from signlet.cli.parsing import add_columns, add_names, existing, make_parser, parse
from signlet.cli.training import with_recipe_paths
from signlet.errors import SignletError
from signlet.evaluation.folds import signer_folds
from signlet.files.atomic import require_writable
from signlet.text.console import SafeConsole
from signlet.training.clips import packed_clips
from signlet.training.recipes import add_recipe, recipe_of
from signlet.training.run import plan_of
from signlet.training.train_plan import parse_folds
from signlet.tune import (
    DEFAULT_SPACE,
    Metric,
    Search,
    check_search,
    print_result,
    read_space,
    require_optuna,
    require_study_name,
    tune,
    write_result,
)

_EXAMPLES = """
  signlet tune --recipe demo --trials 20
  signlet tune --data my_clips/ --study runs/tune.db --trials 40 --folds all
  signlet tune --data packed/mine --space space.yaml --epochs 30 --metric top1
  signlet train --recipe runs/tune/best.yaml --data my_clips/
"""


def run(arguments: list[str]) -> None:
    """Parse, search, report."""
    parser = make_parser(
        "tune",
        "Search for better values of a recipe. signlet scores trials on validation folds. Another\n"
        "fold of signers, which no trial uses, shows the gain at the end. The same command\n"
        "continues a stopped search. Files: best.yaml, trials.csv, trials.svg and report.json in\n"
        "a folder named like the study.",
        _EXAMPLES,
    )
    parser.add_argument(
        "--data",
        type=str | None,
        help="folder of clips, CSV table, 'fingerspelling', or a packed set",
    )
    add_columns(parser)
    add_names(parser)
    parser.add_argument("--study", type=str, default="runs/tune.db", help="file with the trials")
    parser.add_argument("--trials", type=int, default=20, help="trials in total")
    parser.add_argument("--space", type=str | None, help="YAML file with the search space")
    parser.add_argument("--epochs", type=int | None, help="epochs per training")
    parser.add_argument(
        "--folds",
        type=str | None,
        help="validation folds, one training per fold and trial: 0, 0,1 or all (except the test "
        "fold); default: the first",
    )
    parser.add_argument(
        "--test_fold", type=int | None, help="fold for the test at the end; default: the last"
    )
    parser.add_argument(
        "--metric", type=Metric, default="balanced_accuracy", help="score to improve"
    )
    parser.add_argument("--device", type=str, default="auto", help="auto, cpu, cuda, cuda:1")
    parser.add_argument("--jobs", type=int, default=-1, help="processes for packing; -1: all")
    add_recipe(parser)
    parsed = parse(parser, with_recipe_paths(arguments, "small"))
    require_optuna()
    if parsed.trials < 1:
        raise SignletError(f"--trials {parsed.trials}: give at least 1")
    recipe = recipe_of(parser, parsed)
    if parsed.epochs is not None:
        recipe = replace(recipe, optimiser=replace(recipe.optimiser, epochs=parsed.epochs))
    space = read_space(existing(parsed.space, "file")) if parsed.space else DEFAULT_SPACE
    test_fold = recipe.num_folds - 1 if parsed.test_fold is None else parsed.test_fold
    if not 0 <= test_fold < recipe.num_folds:
        raise SignletError(f"--test_fold {test_fold}: give 0 to {recipe.num_folds - 1}")
    folds = _validation(parsed.folds, test_fold, recipe.num_folds)
    study, console = Path(parsed.study), SafeConsole()
    folder = study.with_suffix("")
    check_search(recipe, space, folds, test_fold)
    require_study_name(study)
    require_writable(study)
    told, events = (parsed.columns, parsed.names), ConsoleEvents(console)
    packed = packed_clips(
        *(parsed.data, recipe, folder, parsed.jobs, events, *told),
        check=lambda listed: plan_of(listed, recipe),
    )
    search = Search(recipe, packed, space, folds, test_fold, parsed.metric)
    _say(search, console)
    result = tune(search, study, parsed.trials, device=parsed.device, events=events)
    write_result(result, folder)
    print_result(result, folder, console)


def _validation(text: str | None, test_fold: int, count: int) -> tuple[int, ...]:
    """The folds to choose on; "all" leaves out the test fold."""
    others = [fold for fold in range(count) if fold != test_fold]
    if text is None:
        return tuple(others[:1])
    if text == "all":
        return tuple(others)
    return tuple(parse_folds(text, count))


def _say(search: Search, console: Console) -> None:
    folds = signer_folds(search.packed.labels, search.packed.signers, search.recipe.num_folds)
    if folds.note:
        console.print(f"Note: {folds.note}", style="yellow", soft_wrap=True)
    chosen = ", ".join(map(str, search.validation))
    console.print(
        f"Choosing {len(search.space)} values on fold {chosen}; fold {search.test_fold} with "
        f"{len(folds.held_out(search.test_fold)):,} clips is kept for the end.",
        soft_wrap=True,
    )
