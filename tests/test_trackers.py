"""Trackers: what was logged is read back from their files; none can end a training."""

from __future__ import annotations

import warnings
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("accelerate")

from signlet.errors import SignletError
from signlet.files.same_settings import flat
from signlet.training import Recipe
from signlet.training.trackers import TRACKERS, Trackers, _Sink, check_trackers, open_trackers

NAN = float("nan")
SETTINGS = {"optimiser": {"learning_rate": 1e-3}, "student": {"widths": (8, 16)}, "name": "tiny"}


class Broken:
    """A tracker whose disk is full."""

    def __init__(self) -> None:
        self.calls = 0

    def log(self, values: dict[str, float], step: int | None = None) -> None:
        self.calls += 1
        raise OSError(28, "No space left on device")

    def finish(self) -> None:
        self.log({})


class Listening(Broken):
    """One that works."""

    def __init__(self) -> None:
        self.heard: list[tuple[dict[str, float], int | None]] = []
        self.finished = 0

    def log(self, values: dict[str, float], step: int | None = None) -> None:
        self.heard.append((values, step))

    def finish(self) -> None:
        self.finished += 1


def two_epochs(trackers: Trackers) -> None:
    trackers.log({"fold-0/loss_student": 2.5, "fold-0/accuracy_student": NAN}, 1)
    trackers.log({"fold-0/loss_student": 1.5, "fold-0/accuracy_student": 0.25}, 2)


def test_tensorboard_scalars_and_settings_are_read_back(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    with open_trackers(["tensorboard"], tmp_path, SETTINGS) as trackers:
        two_epochs(trackers)
    events = EventAccumulator(str(tmp_path / "tensorboard"))
    events.Reload()
    losses = [(e.step, e.value) for e in events.Scalars("fold-0/loss_student")]
    assert losses == [(1, 2.5), (2, 1.5)]
    seen = [(e.step, e.value) for e in events.Scalars("fold-0/accuracy_student")]
    assert seen == [(2, 0.25)]
    kept = next((tmp_path / "tensorboard").glob("*/hparams.yml")).read_text()
    assert "optimiser.learning_rate: 0.001" in kept


@pytest.mark.slow  # MLflow makes its database in steps, and is large
def test_mlflow_goes_on_in_the_same_run_after_a_stop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mlflow = pytest.importorskip("mlflow")
    for name in ("MLFLOW_TRACKING_URI", "MLFLOW_RUN_ID", "MLFLOW_EXPERIMENT_NAME"):
        monkeypatch.delenv(name, raising=False)
    run = tmp_path / "demo"
    with open_trackers(["mlflow"], run, SETTINGS) as trackers:
        two_epochs(trackers)
    with open_trackers(["mlflow"], run, SETTINGS) as trackers:
        trackers.log({"fold-0/loss_student": 1.25}, 3)
    client = mlflow.MlflowClient(f"sqlite:///{run}/mlruns/mlflow.db")
    (found,) = client.search_runs([e.experiment_id for e in client.search_experiments()])
    assert found.info.run_name == "demo"
    assert found.data.params["optimiser.learning_rate"] == "0.001"
    assert found.data.params["student.widths"] == "[8, 16]"
    history = client.get_metric_history(found.info.run_id, "fold-0/loss_student")
    assert [(m.step, m.value) for m in history] == [(1, 2.5), (2, 1.5), (3, 1.25)]
    seen = client.get_metric_history(found.info.run_id, "fold-0/accuracy_student")
    assert [(m.step, m.value) for m in seen] == [(2, 0.25)]


@pytest.mark.slow  # it starts a process of its own
def test_wandb_writes_offline_where_nobody_is_logged_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("wandb")
    for name in ("WANDB_MODE", "WANDB_API_KEY", "WANDB_PROJECT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NETRC", str(tmp_path / "nobody"))
    monkeypatch.setenv("WANDB_CONFIG_DIR", str(tmp_path / "settings"))
    monkeypatch.setenv("WANDB_SILENT", "true")
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        with open_trackers(["wandb"], tmp_path / "demo", SETTINGS) as trackers:
            two_epochs(trackers)
    (kept,) = (tmp_path / "demo" / "wandb").glob("offline-run-*/*.wandb")
    assert b"fold-0/loss_student" in kept.read_bytes()


def test_trackio_keeps_figures_on_this_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRACKIO_DIR", str(tmp_path / "kept"))
    pytest.importorskip("trackio", exc_type=ImportError)
    storage = pytest.importorskip("trackio.sqlite_storage", exc_type=ImportError).SQLiteStorage
    with open_trackers(["trackio"], tmp_path / "demo", SETTINGS) as trackers:
        two_epochs(trackers)
    rows = storage.get_logs("signlet", "demo")
    assert [(row["step"], row["fold-0/loss_student"]) for row in rows] == [(1, 2.5), (2, 1.5)]


def test_a_tracker_that_fails_is_warned_of_once_and_the_others_go_on() -> None:
    broken, listening = Broken(), Listening()
    trackers = Trackers([_Sink("mlflow", broken), _Sink("tensorboard", listening)])  # type: ignore[arg-type]
    with pytest.warns(RuntimeWarning, match="mlflow failed.*No space left"):
        trackers.log({"loss": 1.0}, 1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        trackers.log({"loss": 0.5}, 2)
        trackers.close()
        trackers.close()
    assert broken.calls == 1
    assert [step for _, step in listening.heard] == [1, 2]
    assert listening.finished == 1


def test_a_tracker_that_cannot_start_does_not_stop_the_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("tensorboard")
    (tmp_path / "tensorboard").write_text("a file is in the way")
    with (
        pytest.warns(RuntimeWarning, match="tensorboard failed"),
        open_trackers(["tensorboard"], tmp_path, SETTINGS) as trackers,
    ):
        two_epochs(trackers)


def test_nan_is_left_out_and_a_call_of_nothing_else_is_not_made() -> None:
    listening = Listening()
    trackers = Trackers([_Sink("tensorboard", listening)])  # type: ignore[arg-type]
    trackers.log({"a": NAN, "b": 1}, 1)
    trackers.log({"a": NAN}, 2)
    assert listening.heard == [({"b": 1.0}, 1)]


def test_wandb_is_never_given_a_step_that_goes_back() -> None:
    listening = Listening()
    trackers = Trackers([_Sink("wandb", listening, own_steps=True)])  # type: ignore[arg-type]
    trackers.log({"fold-0/loss_student": 1.0}, 9)
    trackers.log({"fold-1/loss_student": 2.0}, 1)
    assert listening.heard[1] == ({"fold-1/loss_student": 2.0, "epoch": 1}, None)
    assert all(step is None for _, step in listening.heard)


def test_every_setting_of_a_recipe_becomes_one_plain_value() -> None:
    plain = dict(flat(asdict(Recipe())))
    assert plain["optimiser.learning_rate"] == Recipe().optimiser.learning_rate
    assert plain["student.widths"] == "[128, 192, 192, 192]"
    assert plain["teacher.enabled"] is True
    assert all(isinstance(value, str | int | float) for value in plain.values())
    assert dict(flat({"a": {"b": None}})) == {"a.b": "None"}


def test_a_process_that_is_not_the_first_starts_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("tensorboard")
    from accelerate import PartialState

    monkeypatch.setattr(PartialState, "is_main_process", property(lambda state: False))
    with open_trackers(["tensorboard"], tmp_path / "run", SETTINGS) as trackers:
        two_epochs(trackers)
    assert not (tmp_path / "run").exists()


def test_an_unknown_name_is_one_line_that_lists_the_known() -> None:
    with pytest.raises(SignletError) as told:
        check_trackers(["tensorbord"])
    assert "tensorbord" in str(told.value)
    assert all(name in str(told.value) for name in TRACKERS)


@pytest.mark.parametrize("name", TRACKERS)
def test_a_missing_package_names_the_extra(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(module: str) -> Any:
        if module != "accelerate":
            raise ModuleNotFoundError(f"No module named {module!r}", name=module)

    monkeypatch.setattr("signlet.training.trackers.importlib.import_module", missing)
    with pytest.raises(SignletError, match="tracking needs the extra track"):
        open_trackers([name], tmp_path / "run", SETTINGS)
    assert not (tmp_path / "run").exists()


def test_no_trackers_need_no_package(tmp_path: Path) -> None:
    with open_trackers([], tmp_path / "run", SETTINGS) as trackers:
        two_epochs(trackers)
    assert not (tmp_path / "run").exists()
