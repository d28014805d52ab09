"""Run the benchmarks that have a short form, one after the other, without touching the results."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from benchmarks.catalogue import Benchmark
from benchmarks.environment import ROOT

LONGEST = 300
"""Seconds that a short run may take on a busy machine before it counts as failed."""


@dataclass(frozen=True)
class Ran:
    """A short run. why: the last line that it printed where it failed; "" where it did not."""

    benchmark: Benchmark
    seconds: float
    why: str


def run(benchmark: Benchmark, work: Path) -> Ran:
    """Run one in its short form. work: an empty folder for its results and temporary files."""
    arguments = [text.replace("{work}", str(work)) for text in benchmark.short or ()]
    command = [sys.executable, "-m", benchmark.module, *arguments]
    (work / "results").mkdir(exist_ok=True)
    start = time.perf_counter()
    try:
        done = subprocess.run(
            command,
            cwd=ROOT,
            env=os.environ | {"BENCHMARK_RESULTS": str(work / "results")},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=LONGEST,
        )
        said = done.stdout.decode(errors="replace").strip() or "no word"
        why = said.splitlines()[-1] if done.returncode else ""
    except subprocess.TimeoutExpired:
        why = f"took longer than {LONGEST} seconds"
    return Ran(benchmark, time.perf_counter() - start, why)


def run_all(chosen: Sequence[Benchmark], console: Console) -> list[Ran]:
    """Run all that have a short form; print a line for each as it ends."""
    ran = []
    for benchmark in chosen:
        if benchmark.short is None:
            continue
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            ran.append(run(benchmark, Path(folder)))
        said = f"[red]failed[/]: {escape(ran[-1].why)}" if ran[-1].why else "[green]ran[/]"
        console.print(f"{benchmark.module}: {said}, {ran[-1].seconds:.0f} s", highlight=False)
    return ran
