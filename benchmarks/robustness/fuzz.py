"""Does a damaged input ever end in a traceback, a crash, a hang or a wrong answer?

Cost: as long as --minutes says; 45 minutes on two cores for 100,000 inputs.
Page: docs/data.md
Results: fuzz.csv
Short: --inputs 60 --kinds recipe table "clip .npy" --jobs 1 --name ""

    python -m benchmarks.robustness.fuzz --minutes 20       all kinds, as many inputs as that allows
    python -m benchmarks.robustness.fuzz --inputs 2000 --kinds recipe "model .onnx" --name ""
    python -m benchmarks.robustness.fuzz --replay "packed set" 417  one input again, in this process

Inputs are drawn by their kind and a number, so that a number gives the same input everywhere:
--seed is the first one. Child processes read them, with 2 GB of memory more than the program
itself takes; one that computes for 10 seconds hangs. Columns of benchmarks/results/fuzz.csv:
sane: answered as the whole input is, or as a valid one could be; clean: refused in one line;
traceback, crash and hang are faults; wrong: an answer from damaged weights, probabilities that
are none, a clip that cannot be. Inputs with faults lie in --failures, with what was said.
"""

from __future__ import annotations

import argparse
import csv
import os
import queue
import sys
import tempfile
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from benchmarks.environment import write_csv
from benchmarks.robustness.fuzz_child import KINDS, Tried, folder_of, opened, tried
from benchmarks.robustness.fuzz_process import Child

OUTCOMES = ("sane", "clean", "traceback", "crash", "hang", "wrong")
FAULTS = OUTCOMES[2:]
PORTION = 500
"""Inputs of a child; then another one takes over, so that nothing can pile up in it."""
KEPT = 40
"""Faults of a kind that are kept as files."""


@dataclass
class Results:
    """Counts by kind and outcome, and the most memory that an input of a kind has cost, in MB."""

    failures: Path
    counts: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    memory: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, name: str, seed: int, found: Tried, memory: int) -> None:
        """Count an input; one with a fault is kept."""
        with self._lock:
            self.counts[name][found.outcome] += 1
            self.memory[name] = max(self.memory[name], memory)
            if found.outcome in FAULTS and self.faults(name) <= KEPT:
                self._keep(name, seed, found)

    def faults(self, name: str) -> int:
        """Count the inputs of a kind that have shown a fault."""
        return sum(self.counts[name][outcome] for outcome in FAULTS)

    def _keep(self, name: str, seed: int, found: Tried) -> None:
        self.failures.mkdir(parents=True, exist_ok=True)
        command = f'python -m benchmarks.robustness.fuzz --replay "{name}" {seed}'
        path = self.failures / f"{folder_of(Path(), name)}-{seed}.txt"
        text = f"{found.outcome}\n{command}\n\n{found.why}\n"
        path.write_text(text, encoding="utf-8", errors="backslashreplace")

    def add_earlier(self, path: Path) -> None:
        """Count the inputs of an earlier run's CSV, which were others."""
        with path.open(newline="", encoding="utf-8") as file:
            earlier = [row for row in csv.DictReader(file) if row["kind"] != "all"]
        for row in earlier:
            name = row["kind"]
            self.counts[name].update({outcome: int(row[outcome]) for outcome in OUTCOMES})
            self.memory[name] = max(self.memory[name], int(row["memory_mb"]))

    def rows(self) -> list[dict[str, Any]]:
        """A row a kind, and their sum."""
        names = sorted(self.counts, key=list(KINDS).index)
        rows = [self._row(name, self.counts[name], self.memory[name]) for name in names]
        total = sum(self.counts.values(), Counter[str]())
        return [*rows, self._row("all", total, max(self.memory.values(), default=0))]

    def _row(self, name: str, counts: Counter[str], memory: int) -> dict[str, Any]:
        outcomes = {outcome: counts[outcome] for outcome in OUTCOMES}
        return {"kind": name, "inputs": counts.total(), **outcomes, "memory_mb": memory}


Portions = queue.SimpleQueue[tuple[str, range]]


def portions(names: list[str], inputs: int, seed: int) -> Portions:
    """All inputs in portions, those of the kinds by turns."""
    shares = {name: KINDS[name].share for name in names}
    work = []
    for name in names:
        last = seed + round(inputs * shares[name] / sum(shares.values()))
        work += [(start - seed, name, range(start, min(start + PORTION, last)))
                 for start in range(seed, last, PORTION)]  # fmt: skip
    found: Portions = queue.SimpleQueue()
    for _, name, seeds in sorted(work, key=lambda one: one[0]):
        found.put((name, seeds))
    return found


def work_off(
    todo: Portions,
    base: Path,
    results: Results,
    progress: Progress,
    ended: Callable[[], bool] = lambda: False,
) -> None:
    """Read portion after portion until none is left, or the time has ended."""
    bar = progress.task_ids[0]
    while True:
        try:
            name, seeds = todo.get_nowait()
        except queue.Empty:
            return
        child = None
        for seed in seeds:
            if ended() or not (child := child or _started(name, base, progress)):
                break
            found, memory = child.ask(seed)
            results.add(name, seed, found, memory)
            progress.advance(bar)
            if found.outcome in ("crash", "hang"):
                child.end()
                child = None
        if child is not None:
            child.end()


def _started(name: str, base: Path, progress: Progress) -> Child | None:
    child = "benchmarks.robustness.fuzz_child"
    try:
        return Child([sys.executable, "-m", child, name, str(base)])
    except RuntimeError as error:
        progress.console.print(str(error), style="yellow", markup=False)
        return None


def run(todo: Portions, inputs: int, jobs: int, minutes: float, failures: Path) -> Results:
    """Read the inputs, so many in all, in so many children at once, but no longer than asked.

    Ctrl-C ends it as the time does.
    """
    results, until, stop = Results(failures), time.monotonic() + 60 * minutes, threading.Event()

    def ended() -> bool:
        return stop.is_set() or time.monotonic() > until

    columns = TextColumn("fuzzing"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with tempfile.TemporaryDirectory() as base, Progress(*columns) as progress:
        progress.add_task("", total=inputs)
        given = todo, Path(base), results, progress, ended
        workers = [threading.Thread(target=work_off, args=given, daemon=True) for _ in range(jobs)]
        for worker in workers:
            worker.start()
        try:
            for worker in workers:
                worker.join()
        except KeyboardInterrupt:
            stop.set()
            for worker in workers:
                worker.join()
    return results


def replay(name: str, seed: int) -> None:
    """One input again, left in a folder."""
    folder = Path(tempfile.mkdtemp(prefix=f"fuzz-{seed}-"))
    with tempfile.TemporaryDirectory() as base:
        found = tried(opened(name, Path(base)), name, seed, folder)
    print(f"{found.outcome}: {found.why}\n{folder} holds the input")


def print_table(results: Results) -> None:
    """One row a kind."""
    rows = results.rows()
    table = Table(*rows[0])
    for row in rows:
        table.add_row(*(f"{x:,}" if isinstance(x, int) else x for x in row.values()))
    Console(width=max(100, Console().width)).print(table)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--inputs", type=int, default=100_000, help="in all (100,000)")
    add("--kinds", nargs="+", default=list(KINDS), choices=list(KINDS), metavar="KIND")
    add("--seed", type=int, default=0, help="number of the first input of each kind")
    add("--jobs", type=int, default=min(2, os.cpu_count() or 1))
    add("--minutes", type=float, default=float("inf"), help="then no further inputs are read")
    add("--failures", type=Path, default=Path("build/fuzz"))
    add("--earlier", type=Path, help="CSV of a run of other inputs, to be added to this one")
    add("--name", default="fuzz", help="of the CSV in benchmarks/results; '' for none")
    add("--replay", nargs=2, metavar=("KIND", "SEED"))
    asked = parser.parse_args()
    if asked.replay:
        replay(asked.replay[0], int(asked.replay[1]))
        return
    todo = portions(asked.kinds, asked.inputs, asked.seed)
    results = run(todo, asked.inputs, asked.jobs, asked.minutes, asked.failures)
    if asked.earlier:
        results.add_earlier(asked.earlier)
    print_table(results)
    if asked.name:
        print(f"written: {write_csv(asked.name, results.rows())}")


if __name__ == "__main__":
    main()
