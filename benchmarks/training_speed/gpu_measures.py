"""The measurements of gpu_check.py, one function each; rows of a table out."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from benchmarks.clips.synthetic import Synthetic
from benchmarks.training_speed.batches import with_batch
from benchmarks.training_speed.train_throughput import operations, product_rates, stages, waiter
from signlet.evaluation.predict import predict
from signlet.model import ModelSize
from signlet.pack import PackedSet, pack
from signlet.training import Recipe, start_processes
from signlet.training.fold import FoldTraining
from signlet.training.progress import Silent
from signlet.training.recipes import load_recipe

BASE, TINY_BASE = 2_000, 24
"""Real clips that are packed; the full set repeats them."""
_JITTER = 2e-3
TINY = ModelSize(dense=8, widths=(16, 24, 24, 16), heads=4)
_COMPARED, _TINY_COMPARED = 50, 4
"""Steps whose losses are compared with the CPU's."""
_COMPARED_BATCH, _TINY_BATCH = 64, 8
WARM_UP = 3


@dataclass(frozen=True)
class Row:
    """One figure. check: which measurement; unit: of the value, or why there is none."""

    check: str
    what: str
    value: float
    unit: str

    def as_dict(self, device: torch.device) -> dict[str, Any]:
        """For the CSV."""
        name = torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu"
        return {"device": name, **asdict(self)}


@dataclass(frozen=True)
class Kept:
    """A recipe and its full set on the device; made once, when they are asked for."""

    work: Path
    name: str
    clips: int
    tiny: bool
    device: torch.device

    @cached_property
    def recipe(self) -> Recipe:
        """The published recipe; its models are tiny where everything is."""
        recipe = load_recipe(self.name)
        if not self.tiny:
            return recipe
        tiny = replace(recipe, student=TINY, distilled=TINY)
        return with_batch(tiny, _TINY_BATCH, epochs=4)

    @cached_property
    def packed(self) -> PackedSet:
        """`clips` clips on the device: real ones, repeated, each copy with jitter of its own."""
        base = pack(Synthetic(TINY_BASE if self.tiny else BASE), self._folder, self._max_len)
        return repeated(base, self.clips, self.device)

    @property
    def _max_len(self) -> int:
        return self.recipe.packing.max_len

    @property
    def _folder(self) -> Path:
        return self.work / f"gpu-{TINY_BASE if self.tiny else BASE}-{self._max_len}"

    def with_batch(self, size: int, **changes: Any) -> Recipe:
        """`with_batch` of the recipe."""
        return with_batch(self.recipe, size, **changes)

    def training(self, recipe: Recipe, device: torch.device, held_out: int = 1) -> FoldTraining:
        """A training on all clips but the first ones, which are held out."""
        rows = np.arange(len(self.packed))
        processes = start_processes(str(device))
        there = self.packed.to(device)
        folder = Path(tempfile.mkdtemp(dir=self.work))
        made = FoldTraining(recipe, there, rows[held_out:], rows[:held_out], folder, processes)
        # The copies are on the device alone: there is nothing to look for duplicates in.
        made._counting = torch.ones(held_out, dtype=torch.bool)
        made.join_processes()
        made.task.train()
        return made


def repeated(base: PackedSet, clips: int, device: torch.device) -> PackedSet:
    """A set of so many clips out of fewer; every copy of a clip has other jitter."""
    frames, offsets, lengths = (tensor.to(device) for tensor in base._tensors)
    copies = -(-clips // len(base))
    every = frames.float().repeat(copies, 1, 1)
    every += _JITTER * torch.randn(every.shape, device=device)
    starts = torch.arange(copies, device=device).repeat_interleave(len(base)) * len(frames)
    tensors = (every, (offsets.repeat(copies) + starts)[:clips], lengths.repeat(copies)[:clips])
    on_host = [tensor.cpu().numpy() for tensor in tensors[1:]]
    labels = np.tile(base.labels, copies)[:clips]
    return replace(base, offsets=on_host[0], lengths=on_host[1], labels=labels, _tensors=tensors)


# --- speed ------------------------------------------------------------------------------------


def speed(kept: Kept, variant: str, batch: int, seconds: float) -> list[Row]:
    """Clips a second, share of the matrix rate, milliseconds of a step, and the first step's."""
    training = kept.training(kept.with_batch(batch), kept.device)
    work = operations(training)
    if variant != "eager":
        compile_models(training, kept.tiny, graphs=variant == "graphs")
    stream, wait = training.batches.stream(0), waiter(kept.device)
    before = time.perf_counter()
    for _ in range(WARM_UP):
        training.run_step(next(stream))
    wait()
    first = time.perf_counter() - before
    rate = product_rates(kept.device)[0]
    step = step_seconds(training, stream, seconds, wait)
    check = f"{kept.name} {variant} {batch}"
    return [
        Row(check, "speed", batch / step, "clips/s"),
        Row(check, "share of the matrix rate", work / step / rate, "of 1"),
        Row(check, "matrix rate", rate / 1e12, "Tflop/s"),
        Row(check, "step", 1000 * step, "ms"),
        Row(check, f"first {WARM_UP} steps", first, "s"),
    ]


def step_seconds(
    training: FoldTraining, stream: Any, seconds: float, wait: Callable[[], None]
) -> float:
    """Seconds of a step: the device is waited for at the end only, as in a training."""
    started, steps = time.perf_counter(), 0
    for batch in stream:
        training.run_step(batch)
        steps += 1
        if time.perf_counter() - started > seconds:
            break
    wait()
    return (time.perf_counter() - started) / steps


def compile_models(training: FoldTraining, tiny: bool, graphs: bool) -> None:
    """Compile all three models, their shapes fixed; graphs: launched as one.

    tiny: traced, but not translated, which costs a CPU minutes.
    """
    how: dict[str, Any] = {"backend": "aot_eager"} if tiny else {}
    if graphs and not tiny:
        how["mode"] = "reduce-overhead"
    training.task.lower_weights(False)  # a compiler joins the casts with what uses them
    for model in (*training.models.values(), training.task.teacher):
        model.compile(dynamic=False, **how)


def stage_times(kept: Kept, batch: int) -> list[Row]:
    """Milliseconds of each stage, with a wait between them."""
    training = kept.training(kept.with_batch(batch), kept.device)
    count = 2 if kept.tiny else 10
    return [
        Row(f"{kept.name} stages {batch}", stage, value, "ms")
        for stage, value in stages(training, count).items()
    ]


# --- epoch, agreement, resume -------------------------------------------------------------------


def epoch(kept: Kept, batch: int) -> list[Row]:
    """Seconds of a whole epoch and of an evaluation, and the most memory of the device."""
    held_out = max(4, len(kept.packed) // 20)
    training = kept.training(kept.with_batch(batch), kept.device, held_out)
    if kept.device.type == "cuda":
        torch.cuda.reset_peak_memory_stats()
        compile_models(training, kept.tiny, graphs=False)
    wait = waiter(kept.device)
    started = time.perf_counter()
    for one in training.batches.stream(0):
        training.run_step(one)
    wait()
    trained = time.perf_counter()
    predict(training.task.distilled, training.packed, training.held_out)
    read = time.perf_counter() - trained
    check = f"{kept.name} epoch {batch}"
    rows = [
        Row(check, "an epoch, with compiling", trained - started, "s"),
        Row(check, f"an evaluation of {held_out:,} clips", read, "s"),
    ]
    if kept.device.type == "cuda":
        rows.append(Row(check, "most memory", torch.cuda.max_memory_allocated() / 2**30, "GiB"))
    return rows


def agreement(kept: Kept) -> list[Row]:
    """Losses of the same steps on the device and on the CPU, in fp32 and without dropout."""
    batch = _TINY_BATCH if kept.tiny else _COMPARED_BATCH
    steps = _TINY_COMPARED if kept.tiny else _COMPARED
    recipe = without_dropout(kept.with_batch(batch, precision="fp32"))
    small = replace(kept, clips=min(kept.clips, steps * batch + 1))
    ours = losses(small.training(recipe, kept.device), steps)
    theirs = losses(small.training(recipe, torch.device("cpu")), steps)
    check = f"{kept.name} agreement {batch}"
    apart = [abs(a - b) / max(abs(b), 1e-6) for a, b in zip(ours, theirs, strict=True)]
    return [
        Row(check, f"largest relative difference of {steps} losses", max(apart), "of 1"),
        Row(check, "median", statistics.median(apart), "of 1"),
        Row(check, "loss of the last step", theirs[-1], ""),
    ]


def without_dropout(recipe: Recipe) -> Recipe:
    """Its draws are those of each device's own generator."""
    none: dict[str, Any] = {
        "encoder_dropout": 0.0,
        "part_dropout": 0.0,
        "layer_dropout": (0.0, 0.0, 0.0),
    }
    return replace(
        recipe,
        student=replace(recipe.student, **none),
        distilled=replace(recipe.distilled, **none),
    )


def losses(training: FoldTraining, steps: int) -> list[float]:
    """The student's loss of each step."""
    found, total = [], 0.0
    stream = training.batches.stream(0)
    for _ in range(steps):
        training.run_step(next(stream))
        before, total = total, float(training.sums["loss_student"])
        found.append(total - before)
    return found


def resume(kept: Kept) -> list[Row]:
    """A training of few clips that is stopped after an epoch and resumed, and one that is not."""
    batch = _TINY_BATCH if kept.tiny else _COMPARED_BATCH
    recipe = kept.with_batch(batch, epochs=2)
    small = replace(kept, clips=min(kept.clips, 4 * batch + 1))
    whole = small.training(recipe, kept.device)
    whole.run(Silent(), save=False)
    stopped = small.training(recipe, kept.device)
    stopped._run_epoch(Silent(), lambda: False)
    stopped.save()
    resumed = small.training(recipe, kept.device)
    resumed.folder = stopped.folder
    assert resumed.resume()
    resumed.run(Silent(), save=False)
    return [Row(f"{kept.name} resume", "largest difference", apart(whole, resumed), "of a weight")]


def apart(one: FoldTraining, other: FoldTraining) -> float:
    """Largest difference of any number of two trainings' models."""
    return max(map(_apart, weights(one.task), weights(other.task)))


def weights(module: nn.Module) -> list[Tensor]:
    """All tensors of a module."""
    return list(module.state_dict().values())


def _apart(one: Tensor, other: Tensor) -> float:
    return float((one.double() - other.double()).abs().max())
