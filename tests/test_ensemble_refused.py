"""What cannot be an ensemble is refused, and one is written whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from signlet import SignletError
from signlet.cli import main
from signlet.evaluation.compare import align
from signlet.evaluation.predictions import read_predictions, write_predictions
from signlet.model.files import CONFIG, WEIGHTS, load_model, save_model
from signlet.training import ensemble as module
from signlet.training.ensemble import ensemble
from signlet_testing.ensembles import (
    SIGNS,
    changed,
    runs,
    short_packed,
)

__all__ = ["runs", "short_packed"]


# --- what is refused ----------------------------------------------------------------------


def refusal(runs: Sequence[Path], out: Path, **options: str) -> str:
    """The message with which an ensemble is refused; nothing may have been written."""
    before = sorted(out.parent.rglob("*"))
    with pytest.raises(SignletError) as error:
        ensemble(runs, out, **options)
    assert sorted(out.parent.rglob("*")) == before
    assert "\n" not in str(error.value)
    return str(error.value)


def test_other_signs_or_another_order_are_refused(runs: dict[str, Path], tmp_path: Path) -> None:
    model, signs = load_model(runs["b"]), ("line", "circle", "wave")
    other = changed(runs["b"], tmp_path / "order", lambda soup: replace(soup, signs=signs))
    assert "know different signs" in refusal([other, runs["c"]], tmp_path / "out")
    save_model(other, model.members, signs, {})
    says = refusal([runs["c"], other], tmp_path / "out")
    assert "sign 0 is 'circle' in c and 'line' in order" in says
    c = read_predictions(runs["c"] / "predictions.parquet")["soup"]
    two = np.tile(np.float32([0.5, 0.5]), (12, 1))
    fewer = replace(c, signs=SIGNS[:2], probabilities=two, labels=c.labels % 2)
    with pytest.raises(SignletError, match="c knows 3 signs, two 2"):
        align({"c": c, "two": fewer})


def test_another_landmark_layout_is_refused(runs: dict[str, Path], tmp_path: Path) -> None:
    other = changed(runs["b"], tmp_path / "other", lambda soup: soup)
    config = json.loads((other / CONFIG).read_text())
    (other / CONFIG).write_text(json.dumps(config | {"landmarks": "openpose"}))
    assert "openpose" in refusal([runs["c"], other], tmp_path / "out")


@pytest.mark.parametrize("change", ["labels", "signers", "names"])
def test_runs_that_disagree_on_the_clips_are_refused(runs: dict[str, Path], change: str) -> None:
    c = read_predictions(runs["c"] / "predictions.parquet")["soup"]
    other = {
        "labels": replace(c, labels=(c.labels + 1) % 3),
        "signers": replace(c, signers=["x"] * 12),
        "names": replace(c, names=[f"other {name}" for name in c.names]),
    }
    words = {"names": "a and b have no held-out clip in common"}
    with pytest.raises(SignletError) as error:
        align({"a": c, "b": other[change]})
    expected = words.get(change, "a and b disagree on sign or signer of 12 clips, such as circle/")
    assert expected in str(error.value)


def test_unusable_calls_are_refused(runs: dict[str, Path], tmp_path: Path) -> None:
    a, c, out = runs["a"], runs["b"], tmp_path / "out"
    assert "at least two" in refusal([a], out)
    assert "twice" in refusal([a, c, a.parent / "b" / ".." / "a"], out)
    assert "no such run folder" in refusal([a, tmp_path / "nowhere"], out)
    assert "give one of" in refusal([a, c], out, kind="median")
    assert "give one of" in refusal([a, c], out, which="best")
    says = refusal([a, c], out, which="teacher")
    assert "no predictions of teacher, only of student, soup" in says


def test_missing_and_damaged_files_are_named(runs: dict[str, Path], tmp_path: Path) -> None:
    for name in ("predictions.parquet", CONFIG, WEIGHTS):
        run = changed(runs["b"], tmp_path / name.split(".")[0], lambda soup: soup)
        (run / name).write_bytes(b"damaged")
        says = refusal([run, runs["c"]], tmp_path / "out")
        assert str(run) in says
        (run / name).unlink()
        assert name in refusal([run, runs["c"]], tmp_path / "out")
    run = make_copy_without_student(runs["b"], tmp_path / "student")
    assert "fold-1" in refusal([runs["c"], run], tmp_path / "out", which="student")


def make_copy_without_student(run: Path, to: Path) -> Path:
    model = load_model(run)
    save_model(to, model.members, model.signs, {})
    write_predictions(to / "predictions.parquet", read_predictions(run / "predictions.parquet"))
    return to


def test_too_many_members_are_refused(
    runs: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_MEMBERS", 3)
    assert "4 models" in refusal([runs["a"], runs["c"]], tmp_path / "out")


def test_the_command_fails_in_one_line(
    runs: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["ensemble", str(runs["a"]), "-o", str(tmp_path / "out")]) == 2
    assert capsys.readouterr().err == (
        "signlet: an ensemble needs at least two runs; name another run folder\n"
    )


# --- whole or not at all ------------------------------------------------------------------


def test_an_empty_folder_is_used_and_another_refused(
    runs: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    ensemble([runs["a"], runs["c"]], out)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out"]
    assert sorted(path.name for path in out.iterdir()) == [
        *("agreement.csv", "comparison.csv", "config.json"),
        *("model.safetensors", "predictions.parquet"),
    ]
    assert "exists already" in refusal([runs["a"], runs["c"]], out)
    (tmp_path / "file").write_text("")
    assert "exists already" in refusal([runs["a"], runs["c"]], tmp_path / "file")
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    assert "current directory" in refusal([runs["a"], runs["c"]], Path("."))


@pytest.mark.parametrize("step", ["save_model", "write_predictions", "_write_csv"])
def test_a_failed_write_leaves_nothing(
    runs: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def full_disk(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module, step, full_disk)
    says = refusal([runs["a"], runs["c"]], tmp_path / "out")
    assert "No space left" in says
    assert str(tmp_path / "out") in says


def test_a_place_that_cannot_be_written_is_named(runs: dict[str, Path], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SignletError, match="file/out: cannot be written"):
        ensemble([runs["a"], runs["c"]], tmp_path / "file" / "out")
