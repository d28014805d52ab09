"""`signlet.train`: one public way to train, which the command takes too; checks are made once."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import signlet
from conftest import Synthetic
from signlet.cli import main
from signlet.errors import SignletError
from signlet.pack import PackedSet
from signlet.runs import MODELS, RunFolder, started
from signlet.training import Processes, run, trackers
from signlet.training.recipes import load_recipe
from signlet_testing.recipes import SMALL, TINY

TINY = replace(TINY, optimiser=replace(TINY.optimiser, epochs=1))


def test_it_makes_a_whole_run_and_prints_nothing(
    tiny_packed: PackedSet, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = signlet.train(TINY, tiny_packed, tmp_path / "run", folds=[0, 2], full_fit=True)
    where = RunFolder(made.run)
    assert where.finished_folds(4) == [0, 2]
    assert where.full_fits() == [-1]
    assert where.report.exists()
    assert tuple(made.scores) == MODELS
    assert made.scores["soup"].clips == len(made.held_out["soup"].names) > 0
    assert capsys.readouterr() == ("", "")
    assert signlet.load(made.run).signs == tiny_packed.signs


def test_the_clips_may_be_a_source_and_the_recipe_a_file(tmp_path: Path) -> None:
    recipe = tmp_path / "mine.yaml"
    size = "{dense: 8, widths: [16, 16, 16, 16], heads: 4}"
    recipe.write_text(
        f"name: mine\nstudent: {size}\ndistilled: {size}\n"
        "optimiser: {epochs: 1}\nsoup_epochs: 1\n"
    )
    made = signlet.train(recipe, Synthetic(), tmp_path / "run", folds="none", full_fit=True)
    assert made.scores == {}
    assert RunFolder(made.run).has_packed
    fitted = [note for note in made.notes if "learns from every clip" in note]
    assert fitted  # a recipe by file is fitted to the clips


def test_a_recipe_in_python_is_taken_as_it_is(tiny_packed: PackedSet, tmp_path: Path) -> None:
    """`small` asks for 240 steps at least, which a few clips take many epochs for."""
    long = replace(TINY, optimiser=replace(TINY.optimiser, min_steps=1_000))
    made = signlet.train(long, tiny_packed, tmp_path / "run", folds="none", full_fit=True)
    assert "epochs: 1\n" in RunFolder(made.run).settings.read_text()
    assert not any("epochs instead" in note for note in made.notes)


def test_what_cannot_be_had_is_refused_in_one_line(tiny_packed: PackedSet, tmp_path: Path) -> None:
    with pytest.raises(SignletError, match="there is no such file or recipe"):
        signlet.train("smal", tiny_packed, tmp_path / "run")
    with pytest.raises(SignletError, match="give only one"):
        signlet.train(TINY, tiny_packed, tmp_path / "run", folds=[0], split="val")
    with pytest.raises(SignletError, match="packed with max_len 12"):
        signlet.train("small", tiny_packed, tmp_path / "run")
    with pytest.raises(SignletError, match="--folds 7"):
        signlet.train(TINY, tiny_packed, tmp_path / "run", folds=[7])
    assert not (tmp_path / "run").exists()


CHECKS: dict[str, tuple[Any, str]] = {
    "batch": (Processes, "check_batch"),
    "trackers": (run, "check_trackers"),
    "trackers that are opened": (trackers, "check_trackers"),
    "used": (run, "refuse_used"),
    "used when it starts": (started, "refuse_used"),
    "writable": (run, "require_writable"),
    "packing": (run, "refuse_other_packing"),
}


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often each check was made."""
    calls: Counter[str] = Counter()

    def counting(name: str, check: Callable[..., Any]) -> Callable[..., Any]:
        def noted(*given: Any) -> Any:
            calls[name] += 1
            return check(*given)

        return noted

    for name, (owner, function) in CHECKS.items():
        monkeypatch.setattr(owner, function, counting(name, getattr(owner, function)))
    return calls


ONCE = {"batch": 1, "trackers": 1, "used": 2, "writable": 1, "packing": 1}


# "used" is asked before the clips are packed, and again when nobody else may train there.
def test_every_check_is_made_once(
    tiny_packed: PackedSet, tmp_path: Path, counted: Counter[str]
) -> None:
    signlet.train(TINY, tiny_packed, tmp_path / "run", folds=[0, 1], full_fit=True)
    assert counted == ONCE


def test_the_command_makes_every_check_once_too(
    tiny_packed: PackedSet, tmp_path: Path, counted: Counter[str]
) -> None:
    where = ["--data", str(tiny_packed.path), "--run", str(tmp_path / "run")]
    assert main(["train", *where, *SMALL, "--packing.max_len", "12", "--folds", "0"]) == 0
    assert counted == ONCE


def test_a_run_that_another_training_has_begun_meanwhile_is_refused(
    tiny_packed: PackedSet, tmp_path: Path
) -> None:
    where, processes = RunFolder(tmp_path / "run"), Processes()
    run.check(TINY, where, False, (), processes)
    signlet.train(TINY, tiny_packed, where.path, folds=[0])
    with pytest.raises(SignletError, match="contains a run already; add --resume"):
        run.train_checked(TINY, tiny_packed, where, run.Wanted([0], 0), processes)
    again = run.train_checked(TINY, tiny_packed, where, run.Wanted([0], 0, resume=True), processes)
    assert "soup" in again


def test_torch_is_imported_when_it_is_called_only() -> None:
    code = "import sys, signlet; signlet.train; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_recipes_need_no_command_line() -> None:
    code = (
        "import sys; from signlet.training.recipes import load_recipe; load_recipe('small');"
        "print([name for name in sys.modules if f'{name}.'.startswith('signlet.cli.')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
    assert load_recipe("small").name == "small"
