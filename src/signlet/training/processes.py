"""The processes that train one model together; one process is the ordinary case.

`torchrun` and `accelerate launch` start the same command several times and tell each copy
its place by the environment. `accelerate` reads it and chooses the backend (nccl on GPUs,
gloo on CPUs); everything else here is a thin layer over `torch.distributed`.
"""

from __future__ import annotations

import atexit
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

import torch
from torch import Tensor, distributed, nn
from torch.nn.parallel import DistributedDataParallel

from signlet.errors import OtherProcessEnded, ReportedByMainProcess, SignletError

_PATIENCE = timedelta(hours=6)
"""The others wait this long while the first one packs the clips."""
Result = TypeVar("Result")


@dataclass(frozen=True)
class Processes:
    """This process among those that train together.

    rank: 0 to count - 1; 0 writes all files and is the only one that prints.
    """

    rank: int = 0
    count: int = 1
    device: torch.device = torch.device("cpu")  # noqa: RUF009

    @property
    def main(self) -> bool:
        """True for the process that writes and prints."""
        return self.rank == 0

    def wrap(self, model: nn.Module) -> nn.Module:
        """The model whose gradients are averaged over the processes by `backward`.

        Its batch statistics are those of all processes already (`FrameNorm`).
        """
        if self.count == 1:
            return model
        return DistributedDataParallel(model, gradient_as_bucket_view=True)

    def check_batch(self, batch_size: int) -> None:
        """Raise SignletError if the processes cannot share a batch equally."""
        if batch_size % self.count:
            raise SignletError(
                f"optimiser.batch_size is {batch_size}, which {self.count} processes cannot share "
                f"equally; give a multiple of {self.count}"
            )

    def own(self, rows: Tensor) -> Tensor:
        """The part (B / count,) of a batch's rows (B,) that this process works on."""
        return rows.chunk(self.count)[self.rank] if self.count > 1 else rows

    @contextmanager
    def together(self) -> Iterator[None]:
        """Raise OtherProcessEnded where work in here fails because another process has gone.

        gloo and nccl say so in the text of a RuntimeError only: "Connection closed by peer".
        """
        try:
            yield
        except RuntimeError as error:
            if self.count == 1 or "connection" not in str(error).lower():
                raise
            raise OtherProcessEnded("another process has stopped") from None

    def mean(self, value: Tensor) -> Tensor:
        """Mean over the processes of a tensor of any shape."""
        if self.count == 1:
            return value
        total = value.detach().clone()
        distributed.all_reduce(total)
        return total / self.count

    def shared(self, compute: Callable[[Tensor], Tensor], rows: Tensor) -> Tensor:
        """compute(rows), each process working on its share of the rows (N,).

        compute: (n,) rows -> (n, K) on the CPU. Returns (N, K) on every process, each row
        computed once. (The shares are made equally long by repeating rows, which are cut off
        again.)
        """
        if self.count == 1:
            return compute(rows)
        each = -(-len(rows) // self.count)
        padded = rows[torch.arange(each * self.count) % len(rows)]
        mine = compute(padded[self.rank :: self.count]).to(self.device)
        parts = [torch.empty_like(mine) for _ in range(self.count)]
        distributed.all_gather(parts, mine)
        return torch.stack(parts, 1).flatten(0, 1)[: len(rows)].cpu()

    def main_only(self, work: Callable[[], Result]) -> Result | None:
        """work() on the main process while the others wait, which get None.

        Raises SignletError if it fails, on the others ReportedByMainProcess.
        """
        if self.count == 1:
            return work()
        result, problem = None, None
        if self.main:
            try:
                result = work()
            except SignletError as error:
                problem = error
        said = self._broadcast_text(str(problem or ""))
        if problem is not None:
            raise problem
        if said:
            raise ReportedByMainProcess(said)
        return result

    def main_process_first(self, work: Callable[[], Result]) -> Result:
        """work() on the main process, then on the others, which find its files there.

        Raises SignletError if it fails, on the others ReportedByMainProcess.
        """
        result = self.main_only(work)
        return work() if result is None else result

    def _broadcast_text(self, text: str) -> str:
        box: list[Any] = [text]
        distributed.broadcast_object_list(box, src=0, device=self.device)
        return str(box[0])


def start_processes(device: str = "auto") -> Processes:
    """Find out whether this process is one of several, and where it computes.

    device: auto, cpu, cuda, cuda:1, ...; of several processes each takes a GPU of its own.
    Raises SignletError if the device or the group of processes cannot be used.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        return Processes(device=_device(device))
    from accelerate import PartialState

    # A CPU has to be asked for: on a machine without GPU, accelerate else starts no group.
    try:
        state = PartialState(cpu=_chosen(device) == "cpu", timeout=_PATIENCE)
    except (RuntimeError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise SignletError(f"the processes cannot find each other ({reason})") from None
    atexit.register(distributed.destroy_process_group)
    return Processes(state.process_index, state.num_processes, state.device)


def _chosen(name: str) -> str:
    """The device that `auto` is on this machine; any other name as it is."""
    if name != "auto":
        return name
    return "cuda" if torch.cuda.is_available() else "cpu"


def _device(name: str) -> torch.device:
    name = _chosen(name)
    try:
        return torch.empty(0, device=name).device
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise SignletError(f"--device {name}: not usable here ({reason}); try cpu") from None
