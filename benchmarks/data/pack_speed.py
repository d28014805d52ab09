"""How fast is a data set packed, compared with pyarrow alone reading the same files?

Cost: about two minutes on one core.
Page: docs/training.md
Results: pack_speed.csv

    python -m benchmarks.data.pack_speed [--data DIR] [--repetitions 7]

Everything runs on one core. In each repetition the same files are, in turn and in changing
order, (1) read by `pq.read_table(path, columns=["x", "y", "z"], use_threads=False)`, (2) read
by `pq.ParquetFile(path).read` of the same columns, which leaves out pyarrow's data set
machinery, (3) read and checked as clips by signlet, (4) packed by signlet, from the listing
to the finished directory. Reported is the median of each, by the clock and by the processor
time used (steadier on a machine that others use too), and the median of its rate relative to
(1) in the same repetition.

DIR is a directory in the competition's layout; a few hundred clips are needed, as a pack has
some cost of its own. Without it 600 files in the competition's
format are written to a temporary directory: lengths around 38 frames, float32 values stored
as float64, missing hands empty, the string columns as in the real files.
"""

from __future__ import annotations

import argparse
import itertools
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch
from numpy.typing import NDArray

from benchmarks.environment import write_csv
from signlet.landmarks import LEFT_HAND, NUM_RAW, RAW_PARTS, RIGHT_HAND
from signlet.pack import pack
from signlet.sources import ClipRef, Source, open_source

COLUMNS = ["x", "y", "z"]
MAX_LEN = 25
Times = NDArray[np.float64]
"""(..., 2) seconds by the clock and of the processor."""


def write_clip(path: Path, frames: int, rng: np.random.Generator) -> None:
    """One file in the competition's format: a random walk with missing hands."""
    walk = rng.normal(0, 0.003, (frames, NUM_RAW, 3)).cumsum(0) + rng.random((NUM_RAW, 3))
    values = walk.astype(np.float32).astype(np.float64)
    dominant, other = rng.permutation([LEFT_HAND, RIGHT_HAND]).tolist()
    values[rng.random(frames) < 0.25, dominant] = np.nan
    if rng.random() < 0.85:
        values[:, other] = np.nan
    names = [(part, i) for part, rows in RAW_PARTS.items() for i in range(rows.stop - rows.start)]
    numbers = range(20, 20 + frames)
    table = pa.table(
        {
            "frame": pa.array(np.repeat(numbers, NUM_RAW), pa.int16()),
            "row_id": [f"{t}-{part}-{i}" for t in numbers for part, i in names],
            "type": [part for part, _ in names] * frames,
            "landmark_index": pa.array([i for _, i in names] * frames, pa.int16()),
            **{
                name: pa.array(values[:, :, c].ravel(), from_pandas=True)
                for c, name in enumerate(COLUMNS)
            },
        }
    )
    pq.write_table(table, path)


def write_data(root: Path, clips: int = 600) -> None:
    rng = np.random.default_rng(0)
    for number in range(clips):
        path = root / "train_landmark_files" / str(number % 21) / f"{number}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_clip(path, int(np.clip(rng.lognormal(3.45, 0.6), 4, 300)), rng)


def one_core() -> None:
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    pa.set_cpu_count(1)
    torch.set_num_threads(1)


def read_table(paths: list[str]) -> None:
    for path in paths:
        pq.read_table(path, columns=COLUMNS, use_threads=False)


def read_file(paths: list[str]) -> None:
    for path in paths:
        pq.ParquetFile(path).read(columns=COLUMNS, use_threads=False)


def read_clips(source: Source, refs: list[ClipRef]) -> None:
    for ref in refs:
        source.read(ref)


def measure(ways: dict[str, Callable[[], object]], repetitions: int) -> dict[str, Times]:
    """(repetitions, 2) seconds of each way; the order turns with every repetition."""
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    names = list(ways)
    for _ in range(1 + repetitions):
        for name in names:
            clock, processor = time.perf_counter(), time.process_time()
            ways[name]()
            taken[name].append((time.perf_counter() - clock, time.process_time() - processor))
        names = names[1:] + names[:1]
    # The first repetition only fills the caches.
    return {name: np.array(times[1:]) for name, times in taken.items()}


def run(data: Path, scratch: Path, repetitions: int) -> list[dict[str, object]]:
    source = open_source(data)
    refs = source.refs()
    paths = [str(ref.path) for ref in refs]
    places = itertools.count()
    taken = measure(
        {
            "pyarrow read_table": lambda: read_table(paths),
            "pyarrow ParquetFile": lambda: read_file(paths),
            "signlet read": lambda: read_clips(source, refs),
            "signlet pack": lambda: pack(source, scratch / str(next(places)), MAX_LEN, jobs=1),
        },
        repetitions,
    )
    frames = sum(pq.ParquetFile(path).metadata.num_rows for path in paths) / NUM_RAW / len(paths)
    about = {"clips": len(paths), "frames_per_clip": round(frames, 1), "repetitions": repetitions}
    return [
        {"what": name, **about, **figures(times / len(paths), taken["pyarrow read_table"] / times)}
        for name, times in taken.items()
    ]


def figures(times: Times, rates: Times) -> dict[str, float]:
    clock, processor = np.median(times, 0) * 1000
    relative_clock, relative_processor = np.median(rates, 0)
    return {
        "clock_ms_per_clip": round(clock, 3),
        "processor_ms_per_clip": round(processor, 3),
        "clips_per_second": round(1000 / clock),
        "relative_rate_clock": round(relative_clock, 3),
        "relative_rate_processor": round(relative_processor, 3),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path)
    parser.add_argument("--repetitions", type=int, default=7)
    arguments = parser.parse_args()
    one_core()
    with tempfile.TemporaryDirectory() as scratch:
        data = arguments.data or Path(scratch) / "data"
        if arguments.data is None:
            write_data(data)
        rows = run(data, Path(scratch), arguments.repetitions)
    kind = "given" if arguments.data else "synthetic"
    for row in rows:
        print(*(f"{key} {value}" for key, value in row.items()), sep=", ")
    print("written to", write_csv("pack_speed", [{"data": kind, **row} for row in rows]))


if __name__ == "__main__":
    main()
