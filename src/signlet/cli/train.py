"""signlet train."""

from __future__ import annotations

from pathlib import Path

from signlet.cli.parsing import make_parser, parse, parse_folds
from signlet.cli.training import (
    add_recipe,
    main_console,
    packed_clips,
    recipe_of,
    train_and_report,
    with_recipe_paths,
)
from signlet.errors import SignletError
from signlet.trackers import check_trackers
from signlet.train import start_processes
from signlet.train.folder import refuse_used
from signlet.train.memory import keep_freed_memory

_EXAMPLES = """
  signlet train --recipe demo --folds all
  signlet train --recipe asl-signs-25 --data asl-signs/ --folds all --full-fit
  signlet train --data my_clips/ --folds all --full-fit --track tensorboard
  torchrun --nproc_per_node 8 -m -- signlet train --recipe asl-signs-25 --data packed/asl25
  signlet train --data my_clips/ --optimiser.epochs 60 --student.dense 96
  signlet train --data my_clips/ --run runs/small --resume
"""


def run(arguments: list[str]) -> None:
    """Parse and train."""
    parser = make_parser(
        "train",
        "Train student, mean teacher and distilled model, evaluate them and their soup on\n"
        "signers that they have not seen, and write a run folder with model and report.",
        _EXAMPLES,
    )
    parser.add_argument(
        "--data",
        type=str | None,
        help="directory of clips, manifest CSV, 'fingerspelling', or a packed data set",
    )
    parser.add_argument("--run", type=str | None, help="run folder (default runs/RECIPE)")
    parser.add_argument(
        "--folds",
        type=str,
        default="0",
        help="folds to hold out, a training each: 0, 0,2, all or none",
    )
    parser.add_argument(
        "--full-fit",
        action="store_true",
        help="then train on all clips; the run's model is this one instead of the folds' average",
    )
    parser.add_argument(
        "--track",
        nargs="+",
        default=[],
        metavar="TRACKER",
        help="send the figures of each epoch to tensorboard, mlflow, wandb, trackio",
    )
    parser.add_argument("--resume", action="store_true", help="continue what lies in the folder")
    parser.add_argument("--device", type=str, default="auto", help="auto, cpu, cuda, cuda:1")
    parser.add_argument("--jobs", type=int, default=-1, help="processes for packing; -1: all")
    add_recipe(parser)
    parsed = parse(parser, with_recipe_paths(arguments, "small"))
    recipe = recipe_of(parser, parsed)
    folder = Path(parsed.run or f"runs/{recipe.name}")
    folds = parse_folds(str(parsed.folds), recipe.num_folds)
    if not folds and not parsed.full_fit:
        raise SignletError("--folds none: nothing is left to train; add --full-fit")
    processes = start_processes(parsed.device)
    keep_freed_memory()
    console = main_console(processes)
    processes.by_main(lambda: processes.check_batch(recipe.optimiser.batch_size))
    processes.by_main(lambda: refuse_used(folder, parsed.resume))
    processes.by_main(lambda: check_trackers(parsed.track))
    packed = processes.first(
        lambda: packed_clips(parsed.data, recipe, folder, parsed.jobs, console)
    )
    train_and_report(
        recipe,
        packed,
        folder,
        folds,
        full_fit=parsed.full_fit,
        resume=parsed.resume,
        processes=processes,
        track=parsed.track,
        console=console,
    )
