"""What does a set of the competition's full size cost in time, disk and memory?

Cost: about ten minutes on two cores, and 3 GB of disk.
Page: docs/training.md
Results: full_size.csv
Short: --clips 3000 --jobs 1 -o {work}

    python -m benchmarks.data.full_size --clips 94477 -o DIR [--jobs -1] [--max_len 25]

The set is made up out of real clips (`benchmarks/clips/synthetic.py`); DIR needs 3 GB for 94,477
clips of at most 25 frames. Measured are: making the clips alone, packing them, the size on
disk, opening, and an epoch of a tiny model on a tenth, three tenths and all of the clips,
each in a process of its own: time from the start of the epoch to the end of the first step,
cost per clip, and memory beyond the mapped set.

Give the command again after an interruption: clips that are packed and measurements in
DIR/results-*.json are kept. Other settings need another DIR.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.clips.synthetic import CLIPS, Synthetic
from benchmarks.environment import write_csv
from signlet.files.atomic import write_text
from signlet.model import ModelSize
from signlet.pack import PackedSet, pack
from signlet.pack.writer import SHARD_CLIPS
from signlet.training import Recipe
from signlet.training.fold import FoldTraining
from signlet.training.settings import OptimiserSettings

MB, GB = 2**20, 2**30
TINY = ModelSize(dense=8, widths=(16, 16, 16, 16), heads=2)
FEW = 2_000
"""As many clips are made, and packed on one core, to compare the two."""
Row = dict[str, Any]


# --- packing ----------------------------------------------------------------------------


def row(what: str, clips: int, value: float, unit: str) -> Row:
    return {"what": what, "clips": clips, "value": float(f"{value:.4g}"), "unit": unit}


def make(source: Synthetic, max_len: int) -> list[Row]:
    """Cost of the clips themselves and of packing them, in this process on one core."""
    few = replace(source, clips=min(FEW, source.clips))
    refs = few.refs()
    few.read(refs[0])
    started = time.process_time()
    frames = sum(len(few.read(ref).frames) for ref in refs)
    making = time.process_time() - started
    with tempfile.TemporaryDirectory() as folder:
        started = time.process_time()
        pack(few, folder, max_len, jobs=1)
        both = time.process_time() - started
    return [
        row("raw frames", len(refs), frames / len(refs), "frames per clip"),
        row(
            "making clips alone, one core", len(refs), making / len(refs) * 1000, "core ms per clip"
        ),
        row("packing them, one core", len(refs), both / len(refs) * 1000, "core ms per clip"),
        row("packing against making alone", len(refs), both / making, "times the cost"),
    ]


def packing(source: Synthetic, out: Path, max_len: int, jobs: int) -> list[Row]:
    """Time of what is not packed yet."""
    left = source.clips - SHARD_CLIPS * len(list(out.glob("shards/*.parquet")))
    started = time.perf_counter()
    pack(source, out, max_len, jobs=jobs, progress=True)
    taken = time.perf_counter() - started
    workers = cores() if jobs == -1 else jobs
    return [
        row(f"packing, {workers} jobs", left, taken, "s"),
        row(f"packing, {workers} jobs", left, left / taken, "clips per second"),
    ]


def cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def opening(out: Path) -> list[Row]:
    times = []
    for _ in range(5):
        started = time.perf_counter()
        packed = PackedSet.open(out)
        assert len(packed.names) == len(packed.signers)
        times.append(time.perf_counter() - started)
    size = sum(path.stat().st_size for path in out.iterdir())
    return [
        row("size on disk", len(packed), size / GB, "GiB"),
        row("kept frames", len(packed), len(packed.frames) / len(packed), "frames per clip"),
        row("opening, with names and signers", len(packed), median(times), "s"),
    ]


# --- an epoch, in a process of its own --------------------------------------------------


class Clock:
    """Notes the start and every step's end: seconds by the clock and of the processor."""

    def __init__(self) -> None:
        self.steps: list[tuple[float, float]] = []

    def note(self) -> None:
        self.steps.append((time.perf_counter(), time.process_time()))

    def advance(self, epoch: int, step: int, clips_per_second: float) -> None:
        self.note()

    def epoch_ended(self, metrics: object) -> None:
        """Validation is over too; not measured."""


def train_epoch(packed: PackedSet, rows: NDArray[np.int64], recipe: Recipe, clock: Clock) -> None:
    """One epoch on the rows, all but a few of them; the only place that knows the loop."""
    with tempfile.TemporaryDirectory() as folder:
        fold = FoldTraining(recipe, packed, rows[32:], rows[:32], Path(folder))
        clock.note()
        fold.run(clock, save=False)


def measure_epoch(out: Path, clips: int) -> Row:
    """Run in the subprocess: an epoch on that many clips, spread over the whole set."""
    torch.set_num_threads(1)
    packed = PackedSet.open(out)
    rows = np.linspace(0, len(packed) - 1, clips).astype(np.int64)
    recipe = Recipe(
        student=TINY, distilled=TINY, optimiser=OptimiserSettings(epochs=1, batch_size=64)
    )
    clock = Clock()
    train_epoch(packed, rows, recipe, clock)
    start, first, *_, last = np.array(clock.steps)
    trained = (len(clock.steps) - 2) * recipe.optimiser.batch_size
    by_clock, of_core = (last - first) / trained * 1000
    return {
        "first": first[0] - start[0],
        "by_clock": by_clock,
        "of_core": of_core,
        "peak": peak_bytes(),
        "mapped": resident(packed.path / "frames.npy"),
    }


def peak_bytes() -> int:
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def resident(path: Path) -> int:
    """Bytes of a mapped file that lie in this process's memory; 0 where the system does not say."""
    smaps = Path("/proc/self/smaps")
    if not smaps.exists():
        return 0
    parts = re.split(r"(?m)^(?=[0-9a-f]+-[0-9a-f]+ )", smaps.read_text())
    mine = (part for part in parts if str(path.resolve()) in part.split("\n", 1)[0])
    return 1024 * sum(int(size) for part in mine for size in re.findall(r"(?m)^Rss:\s+(\d+)", part))


def epoch(out: Path, clips: int) -> list[Row]:
    module = ["-m", "benchmarks.data.full_size"]
    command = [sys.executable, *module, "-o", str(out.parent), "--epoch", str(clips)]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True)
    found = json.loads(done.stdout.splitlines()[-1])
    return [
        row("epoch start to end of first step", clips, found["first"], "s"),
        row("epoch, tiny model, one core", clips, found["by_clock"], "ms per clip"),
        row("epoch, tiny model, one core", clips, found["of_core"], "core ms per clip"),
        row("training process, peak", clips, found["peak"] / MB, "MiB"),
        row("of it the mapped set", clips, found["mapped"] / MB, "MiB"),
        row("beyond the mapped set", clips, (found["peak"] - found["mapped"]) / MB, "MiB"),
    ]


# --- all of it, resumable ---------------------------------------------------------------


def stages(
    source: Synthetic, out: Path, max_len: int, jobs: int
) -> Iterator[tuple[str, Callable[[], list[Row]]]]:
    packed = out / "packed"
    yield "make", lambda: make(source, max_len)
    yield "pack", lambda: packing(source, packed, max_len, jobs)
    yield "open", lambda: opening(packed)
    for clips in (source.clips // 10, source.clips * 3 // 10, source.clips):
        yield f"epoch {clips}", lambda clips=clips: epoch(packed, clips)  # type: ignore[misc]


def run(source: Synthetic, out: Path, max_len: int, jobs: int) -> list[Row]:
    results = out / f"results-{source.clips}-{max_len}.json"
    done: dict[str, list[Row]] = json.loads(results.read_text()) if results.exists() else {}
    for name, measure in stages(source, out, max_len, jobs):
        if name not in done:
            done[name] = measure()
            write_text(results, json.dumps(done, indent=1))
        for found in done[name]:
            print(*found.values(), sep=", ", flush=True)
    return [found for rows in done.values() for found in rows]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-o", "--out", type=Path, required=True)
    parser.add_argument("--clips", type=int, default=CLIPS)
    parser.add_argument("--max_len", type=int, default=25)
    parser.add_argument("--jobs", type=int, default=-1)
    parser.add_argument("--epoch", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.epoch:
        print(json.dumps(measure_epoch(arguments.out / "packed", arguments.epoch)))
        return
    source = Synthetic(arguments.clips)
    rows = run(source, arguments.out, arguments.max_len, arguments.jobs)
    about = {"set": source.clips, "max_len": arguments.max_len, "real": Path(source.real).name}
    print("written to", write_csv("full_size", [{**about, **found} for found in rows]))


if __name__ == "__main__":
    main()
