"""List all benchmarks with their questions, costs and the age of their results.

    python -m benchmarks                       the list
    python -m benchmarks serve streams         of some topics
    python -m benchmarks --short               run all short ones; say which failed

A short run tries a benchmark with tiny sizes: its figures mean nothing and are thrown away.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from benchmarks.catalogue import Benchmark, age, benchmarks, measured, topics
from benchmarks.short import run_all

NARROWEST = 120


def table_of(chosen: Sequence[Benchmark]) -> Table:
    """One row for each benchmark."""
    table = Table(box=SIMPLE_HEAD, show_lines=False)
    table.add_column("topic", no_wrap=True)
    table.add_column("benchmark", no_wrap=True)
    table.add_column("question", ratio=3)
    table.add_column("cost", ratio=2)
    table.add_column("results and their age", ratio=2, overflow="fold")
    for one in chosen:
        results = "\n".join(f"{name}, {age(measured(name))}" for name in one.results)
        row = (one.topic, one.name, one.question, one.cost, results or "none")
        table.add_row(*map(escape, row), end_section=True)
    return table


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("topics", nargs="*", choices=[[], *topics()], metavar="TOPIC")
    parser.add_argument("--short", action="store_true", help="run all short ones")
    given = parser.parse_args()
    console = Console()
    chosen = [one for one in benchmarks() if not given.topics or one.topic in given.topics]
    if not given.short:
        Console(width=max(NARROWEST, console.width)).print(table_of(chosen))
        return
    ran = run_all(chosen, console)
    failed = [one.benchmark.module for one in ran if one.why]
    console.print(f"{len(ran)} ran, {len(failed)} failed: {', '.join(failed) or 'none'}")
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
