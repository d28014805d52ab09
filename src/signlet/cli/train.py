"""signlet train."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from rich.console import Console

from signlet.cli.console_events import ConsoleEvents
from signlet.cli.parsing import add_columns, add_names, given_flags, make_parser, parse
from signlet.cli.training import main_console, print_left_out, report, with_recipe_paths
from signlet.errors import SignletError
from signlet.evaluation.show import print_steps
from signlet.quality.data_warnings import data_warnings, init_warnings
from signlet.training import Recipe, start_processes
from signlet.training.job import Job, prepare, train_prepared
from signlet.training.memory import keep_freed_memory
from signlet.training.recipes import add_recipe, recipe_of
from signlet.training.train_plan import LARGE_SET, SMALL_SET, Requested, parse_folds

_EXAMPLES = """
  signlet train --data my_videos/                     <sign>/<signer>_<number>.mp4, .npz, ...
  signlet train --data more_videos/ --init runs/small --run runs/more
  signlet train --recipe demo --folds all
  signlet train --recipe asl-signs-25 --data asl-signs/ --folds all --full-fit
  signlet train --data my_clips/ --folds all --full-fit --track tensorboard
  torchrun --nproc_per_node 8 -m -- signlet train --recipe asl-signs-25 --data packed/asl25
  signlet train --data wlasl:WLASL/ --split test
  signlet train --data my_clips/ --names '{sign}_{signer}_{n}'
  signlet train --data clips.csv --columns path=file,sign=gloss,signer=person
  signlet train --data my_clips/ --optimiser.epochs 60 --student.dense 96
  signlet train --data my_clips/ --run runs/small --resume
"""


def run(arguments: list[str]) -> None:
    """Parse and train."""
    parser = make_parser(
        "train",
        "Train a recogniser on your clips, test it on people it has never seen, and write a run\n"
        "folder with the model and a report.",
        _EXAMPLES,
    )
    parser.add_argument(
        "--data",
        type=str | None,
        help="folder of clips, CSV table, published set (wlasl:PATH ...), 'fingerspelling', or a "
        "packed set",
    )
    add_columns(parser)
    add_names(parser)
    parser.add_argument("--run", type=str | None, help="run folder (default runs/RECIPE)")
    parser.add_argument(
        "--folds",
        type=str | None,
        help="folds to test on, one training each: 0, 0,2, all or none; default: all for sets of\n"
        f"at most {SMALL_SET} clips, 0 for larger ones; up to {LARGE_SET:,} clips signlet then "
        "trains on all clips",
    )
    parser.add_argument(
        "--split",
        type=Literal["val", "test"] | None,
        help="test on this split of a published set instead of on left-out signers; test: train on "
        "train and val; val: train on train",
    )
    parser.add_argument(
        "--full-fit",
        action="store_true",
        help="after the test, train on all clips; that model becomes the run's model",
    )
    parser.add_argument(
        "--init",
        type=str | None,
        metavar="RUN",
        help="start from the weights of this run folder, or of fingerspelling (the model that "
        "comes with signlet), instead of random ones; its signs may differ; signlet takes "
        "RUN/full, or else RUN/fold-0; name RUN/fold-2 for another fold",
    )
    parser.add_argument(
        "--track",
        nargs="+",
        default=[],
        metavar="TRACKER",
        help="send the metrics of each epoch to tensorboard, mlflow, wandb, trackio",
    )
    parser.add_argument("--resume", action="store_true", help="continue the training in the folder")
    parser.add_argument("--device", type=str, default="auto", help="auto, cpu, cuda, cuda:1")
    parser.add_argument("--jobs", type=int, default=-1, help="processes for packing; -1: all")
    add_recipe(parser)
    parsed = parse(parser, with_recipe_paths(arguments, "small"))
    recipe = recipe_of(parser, parsed)
    folder = Path(parsed.run or f"runs/{recipe.name}")
    requested = _requested(parsed, recipe, arguments)
    job = Job(
        recipe,
        parsed.data,
        folder,
        requested,
        parsed.resume,
        tuple(parsed.track),
        parsed.init,
        parsed.jobs,
        parsed.columns,
        parsed.names,
    )
    processes = start_processes(parsed.device)
    keep_freed_memory()
    console = main_console(processes)
    events = ConsoleEvents(console)
    ready = prepare(job, processes, events)
    plan = ready.plan
    if processes.main:
        warnings = [*data_warnings(ready.packed), *init_warnings(ready.init, ready.packed)]
        _say(warnings, plan.notes, console)
    results = train_prepared(job, ready, processes, events)
    if processes.main:
        steps = report(results, ready.packed, folder, console)
        if results:
            print_left_out(folder, ready.packed, results["soup"], console)
        print_steps(steps, console)


def _say(warnings: Sequence[str], notes: Sequence[str], console: Console) -> None:
    for warning in warnings:
        console.print(f"Note: {warning}.", style="yellow", markup=False, soft_wrap=True)
    for note in notes:
        console.print(f"{note}.", markup=False, highlight=False, soft_wrap=True)


def _requested(parsed: Any, recipe: Recipe, arguments: list[str]) -> Requested:
    """Return the folds and length that the flags ask for; refuse impossible ones before packing."""
    folds = None if parsed.folds is None else str(parsed.folds)
    if parsed.split and (folds is not None or "num_folds" in given_flags(arguments)):
        raise SignletError(
            f"--split {parsed.split}: tests on the published split, --folds and --num_folds "
            "test on left-out signers; give only one of them"
        )
    if folds is not None and not parse_folds(folds, recipe.num_folds) and not parsed.full_fit:
        raise SignletError("--folds none: nothing is left to train; add --full-fit")
    return Requested(folds, bool(parsed.full_fit), given_flags(arguments), parsed.split)
