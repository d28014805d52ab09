"""A run folder: its names stand in one place, and other settings are refused in one place."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from signlet.errors import SignletError
from signlet.files.same_settings import differing, flat
from signlet.runs import MODELS, RunFolder
from signlet.runs.started import refuse_other, refuse_used, start

PACKAGE = Path(__file__).parents[1] / "src" / "signlet"
NAMES = {
    *("predictions.parquet", "metrics.csv", "config.yaml", "checkpoint.pt"),
    *("report.html", "packed", "fold-", "fold-*"),
}
MAY_SAY_SO = {
    "runs/folder.py",
    "calibration/leave_out.py",  # folders of its own, fold-0-without-1-of-4
    "report/page.py",  # the template of the page
}


def texts(path: Path) -> set[str]:
    """Every literal text in a module that is no docstring's sentence."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def test_names_of_a_run_s_files_stand_in_one_module() -> None:
    found = {
        path.relative_to(PACKAGE).as_posix()
        for path in PACKAGE.rglob("*.py")
        if texts(path) & NAMES
    }
    assert found - MAY_SAY_SO == set()
    assert "runs/folder.py" in found


def test_the_kinds_of_models_are_listed_in_one_module() -> None:
    lists = {
        path.relative_to(PACKAGE).as_posix()
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Tuple | ast.List)
        and {getattr(one, "value", None) for one in node.elts} == set(MODELS)
    }
    assert lists == {"runs/folder.py"}


def test_a_training_is_finished_when_its_metrics_are_there_and_its_checkpoint_is_gone(
    tmp_path: Path,
) -> None:
    run = RunFolder(tmp_path)
    for number in (0, 2, 10, -1, -2):
        training = run.training(number)
        training.path.mkdir()
        training.checkpoint.touch()
        assert not training.finished
        training.metrics.touch()
        assert not training.finished
        if number != 2:
            training.checkpoint.unlink()
    assert run.finished_folds(11) == [0, 10]
    assert run.full_fits() == [-1, -2]
    assert [one.path.name for one in run.folds] == ["fold-0", "fold-2", "fold-10"]


@pytest.fixture
def begun(tmp_path: Path) -> RunFolder:
    run = RunFolder(tmp_path / "run")
    of_the_clips = {"source": "folder", "clips": 3, "clips_sha256": "a"}
    start(run, {"signlet": "0", **of_the_clips, "optimiser": {"epochs": 2}})
    run.training(0).path.mkdir()
    run.training(0).checkpoint.touch()
    return run


def test_settings_alone_are_no_run_and_are_written_anew(tmp_path: Path) -> None:
    run = RunFolder(tmp_path / "run")
    for seed in (1, 2):
        start(run, {"seed": seed})
    assert run.settings.read_text() == "seed: 2\n"


@pytest.mark.parametrize(
    ("now", "said"),
    [
        ({"clips": 4}, "have changed since this run began: 3 clips then, 4 now"),
        ({"source": "zip"}, "they came from folder, now from zip"),
        ({"clips_sha256": "b"}, "as many as before, but their files, signs or signers are others"),
        ({"optimiser": {"epochs": 5}}, "was started with optimiser.epochs 2, now it is 5"),
        ({"init": "b", "init_sha256": "1"}, "was started from random weights, now it is b"),
        ({"split": "val"}, "was started with no --split, now it is --split val"),
    ],
)
def test_a_run_goes_on_with_its_own_settings_only(
    begun: RunFolder, now: dict[str, object], said: str
) -> None:
    with pytest.raises(SignletError, match=said):
        start(begun, now)


def test_changed_clips_have_two_ways_on(begun: RunFolder) -> None:
    with pytest.raises(SignletError, match=r"choose another --run for the new ones$"):
        start(begun, {"clips": 4})  # nothing learned yet
    begun.config.write_text("{}")
    learned = f"--run for the new ones; there, --init {begun.path} starts from what"
    with pytest.raises(SignletError, match=learned):
        start(begun, {"clips": 4})
    with pytest.raises(SignletError, match=f"the same clips and flags, .* --init {begun.path}"):
        refuse_used(begun, resume=False)


def test_a_new_version_and_a_new_setting_are_no_other_run(begun: RunFolder) -> None:
    start(begun, {"signlet": "9", "clips": 3, "invented_later": 1})
    refuse_other(begun, {"clips": 3})
    with pytest.raises(SignletError, match="add --resume"):
        refuse_used(begun, resume=False)


def test_what_differs_is_named_in_the_order_of_what_is_wanted() -> None:
    was, now = {"a": 1, "b": [1], "z": 0}, {"b": [2], "c": 3, "a": 1}
    assert differing(was, now) == ["b", "c"]
    assert differing(was, now, unknown_differs=False) == ["b"]
    assert differing(None, now) == ["b", "c", "a"]
    assert dict(flat({"a": {"b": (1, 2)}, "c": True})) == {"a.b": "[1, 2]", "c": True}
