"""How fast does a GPU train the published recipes, and does it compute what a CPU computes?

Cost: seven minutes on one H100 or H200; --tiny takes about a minute on two CPU cores.
Page: docs/distributed.md
Results: gpu_check_rehearsal.csv

    python -m benchmarks.training_speed.gpu_check     on the machine with the GPU
    python -m benchmarks.training_speed.gpu_check --tiny --name gpu_check_rehearsal

It makes a set of the competition's full size, 94,477 clips, on the machine: real clips are packed,
repeated and jittered. Then it prints one table and writes it, row by row, so that a run which is
cut short leaves what it has measured:

    speed       clips a second of whole training steps (three models, all augmentations), and the
                share of the bf16 matrix rate of the same minute; eager and compiled, with and
                without CUDA graphs, batches of 256 to 4,096
    stages      milliseconds of fetching, augmentation, forward, backward and optimiser
    launches    kernels that a step launches, and how often it waits for the device
    epoch       seconds of one whole epoch and of an evaluation, and the most memory
    agreement   largest difference of the losses of 50 steps in fp32 from those on the CPU
    resume      largest difference of the weights of a stopped and resumed training

`--seconds` bounds each measurement of speed, `--minutes` all of them: what does not fit any more is
left out and named.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch
from rich.console import Console
from rich.table import Table

from benchmarks.environment import write_csv
from benchmarks.training_speed import gpu_measures as measures
from benchmarks.training_speed.gpu_launches import launches
from benchmarks.training_speed.gpu_measures import Row
from signlet.errors import SignletError
from signlet.training.memory import keep_freed_memory
from signlet.training.recipes import load_recipe

FULL, BATCHES = 94_477, (256, 1024, 4096)
TINY_FULL, TINY_BATCHES = 96, (8, 16)
VARIANTS = ("eager", "compiled", "graphs")
"""As it is; torch.compile; torch.compile with CUDA graphs ("reduce-overhead")."""


@dataclass(frozen=True)
class Plan:
    """Sizes of a check. tiny: models and clips so small that a CPU does it all."""

    device: torch.device
    work: Path
    tiny: bool
    recipes: tuple[str, ...]
    batches: tuple[int, ...]
    variants: tuple[str, ...]
    seconds: float
    deadline: float

    @property
    def clips(self) -> int:
        """Clips of the full set."""
        return TINY_FULL if self.tiny else FULL

    @property
    def late(self) -> bool:
        """True if no further measurement is begun."""
        return time.monotonic() > self.deadline


def checks(plan: Plan) -> Iterator[tuple[str, Callable[[], list[Row]]]]:
    """Names of all measurements and what makes them, the most telling ones first."""
    for name in plan.recipes:
        kept = measures.Kept(plan.work, name, plan.clips, plan.tiny, plan.device)
        first = plan.batches[0]
        yield f"{name} agreement", partial(measures.agreement, kept)
        yield f"{name} launches", partial(launches, kept, first)
        yield f"{name} stages", partial(measures.stage_times, kept, first)
        for batch in plan.batches:
            for variant in plan.variants:
                measured = partial(measures.speed, kept, variant, batch, plan.seconds)
                yield f"{name} {variant} {batch}", measured
        yield f"{name} epoch", partial(measures.epoch, kept, plan.batches[-1])
        yield f"{name} resume", partial(measures.resume, kept)


def run(plan: Plan, name: str, console: Console) -> list[Row]:
    """All measurements for which there is time; one that fails is a row, too."""
    rows: list[Row] = []
    for what, work in checks(plan):
        if plan.late:
            rows.append(Row(what, "left out", 0.0, "no time was left"))
        else:
            console.print(f"{what} ...", highlight=False)
            rows += tried(what, work)
        if name:
            write_csv(name, [row.as_dict(plan.device) for row in rows])
    return rows


def tried(what: str, work: Callable[[], list[Row]]) -> list[Row]:
    """The rows of a measurement. Out of memory, or an operator that a compiler does not know,
    must not cost the rest."""
    try:
        return work()
    except Exception as error:
        return [Row(what, "failed", 0.0, " ".join(str(error).split())[:200])]
    finally:
        if torch.cuda.is_available():
            torch.cuda.empty_cache()


def table(rows: list[Row]) -> Table:
    """The rows for a terminal."""
    shown = Table("check", "what", "value", "unit")
    for row in rows:
        shown.add_row(row.check, row.what, f"{row.value:,.6g}", row.unit)
    return shown


def plan_of(given: argparse.Namespace) -> Plan:
    """The plan of parsed arguments."""
    device = torch.device(given.device or ("cuda" if torch.cuda.is_available() else "cpu"))
    batches = tuple(given.batches or (TINY_BATCHES if given.tiny else BATCHES))
    deadline = time.monotonic() + 60 * given.minutes
    return Plan(
        device,
        given.work,
        given.tiny,
        tuple(given.recipes),
        batches,
        tuple(given.variants),
        0.2 if given.tiny else given.seconds,
        deadline,
    )


def parser() -> argparse.ArgumentParser:
    """The arguments of this program."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--recipes", nargs="+", default=["asl-signs-25", "asl-signs-80"])
    parser.add_argument("--device", help="else the GPU if there is one")
    parser.add_argument("--batches", type=int, nargs="+")
    parser.add_argument("--variants", nargs="+", choices=VARIANTS, default=list(VARIANTS))
    parser.add_argument("--seconds", type=float, default=6.0, help="of each speed")
    parser.add_argument("--minutes", type=float, default=6.5, help="then nothing new is begun")
    parser.add_argument("--tiny", action="store_true", help="all of it, small, for a CPU")
    parser.add_argument("--name", default="gpu_check", help="of the CSV; '' for none")
    parser.add_argument("--work", type=Path, default=Path("runs/benchmark"))
    return parser


def main(arguments: list[str] | None = None) -> None:
    given = parser().parse_args(arguments)
    try:
        for name in given.recipes:
            load_recipe(name)
    except SignletError as error:
        parser().error(str(error))
    keep_freed_memory()
    console, plan = Console(), plan_of(given)
    console.print(table(run(plan, given.name, console)))


if __name__ == "__main__":
    main()
