"""The hardware and versions of a measurement; every benchmark writes them into its CSV."""

from __future__ import annotations

import csv
import os
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared"
"""Data beside the repository; it may be missing."""
RESULTS = ROOT / "benchmarks" / "results"
WRITTEN = Path(os.environ.get("BENCHMARK_RESULTS", RESULTS))
"""The folder of new results: that of the old ones, unless the environment names another."""
_PACKAGES = ("torch", "numpy", "pyarrow", "signlet")


def environment() -> dict[str, str | int]:
    """CPU model, cores this process may use, Python, package versions and the date."""
    return {
        "cpu": _cpu_model(),
        "cores": _cores(),
        "python": platform.python_version(),
        **{name: _version(name) for name in _PACKAGES},
        "date": datetime.now(UTC).date().isoformat(),
    }


def write_csv(name: str, rows: Sequence[dict[str, Any]]) -> Path:
    """Write benchmarks/results/NAME.csv, each row with the environment behind it."""
    here = environment()
    path = WRITTEN / f"{name}.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, [*rows[0], *here], lineterminator="\n")
        writer.writeheader()
        writer.writerows({**row, **here} for row in rows)
    return path


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    models = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.machine()


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
