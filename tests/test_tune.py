"""Tuning: the test fold is in no trial, a stopped study goes on as if it had not been."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from rich.console import Console

pytest.importorskip("optuna")

from signlet.cli import main
from signlet.errors import SignletError
from signlet.evaluation.folds import signer_folds
from signlet.pack import PackedSet, pack
from signlet.training import Diverged, Recipe
from signlet.training.recipes import load_recipe
from signlet.training.turns import Turn
from signlet.tune import (
    DEFAULT_SPACE,
    Choices,
    Range,
    Search,
    print_result,
    read_space,
    tune,
    with_values,
    write_result,
)
from signlet.tune.study import importance, open_study
from signlet_testing import recipes
from signlet_testing.clips import Synthetic

TINY = replace(
    recipes.TINY,
    optimiser=replace(recipes.TINY.optimiser, epochs=2, learning_rate=1e-3),
    soup_epochs=1,
)
SPACE = {
    "optimiser.learning_rate": Range(3e-4, 3e-2, log=True),
    "mixup.schedule": Choices(("none", "rising")),
    "loss.ousm": Range(0, 4),
    "student.widths": Choices(((16, 24, 24, 16), (8, 8, 8, 8))),
}
KEY = "optimiser.learning_rate"


@pytest.fixture(scope="module", autouse=True)
def no_waiting_for_the_disk() -> Iterator[None]:
    """A new study is some dozens of small writes, each of which SQLite would wait for."""

    import sqlalchemy

    def hasten(connection: Any, _record: Any) -> None:
        connection.execute("PRAGMA synchronous = OFF")

    sqlalchemy.event.listen(sqlalchemy.Engine, "connect", hasten)
    yield
    sqlalchemy.event.remove(sqlalchemy.Engine, "connect", hasten)


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> PackedSet:
    """8 signers, 2 in each fold; 72 clips of 3 signs."""
    source = Synthetic(signers=8, takes=3)
    return pack(source, tmp_path_factory.mktemp("tune") / "packed", 12, jobs=1)


def search(packed: PackedSet, **changes: Any) -> Search:
    return replace(Search(TINY, packed, SPACE, (0, 1), 3), **changes)


@dataclass
class FakeTraining:
    """Instead of training: how well the "model" reads depends on the learning rate."""

    trained: list[list[int]] = field(default_factory=list)
    asked: list[list[int]] = field(default_factory=list)
    turns: list[Turn] = field(default_factory=list)
    diverges_above: float = 1.0
    stops_at: int = 0

    def fit(
        self, recipe: Recipe, packed: PackedSet, training: Any, folder: Path, turn: Turn, **_: Any
    ) -> Any:
        self.trained.append(training.tolist())
        self.turns.append(turn)
        if len(self.trained) == self.stops_at:
            raise KeyboardInterrupt
        if recipe.optimiser.learning_rate > self.diverges_above:
            raise Diverged("loss is not a number in epoch 1; lower optimiser.learning_rate")
        return recipe

    def predict(self, recipe: Recipe, packed: PackedSet, rows: torch.Tensor) -> torch.Tensor:
        self.asked.append(rows.tolist())
        right = 1 - min(1.0, abs(np.log10(recipe.optimiser.learning_rate) + 2))
        label = torch.from_numpy(np.asarray(packed.labels))[rows]
        wrong = torch.arange(len(rows)) >= round(right * len(rows))
        label[wrong] = (label[wrong] + 1) % len(packed.signs)
        return torch.nn.functional.one_hot(label, len(packed.signs)).float()


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeTraining:
    training = FakeTraining()
    monkeypatch.setattr("signlet.tune.search.fit", training.fit)
    monkeypatch.setattr("signlet.tune.search.predict", training.predict)
    monkeypatch.setattr("signlet.tune.search.importance", lambda study: {})  # seconds each
    return training


def test_the_test_fold_is_in_no_trial(
    packed: PackedSet, fake: FakeTraining, tmp_path: Path
) -> None:
    tune(search(packed), tmp_path / "tune.db", 4)
    plan = signer_folds(packed.labels, packed.signers, 4)
    tested = set(plan.held_out(3).tolist())
    *trials, best, own = zip(fake.trained, fake.asked, strict=True)
    assert len(trials) == 4 * 2
    for place, (trained, asked) in enumerate(trials):
        assert set(asked) == set(plan.held_out(place % 2).tolist())
        assert not tested & {*trained, *asked}
        signers = {packed.signers[row] for row in trained}
        assert not signers & {packed.signers[row] for row in [*asked, *tested]}
        assert len(trained) + len(asked) + len(tested) == len(packed)
    for trained, asked in (best, own):
        assert set(asked) == tested
        assert set(trained) == set(range(len(packed))) - tested


def test_a_real_search_reads_no_clip_of_the_test_fold_before_its_end(
    packed: PackedSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: set[int] = set()
    whole = PackedSet.batch

    def noting(self: PackedSet, rows: torch.Tensor) -> Any:
        seen.update(rows.flatten().tolist())
        return whole(self, rows)

    monkeypatch.setattr(PackedSet, "batch", noting)
    monkeypatch.setattr("signlet.tune.search._Work.result", lambda work: None)
    tune(search(packed, validation=(0,)), tmp_path / "tune.db", 2)
    tested = set(signer_folds(packed.labels, packed.signers, 4).held_out(3).tolist())
    assert seen == set(range(len(packed))) - tested


def test_the_search_finds_the_better_values_and_tests_both(
    packed: PackedSet, fake: FakeTraining, tmp_path: Path
) -> None:
    result = tune(search(packed), tmp_path / "tune.db", 12)
    assert len(result.trials) == 12
    assert result.own is not None
    assert result.own.number == 1  # the recipe's own values come first
    assert result.own.values[KEY] == 1e-3
    assert result.best.value == max(trial.value or 0 for trial in result.trials)
    assert result.recipe.optimiser.learning_rate == result.best.values[KEY]
    assert result.test_best.balanced_accuracy > result.test_own.balanced_accuracy
    assert result.test_best.clips == 18
    study = open_study(tmp_path / "tune.db", search(packed).about())
    assert next(iter(importance(study))) == KEY


def test_a_study_that_goes_on_draws_what_an_undisturbed_one_does(
    packed: PackedSet, fake: FakeTraining, tmp_path: Path
) -> None:
    undisturbed = tune(search(packed), tmp_path / "a.db", 8)
    fake.trained.clear()
    for stop in (1, 2, 9):  # in the first trial, twice, and in its second fold; in the third
        fake.stops_at = stop
        with pytest.raises(KeyboardInterrupt):
            tune(search(packed), tmp_path / "b.db", 8)
    fake.stops_at = 0
    trained = len(fake.trained)
    resumed = tune(search(packed), tmp_path / "b.db", 8)
    drawn = [(t.number, t.value, t.values) for t in undisturbed.trials]
    assert [(t.number, t.value, t.values) for t in resumed.trials] == drawn
    assert repr(resumed.test_best) == repr(undisturbed.test_best)
    again = len(fake.trained)
    assert again > trained
    assert repr(tune(search(packed), tmp_path / "b.db", 8)) == repr(resumed)
    assert len(fake.trained) == again  # what is finished is not done again, the tests neither


@pytest.mark.slow
def test_kill_9_then_the_same_command_goes_on(packed: PackedSet, tmp_path: Path) -> None:
    command = ["tune", "--data", str(packed.path), "--trials", "2"]
    command += ["--packing.max_len", "12", "--epochs", "2", "--jobs", "1"]
    command += ["--device", "cpu", "--optimiser.batch_size", "6"]
    for model in ("student", "distilled"):
        command += [f"--{model}.dense", "8", f"--{model}.widths", "[16,24,24,16]"]
        command += [f"--{model}.heads", "4"]
    code = "import sys; from signlet.cli import main; sys.exit(main(sys.argv[1:]))"
    alone = {**os.environ, "OMP_NUM_THREADS": "1"}
    for name in ("a", "b"):
        study = ["--study", str(tmp_path / f"{name}.db")]
        if name == "b":
            killed = [sys.executable, "-c", code, *command, *study]
            process = subprocess.Popen(killed, stdout=subprocess.PIPE, text=True, env=alone)
            assert process.stdout is not None
            while "Trial 1 of 2: bal" not in process.stdout.readline():
                assert process.poll() is None
            time.sleep(0.2)
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
        assert main([*command, *study]) == 0
    a, b = (json.loads((tmp_path / name / "report.json").read_text()) for name in "ab")
    for report in (a, b):
        for trial in (*report["trials"], report["best"], report["own"]):
            del trial["seconds"]
    assert a == b


def test_a_training_that_diverges_is_a_failed_trial(
    packed: PackedSet, fake: FakeTraining, tmp_path: Path
) -> None:
    fake.diverges_above = 8e-3
    result = tune(search(packed), tmp_path / "tune.db", 12)
    failed = [trial for trial in result.trials if trial.value is None]
    assert failed
    assert all("not a number" in trial.why for trial in failed)
    assert all((trial.values[KEY] > 8e-3) == (trial in failed) for trial in result.trials)
    fake.diverges_above = 0
    with pytest.raises(SignletError, match=r"every trial failed.*not a number"):
        tune(search(packed), tmp_path / "none.db", 2)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"recipe": replace(TINY, seed=1)}, "recipe"),
        ({"space": {**SPACE, "loss.smoothing": Range(0.0, 0.4)}}, "space"),
        ({"validation": (0,)}, "validation folds"),
        ({"validation": (1, 2), "test_fold": 0}, "validation folds, test fold"),
        ({"metric": "top1"}, "metric"),
    ],
)
def test_a_study_of_another_search_is_refused(
    packed: PackedSet, fake: FakeTraining, tmp_path: Path, changes: dict[str, Any], named: str
) -> None:
    tune(search(packed), tmp_path / "tune.db", 1)
    with pytest.raises(SignletError, match=f"tune.db: was started with other {named};"):
        tune(search(packed, **changes), tmp_path / "tune.db", 2)


def test_a_study_of_other_clips_is_refused(
    packed: PackedSet, tiny_packed: PackedSet, fake: FakeTraining, tmp_path: Path
) -> None:
    tune(search(packed), tmp_path / "tune.db", 1)
    with pytest.raises(SignletError, match="other data"):
        tune(search(tiny_packed), tmp_path / "tune.db", 1)


def test_what_is_no_study_is_refused_and_left_alone(packed: PackedSet, tmp_path: Path) -> None:
    path = tmp_path / "notes.db"
    path.write_text("shopping list")
    with pytest.raises(SignletError, match=r"notes\.db: cannot be used as a study"):
        tune(search(packed), path, 1)
    assert path.read_text() == "shopping list"
    with pytest.raises(SignletError, match="file name such as"):
        tune(search(packed), tmp_path / "study", 1)


def test_the_files_beside_the_study(packed: PackedSet, fake: FakeTraining, tmp_path: Path) -> None:
    result = tune(search(packed), tmp_path / "tune.db", 6)
    write_result(result, tmp_path / "tune")
    tuned = load_recipe(str(tmp_path / "tune" / "best.yaml"))
    assert tuned == replace(result.recipe, name="tiny-tuned")
    head = (tmp_path / "tune" / "best.yaml").read_text().splitlines()[:3]
    assert f"{result.best.value:.3f} (too high)" in head[1]
    assert f"{result.test_best.balanced_accuracy:.3f}" in head[2]
    with (tmp_path / "tune" / "trials.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [float(row["balanced_accuracy"]) for row in rows] == pytest.approx(
        [trial.value for trial in result.trials], rel=1e-5
    )
    assert float(rows[0][KEY]) == 1e-3
    assert "<svg" in (tmp_path / "tune" / "trials.svg").read_text()
    report = json.loads((tmp_path / "tune" / "report.json").read_text())
    assert report["test_own"]["top1"] == result.test_own.top1
    console = Console(record=True, width=120)
    print_result(result, tmp_path / "tune", console)
    said = console.export_text()
    assert "too high" in said
    assert "the recipe's own values" in said


def test_factors_scale_both_models() -> None:
    changed = with_values(TINY, {"width_factor": 0.5, "dropout_factor": 2.0})
    for model in (changed.student, changed.distilled):
        assert (model.dense, model.widths) == (4, (8, 12, 12, 8))
        assert model.layer_dropout == (0.1, 0.2, 0.2)
        assert model.part_dropout == 0.1
    assert with_values(TINY, {"width_factor": 1.0, "dropout_factor": 1}) == TINY


def test_the_default_space_fits_the_recipes_that_come_along(packed: PackedSet) -> None:
    recipe = load_recipe("demo")
    Search(recipe, packed, DEFAULT_SPACE, (0,), 3)
    for key, about in DEFAULT_SPACE.items():
        for value in about.ends:
            assert isinstance(with_values(recipe, {key: value}), Recipe)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("optimiser.learning_rat: {low: 1.0e-4, high: 1.0e-3}", "learning_rat is not a setting"),
        ("optimiser.learning_rate: {low: 1e-4, high: 1e-3}", "which YAML takes for text"),
        ("optimiser.learning_rate: {low: 0.1, high: 0.01}", "low below high"),
        ("optimiser.learning_rate: {low: 0, high: 0.01, log: true}", "above 0 for log"),
        ("optimiser.learning_rate: 0.1", r"give \{low, high, log\}"),
        ("mixup.schedule: {choices: [rising, sideways]}", "mixup.schedule = 'sideways'"),
        ("mixup.schedule: {choices: [rising]}", "at least two"),
        ("loss.ousm: {low: 0.5, high: 2}", "loss.ousm = 0.5"),
        ("loss.smoothing: {low: 0, high: 2}", "below 1"),
        ("packing.max_len: {low: 8, high: 16}", "cannot be searched"),
        ("optimiser: {low: 8, high: 16}", "optimiser = 8"),
        ("- a\n- b", "contains no settings"),
        ("a: [", "is not YAML"),
    ],
)
def test_a_wrong_space_is_one_line_that_names_the_key(
    packed: PackedSet, tmp_path: Path, text: str, named: str
) -> None:
    path = tmp_path / "space.yaml"
    path.write_text(text)
    with pytest.raises(SignletError, match=named) as told:
        search(packed, space=read_space(path))
    assert "\n" not in str(told.value)


def test_a_space_file_is_read(packed: PackedSet, tmp_path: Path) -> None:
    path = tmp_path / "space.yaml"
    path.write_text(
        "teacher.weight: {low: 1, high: 9, log: true}\n"
        "student.widths: {choices: [[16, 24, 24, 16], [8, 8, 8, 8]]}\n"
    )
    space = read_space(path)
    assert space["teacher.weight"] == Range(1, 9, log=True)
    assert space["student.widths"] == SPACE["student.widths"]
    search(packed, space=space)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"recipe": replace(TINY, num_folds=2)}, "num_folds is 2"),
        ({"validation": (3,)}, "fold 3 cannot be"),
        ({"validation": (0, 3)}, "fold 3 cannot be"),
        ({"validation": ()}, "cannot be"),
        ({"test_fold": 7}, "the recipe has folds 0 to 3"),
    ],
)
def test_folds_that_do_not_keep_apart_are_refused(
    packed: PackedSet, changes: dict[str, Any], named: str
) -> None:
    with pytest.raises(SignletError, match=named):
        search(packed, **changes)


def test_the_command(
    packed: PackedSet, fake: FakeTraining, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    study = str(tmp_path / "runs" / "mine.db")
    command = ["tune", "--data", str(packed.path), "--packing.max_len", "12", "--study", study]
    assert main([*command, "--trials", "3", "--epochs", "2", "--folds", "all"]) == 0
    said = capsys.readouterr().out
    assert "on fold 0, 1, 2; fold 3 with 18 clips is kept" in said
    assert "Trial 3 of 3" in said
    titles = [turn.title for turn in fake.turns]
    assert titles[0] == "Trial 1 of 3, fold 1 of 3"
    assert titles[8:] == ["Trial 3 of 3, fold 3 of 3", "Test 1 of 2", "Test 2 of 2"]
    assert [(turn.number, turn.count) for turn in fake.turns] == [(n, 11) for n in range(1, 12)]
    recipe = load_recipe(str(tmp_path / "runs" / "mine" / "best.yaml"))
    assert (recipe.name, recipe.optimiser.epochs) == ("small-tuned", 2)
    assert main([*command, "--trials", "3"]) == 2
    error = capsys.readouterr().err
    assert "recipe, validation folds" in error
    assert error.count("\n") == 1
    assert main([*command, "--trials", "0"]) == 2
    assert main([*command, "--space", "nowhere.yaml"]) == 2
