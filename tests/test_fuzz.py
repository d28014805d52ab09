"""The fuzzer: a few inputs of many kinds show no fault, and a fault of each kind is noticed."""

from __future__ import annotations

import csv
import sys
from pathlib import Path
from typing import Any

import pytest
from rich.progress import Progress

from benchmarks.robustness import fuzz, fuzz_process
from benchmarks.robustness.fuzz_child import Tried, opened, tried
from benchmarks.robustness.fuzz_kinds import Generator, Kind
from benchmarks.robustness.fuzz_process import Child
from signlet.errors import ClipError, SignletError
from signlet.serve.rejection import Rejection

INPUTS = 16
QUICK = (
    *("clip .npz", "clip .npy", "clip .parquet", "clip .pose", "clip .json", "table", "zip"),
    *("annotations", "folder", "recipe", "space", "packed set", "model folder", "array"),
    *("request body", "study"),
)
"""Kinds whose whole inputs are made in no time."""


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("whole")


@pytest.mark.parametrize("name", QUICK)
def test_no_input_ends_in_anything_but_an_answer_or_a_line(
    name: str, base: Path, tmp_path: Path
) -> None:
    kind, said = opened(name, base), set()
    for seed in range(INPUTS):
        folder = tmp_path / str(seed)
        folder.mkdir()
        found = tried(kind, name, seed, folder)
        replay = f'python -m benchmarks.robustness.fuzz --replay "{name}" {seed}'
        assert found.outcome in ("sane", "clean"), f"{replay}\n{found.why}"
        said.add(found.why.replace(str(folder), ""))
    assert len(said) > 2, "nothing was damaged"


def test_a_number_gives_the_same_input_again(base: Path, tmp_path: Path) -> None:
    made = []
    for place in ("one", "other"):
        (tmp_path / place).mkdir()
        tried(opened("recipe", base), "recipe", 7, tmp_path / place)
        made.append((tmp_path / place / "recipe.yaml").read_bytes())
    assert made[0] == made[1]


class Raising(Kind):
    """Reading it gives what it is made with."""

    def __init__(self, outcome: Any) -> None:
        self._outcome = outcome

    def damaged(self, folder: Path, rng: Generator) -> None:
        return None

    def read(self, given: Any) -> str:
        if isinstance(self._outcome, BaseException):
            raise self._outcome
        return self._outcome


class Silent(SignletError):  # noqa: N818
    def __str__(self) -> str:
        return "one\ntwo"


@pytest.mark.parametrize(
    ("outcome", "called"),
    [
        ("", "sane"),
        ("probabilities sum to 2", "wrong"),
        (SignletError("x: is damaged; copy it again"), "clean"),
        (ClipError("x: holds no frames"), "clean"),
        (Rejection(422, "body: no clip"), "clean"),
        (SignletError(""), "wrong"),
        (Silent("x"), "wrong"),
        (ValueError("x"), "traceback"),
        (MemoryError(), "traceback"),
        (RecursionError(), "traceback"),
        (SystemExit(2), "traceback"),
    ],
)
def test_an_outcome_is_called_what_it_is(outcome: Any, called: str, tmp_path: Path) -> None:
    assert tried(Raising(outcome), "made", 0, tmp_path).outcome == called


def child(code: str) -> Child:
    """A child that has started, and runs this when it is asked."""
    return Child([sys.executable, "-c", f"print(5, flush=True); input(); {code}"])


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        ("exec('while True: pass')", "hang"),
        ("import time; time.sleep(100)", "hang"),
        ("import os; os.abort()", "crash"),
        ("import os; os._exit(0)", "crash"),
        ("import os; os.kill(os.getpid(), 9)", "crash"),
        ("""print('{"outcome": "sane", "why": "", "peak_mb": 9}', flush=True)""", "sane"),
    ],
)
def test_a_child_that_hangs_or_dies_is_noticed(
    code: str, outcome: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fuzz_process, "COMPUTING", 0.5)
    monkeypatch.setattr(fuzz_process, "WAITING", 2.5)
    monkeypatch.setattr(fuzz_process, "_PAUSE", 0.02)
    asked = child(code)
    try:
        found, memory = asked.ask(1)
        assert (found.outcome, memory) == (outcome, 4 if outcome == "sane" else 0)
    finally:
        asked.end()


def test_a_child_that_does_not_start_is_an_error() -> None:
    with pytest.raises(RuntimeError, match="does not start"):
        Child([sys.executable, "-c", "raise SystemExit(3)"])


def test_a_real_child_answers_as_this_process_does(base: Path, tmp_path: Path) -> None:
    name = "clip .npy"
    results = fuzz.Results(tmp_path / "failures")
    todo = fuzz.portions([name], 5, 0)
    opened(name, base)
    with Progress(disable=True) as progress:
        progress.add_task("")
        fuzz.work_off(todo, base, results, progress)
    here = []
    for seed in range(5):
        (tmp_path / str(seed)).mkdir()
        here.append(tried(opened(name, base), name, seed, tmp_path / str(seed)).outcome)
    assert results.counts[name].total() == 5
    assert results.counts[name]["sane"] == here.count("sane")


def test_no_child_is_started_when_the_time_has_ended(base: Path, tmp_path: Path) -> None:
    results, todo = fuzz.Results(tmp_path), fuzz.portions(["recipe", "video"], 5_000, 0)
    with Progress(disable=True) as progress:
        progress.add_task("")
        fuzz.work_off(todo, base / "none", results, progress, lambda: True)
    assert todo.empty()
    assert not results.counts
    assert not (base / "none").exists()


def test_faults_are_kept_with_the_command_that_shows_them_again(tmp_path: Path) -> None:
    results = fuzz.Results(tmp_path)
    results.add("clip .npz", 41, Tried("traceback", "ValueError: \ud800"), 12)
    results.add("clip .npz", 42, Tried("sane"), 90)
    (kept,) = tmp_path.iterdir()
    assert '--replay "clip .npz" 41' in kept.read_text()
    row, total = results.rows()
    assert (row["inputs"], row["traceback"], row["sane"], row["memory_mb"]) == (2, 1, 1, 90)
    assert total == {**row, "kind": "all"}


def test_a_run_is_added_to_an_earlier_one(tmp_path: Path) -> None:
    results = fuzz.Results(tmp_path)
    results.add("recipe", 1, Tried("clean"), 7)
    path = tmp_path / "fuzz.csv"
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(results.rows()[0]))
        writer.writeheader()
        writer.writerows(results.rows())
    other = fuzz.Results(tmp_path)
    other.add("recipe", 2, Tried("sane"), 3)
    other.add("video", 2, Tried("crash"), 9)
    other.add_earlier(path)
    found = {row["kind"]: row for row in other.rows()}
    assert list(found) == ["video", "recipe", "all"]
    assert (found["recipe"]["inputs"], found["recipe"]["memory_mb"]) == (2, 7)
    assert (found["all"]["inputs"], found["all"]["crash"], found["all"]["clean"]) == (3, 1, 1)


def test_portions_hold_every_input_once_and_take_turns() -> None:
    names = ["clip .npz", "video", "recipe"]
    todo, seen, order = fuzz.portions(names, 2_000, 10), [], []
    while not todo.empty():
        name, seeds = todo.get()
        order.append(name)
        seen += [(name, seed) for seed in seeds]
    assert len(seen) == len(set(seen))
    assert abs(len(seen) - 2_000) <= len(names)
    assert min(seed for _, seed in seen) == 10
    assert set(order[:3]) == set(names)
