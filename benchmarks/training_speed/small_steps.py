"""Where does the processor time of a training of `small` go, and what of it is wasted?

Cost: about a minute of one core.
Page: docs/training.md
Results: small_steps.csv, small_operations.csv
Short: --epochs 1 --work {work}

    python -m benchmarks.training_speed.small_steps                      the letters, fold 0
    python -m benchmarks.training_speed.small_steps --recipe small-conv  replaces the table
    python -m benchmarks.training_speed.small_steps --operations         by kind of operation

One thread. Steps of epochs from the whole training, taken apart: the three views of a batch, each
model's forward, backward and optimiser, the teacher's move; then looking at the held-out clips and
saving, as often as the recipe does both. Processor time, which a busy machine disturbs less; means
over the steps. `share` is of the whole training. `rate` is the share of the matrix-product rate
(512 x 512 x 512, in the same run) that the stage's products, counted by torch, reach.
`--operations` sums instead what torch's profiler says of each operation alone, without Python.
"""

from __future__ import annotations

import argparse
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch.profiler import ProfilerActivity, profile
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.environment import write_csv
from signlet.model.elementwise import dropout_seed
from signlet.pack import pack
from signlet.sources import open_source
from signlet.training.fold import FoldTraining
from signlet.training.optimiser import optimise
from signlet.training.recipes import load_recipe
from signlet.training.run import plan_of
from signlet.training.task import TRAINED, Batch

SIDE, PRODUCTS = 512, 40


class Stages:
    """Processor time of each stage, and its products where they are counted instead."""

    def __init__(self) -> None:
        self.seconds: dict[str, list[float]] = defaultdict(list)
        self.operations: dict[str, list[float]] = defaultdict(list)
        self.counting = False

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """One turn of a stage. Counting slows it down, so that such a turn is not timed."""
        if self.counting:
            with FlopCounterMode(display=False) as counter:
                yield
            self.operations[name].append(counter.get_total_flops())
            return
        started = time.process_time()
        yield
        self.seconds[name].append(time.process_time() - started)


def one_step(work: FoldTraining, stages: Stages, batch: Batch) -> None:
    """What `FoldTraining.run_step` does, stage by stage."""
    global_step = work.epoch * work.batches.steps + work.step
    with stages.stage("teacher, forward"):
        teacher_logits = work.task.teacher_logits(batch)
    for name in TRAINED:
        with stages.stage(f"{name}, forward and losses"), dropout_seed(global_step):
            losses = work.task.losses(name, batch, teacher_logits, 1.0)
        with stages.stage(f"{name}, backward"):
            losses["total"].backward()
        with stages.stage(f"{name}, optimiser"):
            settings = work.recipe.optimiser
            optimise(work.optimisers[name], work.models[name], global_step, work.steps, settings)
    with stages.stage("teacher's move"):
        work.task.update_teacher(global_step)
    work.step += 1


def one_epoch(work: FoldTraining, stages: Stages, epoch: int) -> None:
    """All steps of one epoch."""
    work.task.train()
    work.epoch, work.step = epoch, 0
    batches = work.batches.stream(epoch)
    for _ in range(work.batches.steps):
        with stages.stage("three augmented views"):
            batch = next(batches)
        one_step(work, stages, batch)


def product_rate() -> float:
    """Floating-point operations of a second of processor time."""
    left, right = torch.rand(SIDE, SIDE), torch.rand(SIDE, SIDE)
    started = time.process_time()
    for _ in range(PRODUCTS):
        left @ right
    return 2 * SIDE**3 * PRODUCTS / (time.process_time() - started)


def table(work: FoldTraining, stages: Stages, rate: float) -> list[dict[str, Any]]:
    """A row a stage: how often in the whole training, milliseconds each, shares."""
    recipe = work.recipe
    epochs = recipe.optimiser.epochs
    often = {"looking at held-out clips": epochs // recipe.validate_every}
    often["saving"] = epochs // recipe.save_every
    rows: list[dict[str, Any]] = []
    for name, seconds in stages.seconds.items():
        mean = sum(seconds) / len(seconds)
        counted = stages.operations.get(name, [0.0])
        times = often.get(name, work.steps)
        row = {"recipe": recipe.name, "stage": name, "times": times, "ms": round(mean * 1e3, 2)}
        row["seconds"] = round(mean * times, 2)
        row["rate"] = round(sum(counted) / len(counted) / mean / rate, 3)
        rows.append(row)
    whole = sum(row["seconds"] for row in rows)
    return [{**row, "share": round(row["seconds"] / whole, 4)} for row in rows]


KINDS = {
    "products": ("mm", "addmm", "bmm", "baddbmm", "baddbmm_", "mv"),
    "copies and gathers": (
        *("copy_", "cat", "index_select", "index_copy_", "scatter_add_", "gather", "index_fill_"),
        *("fill_", "zero_", "index_add_", "_index_put_impl_", "index", "stack", "repeat"),
    ),
    "norms": (
        *("native_layer_norm", "native_layer_norm_backward"),
        *("native_batch_norm", "native_batch_norm_backward"),
    ),
    "optimisers and the teacher's move": (
        *("_fused_adamw_", "linalg_vector_norm", "lerp_", "Optimizer.step#AdamW.step"),
    ),
    "views of memory": ("view", "as_strided", "empty", "empty_strided", "slice", "t", "transpose"),
}
"""Operations of torch by kind; all others are counted as elementwise, softmax and sums."""


def operations(work: FoldTraining, epoch: int) -> list[dict[str, Any]]:
    """A row a kind: operations of a step, milliseconds, share of all."""
    with profile(activities=[ProfilerActivity.CPU]) as profiled:
        one_epoch(work, Stages(), epoch)
    kind_of = {name: kind for kind, names in KINDS.items() for name in names}
    found: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
    for event in profiled.key_averages():
        ours = kind_of.get(event.key.removeprefix("aten::"), "elementwise, softmax, sums")
        found[ours][0] += event.count / work.batches.steps
        found[ours][1] += event.self_cpu_time_total / 1e3 / work.batches.steps
    whole = sum(ms for _, ms in found.values())
    rows = [
        {"recipe": work.recipe.name, "kind": kind, "operations": round(count), "ms": round(ms, 2)}
        for kind, (count, ms) in found.items()
    ]
    rows = [{**row, "share": round(float(row["ms"]) / whole, 3)} for row in rows]
    return sorted(rows, key=lambda row: -row["ms"])


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--recipe", default="small")
    parser.add_argument("--epochs", type=int, default=10, help="to take apart, evenly spread")
    parser.add_argument("--operations", action="store_true", help="by kind of operation")
    parser.add_argument("--work", type=Path, default=Path("runs/benchmark"))
    given = parser.parse_args()
    torch.set_num_threads(1)
    recipe = load_recipe(given.recipe)
    length = recipe.packing.max_len
    packed = pack(open_source("fingerspelling"), given.work / f"packed-steps-{length}", length)
    plan = plan_of(packed, recipe)
    folder = given.work / f"small-steps-{recipe.name}"
    work = FoldTraining(recipe, packed, plan.training(0), plan.held_out(0), folder)
    one_epoch(work, Stages(), 0)  # warm
    if given.operations:
        found = operations(work, recipe.optimiser.epochs // 2)
        for row in found:
            print(
                f"{row['kind']:34} {row['operations']:6} {row['ms']:8.2f} ms  {row['share']:6.1%}"
            )
        write_csv("small_operations", found)
        return
    stages = Stages()
    for k in range(given.epochs):
        stages.counting = False
        one_epoch(work, stages, k * recipe.optimiser.epochs // given.epochs)
    for _ in range(3):
        with stages.stage("looking at held-out clips"):
            work._accuracies()
        with stages.stage("saving"):
            work.save()
    stages.counting = True
    one_epoch(work, stages, 0)
    rows = table(work, stages, product_rate())
    for row in rows:
        print(f"{row['stage']:32} {row['ms']:8.2f} ms  {row['share']:6.1%}  {row['rate']:6.1%}")
    print(f"a training: {sum(row['seconds'] for row in rows):.0f} s of one core")
    write_csv("small_steps", rows)


if __name__ == "__main__":
    main()
