"""Count the kernels that a training step launches, and its waits for the device."""

from __future__ import annotations

from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode

from benchmarks.training_speed.gpu_measures import WARM_UP, Kept, Row
from signlet.training.fold import FoldTraining

_WAITS = ("cudaStreamSynchronize", "cudaDeviceSynchronize", "cudaEventSynchronize")
_LAUNCHES = ("cudaLaunchKernel", "cuLaunchKernel", "cudaLaunchKernelExC", "cudaGraphLaunch")


class Launches(TorchDispatchMode):
    """Counts operations that would launch a kernel each: all but views and empty memory."""

    def __init__(self) -> None:
        super().__init__()
        self.count, self.waits = 0, 0

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        out = func(*args, **(kwargs or {}))
        name = func._schema.name.removeprefix("aten::")
        self.waits += name in ("_local_scalar_dense", "nonzero", "item", "is_nonzero")
        if not func.is_view and not name.startswith(("empty", "new_empty", "detach", "_to_copy_v")):
            self.count += 1
        return out


def launches(kept: Kept, batch: int) -> list[Row]:
    """Kernels that a step launches and how often it waits: of a GPU by its profiler; of a CPU the
    operations that would launch one."""
    training = kept.training(kept.with_batch(batch), kept.device)
    stream = training.batches.stream(0)
    for _ in range(WARM_UP):
        training.run_step(next(stream))
    check = f"{kept.name} launches {batch}"
    count, waits = (on_gpu if kept.device.type == "cuda" else emulated)(training, stream)
    return [Row(check, "launches", count, "a step"), Row(check, "waits", waits, "a step")]


def on_gpu(training: FoldTraining, stream: Any, steps: int = 3) -> tuple[float, float]:
    """Launches and synchronisations a step, as the profiler counts them."""
    kinds = [torch.profiler.ProfilerActivity.CPU, torch.profiler.ProfilerActivity.CUDA]
    torch.cuda.synchronize()
    with torch.profiler.profile(activities=kinds) as profiled:
        for _ in range(steps):
            training.run_step(next(stream))
    counts = {event.key: event.count for event in profiled.key_averages()}
    launched = sum(counts.get(name, 0) for name in _LAUNCHES)
    waited = sum(counts.get(name, 0) for name in _WAITS)
    return launched / steps, waited / steps


def emulated(training: FoldTraining, stream: Any) -> tuple[float, float]:
    """The same of one step on a CPU, whose own shortcuts count as they are."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # a mode sees one thread: no models side by side
    with Launches() as counted:
        training.run_step(next(stream))
    torch.set_num_threads(threads)
    return float(counted.count), float(counted.waits)
