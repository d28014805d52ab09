"""Several processes that train a tiny recipe together, forked from one that has imported torch.

torchrun and a start of Python for each process would take most of such a training's time; the
documented command is tested with torchrun.
"""

from __future__ import annotations

import multiprocessing
import os
import socket
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import torch

from signlet.model import ModelSize
from signlet.pack import PackedSet
from signlet.training import Recipe, start_processes, train
from signlet.training.fold import FoldTraining
from signlet.training.settings import MixupSettings, OptimiserSettings, PackingSettings
from signlet_testing import PATIENCE, importable

STILL = ModelSize(
    dense=8,
    widths=(16, 24, 24, 16),
    heads=4,
    encoder_dropout=0,
    part_dropout=0,
    layer_dropout=(0, 0, 0),
)
TINY = Recipe(
    name="tiny",
    packing=PackingSettings(max_len=12),
    student=STILL,
    distilled=STILL,
    optimiser=OptimiserSettings(epochs=4, batch_size=8, group=4, learning_rate=3e-3),
    mixup=MixupSettings("falling", probability=0.9),
    soup_epochs=2,
)
"""No dropout: its draws are another stream in each process."""


class Exact(PackedSet):
    """Batches in double precision.

    Biases before a batch norm have no gradient but rounding errors, which AdamW blows up to
    full steps; in double precision they stay nothing, so that what is compared is the rest.
    """

    def batch(self, rows: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        frames, mask = super().batch(rows)
        return frames.double(), mask


class Watched(FoldTraining):
    """Leaves the state of every process behind."""

    def save(self) -> None:
        super().save()
        state = {name: x.clone() for name, x in self.task.state_dict().items()}
        torch.save(state, self.folder / f"state-{self.processes.rank}.pt")


@contextmanager
def forkserver() -> Iterator[Any]:
    """Yield the fork server of `Job.started`: one process that imports once what all need."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__, "torch._dynamo", "accelerate"])
    wanted = importable() | {"OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
    before = dict(os.environ)
    os.environ.update(wanted)
    try:
        yield context
    finally:
        os.environ.clear()
        os.environ.update(before)


@dataclass(frozen=True)
class Job:
    """The processes of one training; `problems` holds what each of them raised."""

    ranks: list[BaseProcess]
    problems: list[Path]

    @classmethod
    def started(cls, context: Any, packed: Path, run: Path, count: int, **options: Any) -> Job:
        """Train TINY on a packed set.

        options: `epochs`, `folds` and `full_fit` as in `train`; `watch` leaves states behind.
        """
        port = _free_port()
        problems = [run.with_name(f"{run.name}-{rank}.txt") for rank in range(count)]
        ranks = []
        for rank, problem in enumerate(problems):
            given = (rank, count, port, problem, packed, run, options)
            ranks.append(context.Process(target=_rank, args=given))
            ranks[-1].start()
        return cls(ranks, problems)

    def finish(self) -> None:
        """Wait for its end, which must be a good one."""
        for process in self.ranks:
            process.join(PATIENCE)
        said = [problem.read_text() for problem in self.problems if problem.exists()]
        assert [process.exitcode for process in self.ranks] == [0] * len(self.ranks), said

    def kill(self, *numbers: int) -> None:
        """Kill these ranks with SIGKILL, without numbers all; the others have to end as well."""
        for number in numbers or range(len(self.ranks)):
            self.ranks[number].kill()
        for process in self.ranks:
            process.join(PATIENCE)
        assert all(process.exitcode for process in self.ranks)


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def _rank(rank: int, count: int, port: int, problem: Path, *given: Any) -> None:
    """One process of a job, which learns its place as torchrun would tell it."""
    place = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": count, "LOCAL_WORLD_SIZE": count}
    os.environ.update({name: str(value) for name, value in place.items()})
    os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port))
    try:
        _train(*given)
    except BaseException:
        problem.write_text(traceback.format_exc())
        raise


def _train(packed: Path, run: Path, options: dict[str, Any]) -> None:
    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float64)
    processes = start_processes("cpu")
    epochs = options.get("epochs", TINY.optimiser.epochs)
    recipe = replace(TINY, optimiser=replace(TINY.optimiser, epochs=epochs))
    if options.get("watch"):
        import signlet.training.run as module

        module.FoldTraining = Watched
    train(
        recipe,
        Exact.open(packed),
        run,
        options.get("folds", [0]),
        full_fit=options.get("full_fit", False),
        resume=True,
        processes=processes,
    )
