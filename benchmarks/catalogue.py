"""The list of all benchmarks, read from the first lines of their files; nothing is imported.

A benchmark is a module in a folder of a topic. Its docstring begins with the question that it
answers; a block of fields follows: Cost, Page (the page that quotes it), Results (files in
benchmarks/results) and, where it can be tried in a minute, Short (the arguments for that).
"""

from __future__ import annotations

import ast
import csv
import re
import shlex
import subprocess
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from benchmarks.environment import RESULTS, ROOT

FOLDER = ROOT / "benchmarks"
NO_RESULTS = "none"


@dataclass(frozen=True)
class Benchmark:
    """The description of a benchmark, from its docstring.

    module: for `python -m`. page: relative to the repository. results: file names.
    short: arguments of a run of about a minute at most; None where there is no such run.
    """

    module: str
    question: str
    cost: str
    page: str
    results: tuple[str, ...]
    short: tuple[str, ...] | None = None

    @property
    def topic(self) -> str:
        return self.module.split(".")[1]

    @property
    def name(self) -> str:
        return self.module.split(".")[2]


def benchmarks() -> list[Benchmark]:
    """All of them, by topic and name."""
    found = []
    for path in sorted(FOLDER.glob("*/*.py")):
        text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
        if "\nCost: " in text:
            found.append(described(".".join(path.relative_to(ROOT).with_suffix("").parts), text))
    return found


def described(module: str, docstring: str) -> Benchmark:
    """A benchmark out of its docstring.

    Raises ValueError: a field is missing, or the first line is not a question.
    """
    question, block = docstring.split("\n\n")[:2]
    fields = dict(re.findall(r"(?ms)^(\w+):(.*?)(?=^\w+:|\Z)", block))
    said = {name.lower(): " ".join(text.split()) for name, text in fields.items()}
    if not question.endswith("?") or not {"cost", "page", "results"} <= said.keys():
        raise ValueError(f"{module}: its docstring needs a question, Cost, Page and Results")
    results = () if said["results"] == NO_RESULTS else tuple(said["results"].split(", "))
    short = tuple(shlex.split(said["short"])) if "short" in said else None
    question = " ".join(question.split())
    return Benchmark(module, question, said["cost"], said["page"], results, short)


def topics() -> dict[str, str]:
    """Return the description of each topic."""
    return {
        path.parent.name: ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
        for path in sorted(FOLDER.glob("*/__init__.py"))
    }


def measured(result: str) -> date | None:
    """The day of a result: the latest in its column `date`, else that of its last commit.

    None where neither is known.
    """
    with (RESULTS / result).open(newline="", encoding="utf-8") as file:
        days = {row.get("date") or "" for row in csv.DictReader(file)}
    return date.fromisoformat(max(days)) if any(days) else _committed(RESULTS / result)


def _committed(path: Path) -> date | None:
    command = ["git", "log", "-1", "--format=%cs", "--", str(path)]
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return date.fromisoformat(done.stdout.strip()) if done.stdout.strip() else None


def age(day: date | None) -> str:
    """Return the age of a day, in words."""
    if day is None:
        return "age unknown"
    days = (datetime.now(UTC).date() - day).days
    return {0: "today", 1: "1 day"}.get(days, f"{days} days")
