"""Latency and memory of a model file, in a process of its own that has no torch.

python -m signlet.export.benchmark model.onnx
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from signlet.errors import SignletError
from signlet.recognition.recogniser import Recogniser
from signlet.running.children import run_minded

FRAMES, THREADS, RUNS, WARM_UP = 40, (1, 2), 30, 5
_PATIENCE = 600


@dataclass(frozen=True)
class Benchmark:
    """Latency and memory of a model file on this machine.

    load: seconds, importing the library included. memory: bytes that the library, loading and
    running add to the process at its peak; 0 if the system does not tell.
    median, p95: milliseconds of one clip of 40 frames, by number of threads.
    """

    load: float
    memory: int
    median: dict[int, float]
    p95: dict[int, float]


def benchmark_file(path: Path) -> Benchmark:
    """Measure a file in a new process. Raises SignletError if that fails."""
    command = [sys.executable, "-m", "signlet.export.benchmark", str(path)]
    try:
        done = run_minded(command, timeout=_PATIENCE)
        raw = json.loads(done.stdout)
    except (subprocess.TimeoutExpired, ValueError):
        raise SignletError(f"{path}: cannot be measured; does it load in a new process?") from None
    by_threads = [{int(k): v for k, v in raw[name].items()} for name in ("median", "p95")]
    return Benchmark(raw["load"], raw["memory"], *by_threads)


def _benchmark_here(path: Path) -> Benchmark:
    clip = np.random.default_rng(0).normal(0.5, 0.1, (FRAMES, 543, 3)).astype(np.float32)
    before, load, memory = _peak(), 0.0, 0
    median, p95 = {}, {}
    for threads in THREADS:
        started = time.perf_counter()
        recogniser = Recogniser.load(path, threads)
        load = load or time.perf_counter() - started
        times = [_timed(recogniser, clip) for _ in range(WARM_UP + RUNS)][WARM_UP:]
        memory = memory or _peak() - before
        median[threads], p95[threads] = (float(np.quantile(times, q)) * 1e3 for q in (0.5, 0.95))
        del recogniser
    return Benchmark(load, memory, median, p95)


def _timed(recogniser: Recogniser, clip: NDArray[np.float32]) -> float:
    started = time.perf_counter()
    recogniser(clip)
    return time.perf_counter() - started


def _peak() -> int:
    """Largest resident memory of this process so far, in bytes; 0 if it is not known.

    (getrusage would count the process that started this one.)
    """
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii")
    except OSError:
        return 0
    return int(status.split("VmHWM:")[1].split()[0]) * 1024


if __name__ == "__main__":
    print(json.dumps(vars(_benchmark_here(Path(sys.argv[1])))))
