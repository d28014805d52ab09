"""The list of benchmarks: each says what it answers and costs, and what it names is there."""

from __future__ import annotations

import ast
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from benchmarks import catalogue
from benchmarks.catalogue import Benchmark, age, benchmarks, described, measured, topics
from benchmarks.environment import RESULTS, ROOT
from benchmarks.short import run

ALL = benchmarks()
HELPERS = {"fuzz_child"}
"""Programs that a benchmark starts; nobody else does."""

each = pytest.mark.parametrize("benchmark", ALL, ids=lambda one: f"{one.topic}.{one.name}")


def test_every_program_is_in_the_list() -> None:
    paths = (ROOT / "benchmarks").glob("*/*.py")
    programs = {p.stem for p in paths if '__name__ == "__main__"' in p.read_text(encoding="utf-8")}
    assert {one.name for one in ALL} == programs - HELPERS


@each
def test_its_page_quotes_it_and_its_results_are_there(benchmark: Benchmark) -> None:
    page = (ROOT / benchmark.page).read_text(encoding="utf-8")
    assert benchmark.name in page or any(name in page for name in benchmark.results)
    assert all((RESULTS / name).is_file() for name in benchmark.results)
    assert benchmark.question.endswith("?")
    assert benchmark.cost.endswith(".")


def test_every_table_of_results_belongs_to_one_benchmark() -> None:
    named = [name for one in ALL for name in one.results]
    assert sorted(named) == sorted(path.name for path in RESULTS.glob("*.csv"))


def test_the_readme_names_every_benchmark_and_topic() -> None:
    text = (ROOT / "benchmarks" / "README.md").read_text(encoding="utf-8")
    assert [one.name for one in ALL if f"| `{one.topic}.{one.name}` |" not in text] == []
    assert [name for name in topics() if f"`{name}/`" not in text] == []


def test_no_file_changes_where_modules_are_looked_for() -> None:
    folders = ("benchmarks", "signlet_testing", "tests")
    for path in (p for folder in folders for p in (ROOT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and node.attr == "path":
                assert ast.unparse(node) != "sys.path", path


# --- what a docstring says ----------------------------------------------------------------


def test_fields_may_go_on_in_the_next_line() -> None:
    text = "Is it so?\n\nCost: a\n    minute.\nPage: docs/a.md\nResults: a.csv,\n    b.csv"
    text += "\nShort: --n 1"
    found = described("benchmarks.topic.name", f"{text}\n\n    python -m benchmarks.topic.name")
    assert (found.topic, found.name, found.cost) == ("topic", "name", "a minute.")
    assert found.results == ("a.csv", "b.csv")
    assert found.short == ("--n", "1")


@pytest.mark.parametrize("gone", ["?", "Cost: x\n", "Page: x\n", "Results: none\n"])
def test_a_docstring_that_lacks_something_is_refused(gone: str) -> None:
    text = "Is it so?\n\nCost: x\nPage: x\nResults: none\n"
    assert described("benchmarks.a.b", text).short is None
    with pytest.raises(ValueError, match=r"benchmarks\.a\.b"):
        described("benchmarks.a.b", text.replace(gone, ""))


# --- the age of results -------------------------------------------------------------------


def test_the_latest_day_in_a_table_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalogue, "RESULTS", tmp_path)
    (tmp_path / "a.csv").write_text("x,date\n1,2026-01-03\n2,2026-02-01\n3,\n")
    assert measured("a.csv") == date(2026, 2, 1)


def test_a_table_without_days_that_was_never_committed_has_no_age(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catalogue, "RESULTS", tmp_path)
    (tmp_path / "a.csv").write_text("x\n1\n")
    assert age(measured("a.csv")) == "age unknown"


def test_an_age_is_in_words() -> None:
    today = datetime.now(UTC).date()
    assert [age(today - timedelta(days=n)) for n in (1, 2)] == ["1 day", "2 days"]


# --- the command --------------------------------------------------------------------------


def test_the_command_lists_all() -> None:
    command = [sys.executable, "-m", "benchmarks"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert [one.name for one in ALL if one.name not in done.stdout] == []


def test_a_short_run_leaves_the_results_alone_and_says_why_it_failed(tmp_path: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in RESULTS.iterdir()}
    fuzz = next(one for one in ALL if one.name == "fuzz")
    short = ("--inputs", "2", "--kinds", "recipe", "--jobs", "1", "--failures", "{work}/failures")
    tried = Benchmark(fuzz.module, fuzz.question, fuzz.cost, fuzz.page, fuzz.results, short)
    assert run(tried, tmp_path).why == ""
    assert (tmp_path / "results" / "fuzz.csv").is_file()
    wrong = Benchmark(fuzz.module, fuzz.question, fuzz.cost, fuzz.page, (), ("--kinds", "no"))
    assert "--kinds" in run(wrong, tmp_path).why
    assert {path: path.stat().st_mtime_ns for path in RESULTS.iterdir()} == before
