"""Figures, warnings and skeletons of a report, and what can go wrong with it."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from signlet.errors import SignletError
from signlet.evaluation.duplicates import trained_duplicates, trained_rows
from signlet.evaluation.scores import Predictions
from signlet.files import atomic
from signlet.landmarks import NUM_RAW
from signlet.pack import PackedSet
from signlet.report import write_report
from signlet.report.plots import confusion_plot, learning_curves
from signlet.report.skeleton import (
    MAX_FRAMES,
    NOT_FOUND,
    RAW,
    SELECTED,
    Moving,
    player_data,
    thinned,
    upright,
    view_box,
)
from signlet.runs.metrics import read_curves
from signlet_testing.reports import (
    SIGNS,
    Page,
    make_run,
    models,
    packed,
    page,
    predicted,
    text,
)

__all__ = ["models", "packed", "page", "text"]


# --- figures --------------------------------------------------------------------------------


def test_confusion_cells_carry_the_counts() -> None:
    matrix = np.array([[7, 0, 2], [0, 31, 0], [1, 0, 0]])
    picture = confusion_plot(matrix, SIGNS)
    texts = re.findall(r">([^<>]+)</text>", picture.svg)
    assert sorted(t for t in texts if t.isdigit()) == ["1", "2", "31", "7"]
    assert picture.text.startswith("38 of 41 ")
    assert "&lt;script&gt;" in picture.svg
    assert "var(--accent)" in picture.svg


def test_confusion_without_any_clip_of_a_sign() -> None:
    picture = confusion_plot(np.zeros((500, 500), np.int64), tuple(map(str, range(500))))
    assert "data:image/png" in picture.svg


def test_curve_of_one_epoch_is_a_point() -> None:
    one = {0: {"epoch": np.array([1.0]), "accuracy_student": np.array([0.5])}}
    (picture,) = learning_curves(one)
    assert picture.text == "Last epoch: 50 %."


def test_later_line_of_an_epoch_counts_and_empty_cells_are_unknown(tmp_path: Path) -> None:
    path = tmp_path / "metrics.csv"
    path.write_text("fold,epoch,loss_student\n1,2,5\n1,1,9\n1,2,4\n0,1,\n")
    curves = read_curves(path)
    assert list(curves) == [0, 1]
    assert curves[1]["loss_student"].tolist() == [9, 4]
    assert np.isnan(curves[0]["loss_student"]).all()


# --- warnings -------------------------------------------------------------------------------


def test_held_out_duplicates_of_trained_clips_are_found(packed: PackedSet, text: str) -> None:
    both = predicted()  # c0 is held out in fold 0, its duplicate c11 in fold 1
    assert np.flatnonzero(trained_duplicates(both, packed)).tolist() == [0, 11]
    assert "2 of 12 test clips do not count" in text
    assert "<dd>10 (without 2 duplicates)</dd>" in text
    assert trained_rows(packed, np.array([0, 1]), np.array([2, 11])).tolist() == [True, False]
    together = Predictions(
        both.names, both.signers, both.labels, both.probabilities, np.zeros(12, int), SIGNS
    )
    assert not trained_duplicates(together, packed).any()
    assert trained_duplicates(together.select([11]), packed).tolist() == [True]


# --- skeletons ------------------------------------------------------------------------------


def skeletons(text: str) -> dict:
    (found,) = re.findall(r'<script type="application/json" id="skeletons">(.*?)</script>', text)
    return json.loads(found)


def decode(data: dict, index: int) -> np.ndarray:
    clip = data["clips"][index]
    values = np.frombuffer(base64.b64decode(clip["data"]), "<u2")
    return values.reshape(clip["frames"], data["points"], 2)


def test_right_and_wrong_clips_move(
    text: str, page: Page, packed: PackedSet, models: dict[str, Predictions]
) -> None:
    data = skeletons(text)
    figures = [a for tag, a in page.tags if tag == "figure" and a.get("class") == "clip"]
    assert [a["data-clip"] for a in figures] == [str(i) for i in range(len(data["clips"]))]
    soup = models["soup"]
    right = int((soup.probabilities.argmax(1) == soup.labels).sum())
    assert len(figures) == min(6, right) + min(6, 12 - right)
    assert "named correctly" in text
    assert "taken for" in text
    assert data["clips"][0]["rate"] == 25.0


def test_points_keep_their_place_and_missing_ones_stay_missing(packed: PackedSet) -> None:
    frames = np.array(packed.frames[:8])
    data = json.loads(player_data([Moving(frames, 10.0)], SELECTED))
    values = decode(data, 0)
    drawn = upright(frames, SELECTED)[:, SELECTED.points()]
    missing = np.isnan(drawn)
    assert missing.any()
    assert np.array_equal(values == NOT_FOUND, missing)
    left, top, side = view_box(upright(frames, SELECTED), SELECTED)
    back = (values / 65534 * 3 - 1) * side + np.array([left, top])
    assert np.allclose(back[~missing], drawn[~missing], atol=3 * side / 65534)


def test_edges_join_the_points_that_they_name() -> None:
    data = json.loads(player_data([], SELECTED))
    used = SELECTED.points()
    for part, edges in SELECTED.edges.items():
        assert np.array_equal(used[np.array(data["edges"][part])], edges)


@given(st.floats(0.5, 2.0))
def test_a_squashed_person_is_made_upright(squash: float) -> None:
    frames = np.full((3, NUM_RAW, 3), np.nan, np.float32)
    top, chin, right, left = RAW.face
    frames[:, [top, chin], :2] = [[0.5, 0.2], [0.5, 0.2 + 0.121]]
    frames[:, [right, left], :2] = [[0.45, 0.26], [0.55, 0.26]]
    true = frames[..., :2].copy()
    frames[..., 0] *= squash
    assert np.allclose(upright(frames, RAW), true, atol=1e-5, equal_nan=True)


def test_view_of_nothing_and_of_one_point_is_a_square() -> None:
    nothing = np.full((2, NUM_RAW, 2), np.nan, np.float32)
    assert view_box(nothing, RAW) == (0.0, 0.0, 1.0)
    nothing[1, 500] = 0.4
    assert view_box(nothing, RAW)[2] > 0


@given(st.integers(1, 5000))
def test_long_clips_are_thinned_out_and_keep_their_duration(total: int) -> None:
    clip = thinned(Moving(np.zeros((total, 1, 2), np.float32), 30.0))
    assert 1 <= len(clip.points) <= MAX_FRAMES
    assert len(clip.points) / clip.rate == pytest.approx(total / 30, rel=0.02, abs=1)


# --- what can go wrong ----------------------------------------------------------------------


@pytest.mark.parametrize("name", ["predictions.parquet", "metrics.csv", "config.yaml"])
@pytest.mark.parametrize("content", [None, b"\xff\xfe{", b"a\nb: ["])
def test_missing_or_broken_files_are_named(
    tmp_path: Path, name: str, content: bytes | None, models: dict[str, Predictions]
) -> None:
    run = make_run(tmp_path / "run", models)
    (run / name).unlink()
    if content is not None:
        (run / name).write_bytes(content)
    with pytest.raises(SignletError, match=re.escape(name)) as caught:
        write_report(run, None)
    assert "\n" not in str(caught.value)
    assert not (run / "report.html").exists()


def test_no_run_folder(tmp_path: Path) -> None:
    with pytest.raises(SignletError, match="no such run folder"):
        write_report(tmp_path / "none", None)


def test_training_without_epochs_has_no_curves(
    tmp_path: Path, models: dict[str, Predictions]
) -> None:
    run = make_run(tmp_path / "run", models, folds=())
    assert 'id="training"' not in write_report(run, None).read_text()


def test_a_full_disk_leaves_the_old_report(
    tmp_path: Path, models: dict[str, Predictions], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = make_run(tmp_path / "run", models, folds=())
    (run / "report.html").write_text("old")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(atomic.os, "replace", full)
    before = sorted(p.name for p in run.iterdir())
    with pytest.raises(SignletError, match=r"report\.html.*No space left"):
        write_report(run, None)
    assert (run / "report.html").read_text() == "old"
    assert sorted(p.name for p in run.iterdir()) == before
