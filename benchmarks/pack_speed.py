"""How fast a data set is packed, against pyarrow alone reading the same files.

    python benchmarks/pack_speed.py [--data DIR] [--repetitions 7]

Everything runs on one core. In each repetition the same files are, in turn and in changing
order, (1) read by `pq.read_table(path, columns=["x", "y", "z"], use_threads=False)`, (2) read
by `pq.ParquetFile(path).read` of the same columns, which leaves out pyarrow's data set
machinery, (3) read and checked as clips by signlet, (4) packed by signlet, from the listing
to the finished directory. Reported is the median of each, in seconds of the clock and of the
processor (on a machine that others use too the latter is steadier), and its rate relative
to (1).

DIR is a directory in the competition's layout. Without it 300 files in the competition's
format are written to a temporary directory: lengths around 38 frames, float32 values stored
as float64, missing hands empty, the string columns as in the real files.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch

from environment import write_csv
from signlet.landmarks import LEFT_HAND, NUM_RAW, RAW_PARTS, RIGHT_HAND
from signlet.pack import pack
from signlet.sources import open_source

COLUMNS = ["x", "y", "z"]
MAX_LEN = 25


class Medians(NamedTuple):
    """Seconds for all clips."""

    clock: float
    processor: float


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


def write_data(root: Path, clips: int = 300) -> None:
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


def measure(ways: dict[str, Callable[[], object]], repetitions: int) -> dict[str, Medians]:
    """The order turns from one repetition to the next."""
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    names = list(ways)
    for repetition in range(-1, repetitions):  # the first fills the caches and does not count
        for name in names:
            clock, processor = time.perf_counter(), time.process_time()
            ways[name]()
            if repetition >= 0:
                taken[name].append((time.perf_counter() - clock, time.process_time() - processor))
        names = names[1:] + names[:1]
    return {
        name: Medians(*map(statistics.median, zip(*t, strict=True))) for name, t in taken.items()
    }


def run(data: Path, scratch: Path, repetitions: int) -> list[dict[str, object]]:
    source = open_source(data)
    refs = source.refs()
    paths = [str(ref.path) for ref in refs]
    places = iter(range(10**6))
    ways: dict[str, Callable[[], object]] = {
        "pyarrow read_table": lambda: [
            pq.read_table(path, columns=COLUMNS, use_threads=False) and None for path in paths
        ],
        "pyarrow ParquetFile": lambda: [
            pq.ParquetFile(path).read(columns=COLUMNS, use_threads=False) and None for path in paths
        ],
        "signlet read": lambda: [source.read(ref) and None for ref in refs],
        "signlet pack": lambda: pack(source, scratch / str(next(places)), MAX_LEN, jobs=1),
    }
    frames = sum(pq.ParquetFile(path).metadata.num_rows for path in paths) / NUM_RAW / len(paths)
    medians = measure(ways, repetitions)
    reference = medians["pyarrow read_table"]
    return [
        {
            "what": name,
            "clips": len(paths),
            "frames_per_clip": round(frames, 1),
            "clock_ms_per_clip": round(1000 * taken.clock / len(paths), 3),
            "processor_ms_per_clip": round(1000 * taken.processor / len(paths), 3),
            "clips_per_second": round(len(paths) / taken.clock),
            "relative_rate_clock": round(reference.clock / taken.clock, 3),
            "relative_rate_processor": round(reference.processor / taken.processor, 3),
            "repetitions": repetitions,
        }
        for name, taken in medians.items()
    ]


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
