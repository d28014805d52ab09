"""signlet train."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from signlet.cli.parsing import make_parser, parse_folds
from signlet.cli.training import (
    add_recipe,
    packed_clips,
    recipe_of,
    train_and_report,
    with_recipe_paths,
)

_EXAMPLES = """
  signlet train --recipe demo --folds all
  signlet train --recipe asl-signs-25 --data asl-signs/ --folds 0 --run runs/asl25
  signlet train --data my_clips/ --optimiser.epochs 60 --student.dense 96
  signlet train --recipe demo --run runs/demo --resume
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
        "--folds", type=str, default="0", help="folds to hold out, a training each: 0, 0,2 or all"
    )
    parser.add_argument("--resume", action="store_true", help="continue what lies in the folder")
    parser.add_argument("--device", type=str, default="auto", help="auto, cpu, cuda, cuda:1")
    parser.add_argument("--jobs", type=int, default=-1, help="processes for packing; -1: all")
    add_recipe(parser)
    parsed = parser.parse_args(with_recipe_paths(arguments, "demo"))
    recipe = recipe_of(parser, parsed)
    folder = Path(parsed.run or f"runs/{recipe.name}")
    console = Console()
    packed = packed_clips(parsed.data, recipe, folder, parsed.jobs, console)
    train_and_report(
        recipe,
        packed,
        folder,
        parse_folds(str(parsed.folds), recipe.num_folds),
        resume=parsed.resume,
        device=parsed.device,
        console=console,
    )
