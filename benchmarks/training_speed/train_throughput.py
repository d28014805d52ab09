"""How many clips a second does the whole training step take, and where does its time go?

Cost: about five minutes on two cores; --scaling takes a quarter of an hour.
Page: docs/training.md
Results: train_throughput.csv, train_throughput_avx512.csv, train_throughput_batch_sizes.csv,
    train_throughput_bf16.csv, train_throughput_processes_1.csv, train_throughput_processes_2.csv
Short: --clips 200 --steps 2 --threads 1 --work {work}

    python -m benchmarks.training_speed.train_throughput     small models, for two CPU cores
    python -m benchmarks.training_speed.train_throughput --recipes asl-signs-25 asl-signs-80
    python -m benchmarks.training_speed.train_throughput --scaling   processes, batch sizes

A step is everything: fetching the clips, three augmented views with all augmentations,
student, teacher and distilled model, both losses with OUSM and consistency, mixup, backward,
clipping, AdamW, teacher's move. The clips are cut out of a packed set that the script makes
by resampling and perturbing real clips; every one fills all its frames, so that no padding
is skipped and the figures are the worst case.

`cpu-25` is the measure of the issue: three 25-frame models of the 80-frame distilled size
(width 512-576-576-512, dense 192), batch 32, 250 signs, fp32.

The matrix-product rate is measured in between the steps of the same run (1024 x 1024 x 1024
fp32 on a CPU, 8192 x 8192 x 8192 bf16 on a GPU). `share` is the step's floating-point
operations, counted by torch from the products that are really made, over its time and that
rate, by the clock and by processor time (which a busy machine disturbs less). Medians over the
steps; the stages are timed in steps of their own, with a synchronisation between them, one model
after the other (in the whole steps on a CPU the student and the distilled model go side by side).
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.clips.synthetic import Synthetic
from benchmarks.environment import write_csv
from benchmarks.training_speed.batches import with_batch
from signlet.model import ModelSize
from signlet.pack import PackedSet, pack
from signlet.training import Recipe, start_processes
from signlet.training.fold import FoldTraining
from signlet.training.memory import keep_freed_memory
from signlet.training.optimiser import optimise
from signlet.training.recipes import load_recipe
from signlet.training.run import on_device
from signlet.training.settings import OptimiserSettings, PackingSettings

CPU_SIZE = ModelSize(dense=192, widths=(512, 576, 576, 512), heads=16)
CPU_25 = Recipe(
    name="cpu-25",
    packing=PackingSettings(max_len=25),
    student=CPU_SIZE,
    distilled=CPU_SIZE,
    optimiser=OptimiserSettings(epochs=2, batch_size=32),
)
WARM_UP = 3


def recipe_named(name: str, batch_size: int | None, precision: str | None) -> Recipe:
    recipe = CPU_25 if name == "cpu-25" else load_recipe(name)
    precision = precision or recipe.optimiser.precision
    return with_batch(recipe, batch_size, epochs=2, precision=precision)


def packed_of(work: Path, max_len: int, clips: int) -> PackedSet:
    """Clips of max_len frames each, cut out of the frames of a packed synthetic set."""
    packed = pack(Synthetic(clips), work / f"synthetic-{clips}-{max_len}", max_len, progress=True)
    count = int(packed.lengths.sum()) // max_len
    offsets, lengths = np.arange(count) * max_len, np.full(count, max_len)
    labels = np.random.default_rng(0).integers(0, len(packed.signs), count)
    tensors = (packed._tensors[0], torch.from_numpy(offsets), torch.from_numpy(lengths))
    return replace(packed, offsets=offsets, lengths=lengths, labels=labels, _tensors=tensors)


def training_of(recipe: Recipe, packed: PackedSet, device: str, compiled: bool) -> FoldTraining:
    processes = start_processes(device)
    repeated = np.arange(max(len(packed), 40 * recipe.optimiser.batch_size)) % len(packed)
    there = on_device(packed, processes.device)
    training = FoldTraining(recipe, there, repeated, np.arange(1), Path("unused"), processes)
    if compiled:
        for model in (*training.models.values(), training.task.teacher):
            model.compile(dynamic=False)
    training.join_processes()
    training.task.train()
    return training


def waiter(device: torch.device) -> Callable[[], None]:
    return torch.cuda.synchronize if device.type == "cuda" else lambda: None


def product_rates(device: torch.device) -> tuple[float, float]:
    """Floating-point operations of one large matrix product, a second and a processor second."""
    size, kind = (8192, torch.bfloat16) if device.type == "cuda" else (1024, torch.float32)
    one, other = (torch.randn(size, size, device=device, dtype=kind) for _ in range(2))
    taken = [timed(lambda: one @ other, waiter(device)) for _ in range(4)]
    wall, cpu = (statistics.median(column) for column in zip(*taken, strict=True))
    return 2 * size**3 / wall, 2 * size**3 / cpu


def timed(work: Callable[[], object], wait: Callable[[], None]) -> tuple[float, float]:
    """Seconds and processor seconds."""
    wait()
    start, cpu_start = time.perf_counter(), time.process_time()
    work()
    wait()
    return time.perf_counter() - start, time.process_time() - cpu_start


def whole_steps(training: FoldTraining, steps: int) -> list[float]:
    """Medians: seconds of a step, processor seconds, and both product rates around the steps."""
    wait, device = waiter(training.processes.device), training.processes.device
    taken, rates = [], []
    stream = training.batches.stream(0)
    for number in range(WARM_UP + steps):
        if device.type == "cpu" or number % 10 == 0:
            rates.append(product_rates(device))
        taken.append(timed(lambda: training.run_step(next(stream)), wait))
    columns = [*zip(*taken[WARM_UP:], strict=True), *zip(*rates, strict=True)]
    return [statistics.median(column) for column in columns]


def operations(training: FoldTraining) -> float:
    """Floating-point operations of one step's matrix products."""
    batch, threads = next(training.batches.stream(0)), torch.get_num_threads()
    torch.set_num_threads(1)  # the counter sees one thread only: no models side by side
    with FlopCounterMode(display=False) as counter:
        training.run_step(batch)
    torch.set_num_threads(threads)
    return float(counter.get_total_flops())


class Stages:
    """Seconds of each stage of a step, step by step."""

    def __init__(self, wait: Callable[[], None]) -> None:
        self.wait, self.seconds = wait, dict[str, list[float]]()

    @contextmanager
    def of(self, name: str) -> Iterator[None]:
        self.wait()
        start = time.perf_counter()
        yield
        self.wait()
        self.seconds.setdefault(name, []).append(time.perf_counter() - start)


def stages(training: FoldTraining, steps: int) -> dict[str, float]:
    """Median milliseconds of each stage."""
    recipe, batches, device = training.recipe, training.batches, training.processes.device
    clock = Stages(waiter(device))
    for number, rows in enumerate(batches.order(0)[: steps + WARM_UP]):
        with clock.of("data"):
            clips = batches._fetch(rows, 0)
        with clock.of("augmentation"):
            batch = batches._views(rows, clips, 0, number)
        half = recipe.optimiser.precision == "bf16"
        with clock.of("forward"), torch.autocast(device.type, torch.bfloat16, enabled=half):
            teacher_logits = training.task.teacher_logits(batch)
            losses = [
                training.task.losses(name, batch, teacher_logits, 1.0) for name in training.models
            ]
        with clock.of("backward"):
            for parts in losses:
                parts["total"].backward()
        with clock.of("optimiser"):
            for name, model in training.models.items():
                optimise(training.optimisers[name], model, 1, 100, recipe.optimiser)
            training.task.update_teacher(number)
    return {n: 1000 * statistics.median(s[WARM_UP:]) for n, s in clock.seconds.items()}


def measure(name: str, arguments: argparse.Namespace, batch_size: int | None) -> dict[str, object]:
    recipe = recipe_named(name, batch_size, arguments.precision)
    packed = packed_of(arguments.work, recipe.packing.max_len, arguments.clips)
    training = training_of(recipe, packed, arguments.device, arguments.compile)
    seconds, cpu_seconds, rate, cpu_rate = whole_steps(training, arguments.steps)
    count = training.processes.count
    work = operations(training)
    parts = stages(training, max(5, arguments.steps // 2))
    return {
        "recipe": name,
        "device": str(training.processes.device),
        "processes": count,
        "threads": torch.get_num_threads(),
        "batch_size": recipe.optimiser.batch_size,
        "precision": recipe.optimiser.precision,
        "compiled": arguments.compile,
        "clips_per_second": round(recipe.optimiser.batch_size / seconds, 1),
        "step_ms": round(1000 * seconds, 1),
        "gflop_a_step": round(work * count / 1e9, 2),
        "product_gflops": round(rate / 1e9, 1),
        "share": round(work / seconds / rate, 3),
        "share_by_cpu_time": round(work / cpu_seconds / cpu_rate, 3),
        **{f"{stage}_ms": round(value, 1) for stage, value in parts.items()},
        "load_of_the_machine": round(os.getloadavg()[0], 1),
    }


def in_processes(count: int, batch_size: int, arguments: argparse.Namespace) -> None:
    """The same command in several processes, each with one thread."""
    launcher = ["-m", "torch.distributed.run", "--standalone", f"--nproc_per_node={count}"]
    options = ["--batch_sizes", str(batch_size), "--threads", "1", "--device", arguments.device]
    options += ["--clips", str(arguments.clips), "--steps", str(arguments.steps)]
    options += ["--work", str(arguments.work), "--recipes", *arguments.recipes]
    options += ["--precision", arguments.precision] if arguments.precision else []
    options += ["--name", f"train_throughput_processes_{count}"]
    module = ["-m", "benchmarks.training_speed.train_throughput"]
    subprocess.run([sys.executable, *launcher, *module, *options], check=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--recipes", nargs="+", default=["cpu-25"])
    parser.add_argument("--device", default="auto")
    parser.add_argument("--clips", type=int, default=3000, help="of the synthetic set")
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--batch_sizes", type=int, nargs="+", default=[None])
    parser.add_argument("--precision", choices=["fp32", "bf16"], help="else the recipe's")
    parser.add_argument("--compile", action="store_true", help="torch.compile the models")
    parser.add_argument("--scaling", action="store_true", help="1 and 2 processes, batch sizes")
    parser.add_argument("--name", default="train_throughput", help="of the CSV")
    parser.add_argument("--work", type=Path, default=Path("runs/benchmark"))
    arguments = parser.parse_args()
    keep_freed_memory()
    if arguments.scaling:
        for count in (1, 2):
            in_processes(count, 32, arguments)
        arguments.batch_sizes, arguments.threads = [8, 16, 32, 64, 128], [1]
        arguments.name = "train_throughput_batch_sizes"
    rows = []
    for name in arguments.recipes:
        for threads in arguments.threads:
            torch.set_num_threads(threads)
            rows += [measure(name, arguments, size) for size in arguments.batch_sizes]
    if int(os.environ.get("RANK", "0")) == 0:
        for row in rows:
            print(*(f"{key} {value}" for key, value in row.items()), sep=", ")
        print("written to", write_csv(arguments.name, rows))


if __name__ == "__main__":
    main()
