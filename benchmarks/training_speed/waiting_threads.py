"""What do threads cost that wait for each other, alone on the machine and beside other work?

Cost: about five minutes of all cores.
Page: docs/training.md
Results: waiting_threads.csv
Short: --epochs 1 --clips 27 --repeats 1 --work {work}

    python -m benchmarks.training_speed.waiting_threads

`signlet train` on few clips of the letters, fold 0, with a thread for each core. `spin` is what the
threads' library does by itself: a thread that waits keeps its core busy for long. `short` is what
signlet sets (GOMP_SPINCOUNT=10000), `sleep` never keeps it busy. `neighbours` are processes that
compute all the time, one for each core. By turns; the medians of the repeats. seconds: of the
clock. cpu_seconds: of all threads. Both include the start of the command, the same for all.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from benchmarks.environment import write_csv
from signlet.sources import open_source

WAITING = {name: {"GOMP_SPINCOUNT": count} for name, count in (("short", "10000"), ("sleep", "0"))}
WAITING["spin"] = {"GOMP_SPINCOUNT": "300000"}  # libgomp's default, which signlet replaces


def write_clips(folder: Path, count: int) -> Path:
    """A folder a sign, of the first clips of five letters."""
    source = open_source("fingerspelling")
    refs = [ref for ref in source.refs() if ref.sign in tuple("ABCDE")][:count]
    for number, ref in enumerate(refs):
        at = folder / str(ref.sign)
        at.mkdir(parents=True, exist_ok=True)
        np.save(at / f"{str(ref.signer).replace('_', '-')}_{number}.npy", source.read(ref).frames)
    return folder


@contextmanager
def neighbours(count: int) -> Iterator[None]:
    """Processes that compute as long as the block lasts."""
    busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield
    finally:
        for process in busy:
            process.kill()
            process.wait()


def measure(clips: Path, waiting: str, epochs: int) -> tuple[float, float]:
    """Seconds of the clock and of the processor of one command."""
    with tempfile.TemporaryDirectory() as folder:
        before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        command = [sys.executable, "-m", "signlet", "train", "--data", str(clips)]
        command += ["--run", f"{folder}/run", "--folds", "0", "--fits", "1", "--device", "cpu"]
        command += ["--optimiser.epochs", str(epochs)]
        subprocess.run(command, env=os.environ | WAITING[waiting], check=True, capture_output=True)
        seconds = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def rows(clips: Path, epochs: int, repeats: int) -> Iterator[dict[str, Any]]:
    """A row for each way to wait, without neighbours and with one for each core."""
    for count in (0, os.cpu_count() or 1):
        measured: dict[str, list[tuple[float, float]]] = {name: [] for name in WAITING}
        with neighbours(count):
            for _ in range(repeats):
                for name in WAITING:
                    measured[name].append(measure(clips, name, epochs))
        for name, times in measured.items():
            seconds, cpu = (round(median(column), 1) for column in zip(*times, strict=True))
            row = {"waiting": name, "neighbours": count, "epochs": epochs}
            yield row | {"seconds": seconds, "cpu_seconds": cpu}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--clips", type=int, default=40)
    parser.add_argument("--epochs", type=int, default=100)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--work", type=Path, default=Path("runs/benchmark"))
    given = parser.parse_args()
    clips = write_clips(given.work / "waiting-threads", given.clips)
    done = list(rows(clips, given.epochs, given.repeats))
    for row in done:
        print(row, flush=True)
    write_csv("waiting_threads", done)


if __name__ == "__main__":
    main()
