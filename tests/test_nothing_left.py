"""Where a filter leaves nothing: no figure is made up, and no finished work is lost."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from signlet.calibration.leave_out import LeaveOut
from signlet.calibration.measure import calibrate
from signlet.cli import main
from signlet.errors import SignletError
from signlet.evaluation.duplicates import (
    NO_ESTIMATE,
    trained_duplicates,
    without_duplicates,
)
from signlet.evaluation.limits import not_counted
from signlet.evaluation.predictions import Predictions
from signlet.evaluation.scores import score
from signlet.evaluation.verdict import Grade, verdict
from signlet.export.model_card import _accuracy
from signlet.pack import PackedSet, pack
from signlet.sources import open_source
from signlet.training.gather import about_duplicates
from signlet.training.recipes import load_recipe
from signlet.tune import Search, result, show, tune
from signlet.tune.search import _Work
from signlet.tune.space import Choices
from signlet_testing.clips import Synthetic, moving_hand
from signlet_testing.recipes import SMALL

SIGNS = ("circle", "line", "wave")


def record_duplicates(folder: Path, takes: int = 2) -> Path:
    """Two signers whose clips are the same recordings."""
    for number, sign in enumerate(SIGNS):
        (folder / sign).mkdir(parents=True)
        for signer in ("anna", "ben"):
            for take in range(takes):
                path = folder / sign / f"{signer}_{take}.npz"
                np.savez_compressed(path, landmarks=moving_hand(number, 0, take))
    return folder


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return record_duplicates(tmp_path_factory.mktemp("duplicates") / "clips")


@pytest.fixture(scope="module")
def packed(clips: Path, tmp_path_factory: pytest.TempPathFactory) -> PackedSet:
    return pack(open_source(clips), tmp_path_factory.mktemp("packed") / "packed", 12, jobs=1)


@pytest.fixture(scope="module")
def run(clips: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run") / "run"
    assert main(["train", "--data", str(clips), "--run", str(folder), "--jobs", "1", *SMALL]) == 0
    return folder


def predicted(packed: PackedSet, folds: str = "signer") -> Predictions:
    """Each clip read as its own sign, each signer held out once."""
    rows = np.flatnonzero(packed.labels >= 0)
    probabilities = np.full((len(rows), len(packed.signs)), 0.1, dtype=np.float32)
    probabilities[np.arange(len(rows)), packed.labels[rows]] = 1 - 0.1 * (len(packed.signs) - 1)
    signers = sorted(set(packed.signers))
    return Predictions(
        [packed.names[row] for row in rows],
        [packed.signers[row] for row in rows],
        np.asarray(packed.labels)[rows],
        probabilities,
        np.array([signers.index(packed.signers[row]) for row in rows]),
        packed.signs,
    )


# --- train and its run folder ----------------------------------------------------------------


def test_a_training_that_tested_duplicates_only_says_so_and_writes_its_report(run: Path) -> None:
    report = (run / "report.html").read_text(encoding="utf-8")
    assert "so it is unknown how good the model is" in report
    about = json.loads((run / "config.json").read_text(encoding="utf-8"))["about"]
    assert about["copies_held_out"] == 12
    assert _accuracy(about) == "not measured: all 12 held-out clips duplicate training clips"


def test_evaluate_says_it_again(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", str(run)]) == 0
    said = capsys.readouterr().out
    assert "Not tested. Every test clip was also used for training" in said
    assert "soup" not in said


def test_calibrate_says_it_before_it_trains(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["calibrate", str(run), "--leave-out", "3"]) == 2
    said = capsys.readouterr()
    assert "all 12 held-out clips are duplicates of clips that were trained on" in said.err
    assert "Training 1" not in said.out


def test_a_card_says_how_many_of_the_clips_are_duplicates() -> None:
    scores = {"top1": 0.5, "balanced_accuracy": 0.5, "clips": 12}
    said = _accuracy({"out_of_fold": {"soup": scores}, "copies_held_out": 3})
    assert said.endswith("; 3 of the clips duplicate training clips")
    assert "duplicates" not in _accuracy({"out_of_fold": {"soup": scores}})


def test_a_model_file_tells_the_scores_without_duplicates(clips: Path, tmp_path: Path) -> None:
    shutil.copytree(clips, tmp_path / "clips")
    for number, sign in enumerate(SIGNS):
        path = tmp_path / "clips" / sign / "carl_0.npz"
        np.savez_compressed(path, landmarks=moving_hand(number, 1, 0))
    packed = pack(open_source(tmp_path / "clips"), tmp_path / "packed", 12, jobs=1)
    found = predicted(packed)
    worse = found.probabilities.copy()  # carl's clips are all named wrongly
    carls = np.array(found.signers) == "carl"
    worse[carls] = np.roll(worse[carls], 1, axis=1)
    duplicates = trained_duplicates(found, packed)
    about = about_duplicates(replace(found, probabilities=worse), duplicates)
    assert (about["copies_held_out"], about["out_of_fold_without_copies"]["clips"]) == (12, 3)
    assert about["out_of_fold_without_copies"]["top1"] == 0
    nothing_left = about_duplicates(found.select(~carls), duplicates[~carls])
    assert "out_of_fold_without_copies" not in nothing_left


def test_the_score_on_a_card_is_that_of_the_other_clips() -> None:
    scores = {"top1": 0.5, "balanced_accuracy": 0.5, "clips": 12}
    fresh = {"top1": 0.25, "balanced_accuracy": 0.2, "clips": 9}
    about = {
        "out_of_fold": {"soup": scores},
        "copies_held_out": 3,
        "out_of_fold_without_copies": fresh,
    }
    said = "0.250, balanced over signs 0.200 (soup, 9 clips); 3 clips that duplicate training clips"
    assert _accuracy(about) == f"{said} left out"


@pytest.mark.parametrize(
    "about",
    [
        {"out_of_fold": {"soup": {}}},
        {"out_of_fold": [1]},
        {"out_of_fold": {"soup": {"top1": "x", "balanced_accuracy": None, "clips": "y"}}},
        {"out_of_fold": {"ensemble": 0.5}},
    ],
)
def test_scores_that_somebody_damaged_are_not_measured(about: dict[str, Any]) -> None:
    assert _accuracy(about) == "not measured"
    good = {"top1": 0.5, "balanced_accuracy": 0.5, "clips": 12}
    damaged = about["out_of_fold"]
    both = {"out_of_fold": {"soup": good}, "out_of_fold_without_copies": damaged}
    assert _accuracy(both).startswith("0.500")


def test_an_ensemble_of_such_runs_says_it_too(
    run: Path, clips: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "other"
    shutil.copytree(run, other)
    out = tmp_path / "both"
    assert main(["ensemble", str(run), str(other), "-o", str(out)]) == 0
    assert NO_ESTIMATE in " ".join(capsys.readouterr().out.split())
    about = json.loads((out / "config.json").read_text(encoding="utf-8"))["about"]
    assert _accuracy(about).startswith("not measured: all 12")


# --- duplicates ----------------------------------------------------------------------------------


def test_no_score_is_given_of_no_clips(packed: PackedSet) -> None:
    found = predicted(packed)
    duplicates = trained_duplicates(found, packed)
    assert duplicates.all()
    assert without_duplicates(found, duplicates) is None
    assert verdict(found, duplicates=duplicates).grade is Grade.UNTESTED


def test_nor_where_what_is_left_shows_no_known_sign(packed: PackedSet) -> None:
    found = predicted(packed)
    labels = found.labels.copy()
    labels[0] = -1
    duplicates = np.arange(len(labels)) > 0
    assert without_duplicates(replace(found, labels=labels), duplicates) is None


def test_the_rest_is_scored_where_there_is_one(packed: PackedSet) -> None:
    found = predicted(packed)
    duplicates = np.arange(len(found.names)) == 0
    assert without_duplicates(found, duplicates) == score(found.select(~duplicates)).top1
    assert without_duplicates(found, duplicates) == 1
    assert not_counted(found, duplicates)[0].startswith("1 of 12 test clips do not count: ")
    assert not_counted(found, np.zeros_like(duplicates)) == []


# --- tune ------------------------------------------------------------------------------------


def search(packed: PackedSet) -> Search:
    space = {"optimiser.learning_rate": Choices((1e-3, 2e-3))}
    recipe = replace(load_recipe("small"), num_folds=3)
    return Search(recipe, packed, space, validation=(0,), test_fold=1)


def test_tune_does_not_pass_off_the_duplicates_score_as_that_without(
    packed: PackedSet, tmp_path: Path
) -> None:
    work = _Work(search(packed), tmp_path, None, "cpu", None, 1)  # type: ignore[arg-type]
    known = work._scores(predicted(packed))
    assert (known["copies"], known["without_copies"]) == (12, None)
    test = result.TestScore(**known)
    assert show._alone(test, test) == f": {NO_ESTIMATE}"
    other = replace(test, without_copies=0.5)
    assert show._alone(other, other) == "; without them: best 0.500, own values 0.500"


@pytest.mark.parametrize("trials", [0, -1])
def test_no_trials_are_refused(packed: PackedSet, tmp_path: Path, trials: int) -> None:
    with pytest.raises(SignletError, match="give at least 1"):
        tune(search(packed), tmp_path / "study.db", trials)
    assert not list(tmp_path.iterdir())


# --- calibrate -------------------------------------------------------------------------------


def test_too_few_signs_left_to_train_on_are_refused_before_a_training(tmp_path: Path) -> None:
    # Each sign but "wave" is shown by one signer only, so with that one held out it is gone.
    packed = pack(Synthetic(signers=4), tmp_path / "packed", 12, jobs=1)
    labels = np.array(packed.labels)
    signers = np.array([int(name[1:]) for name in packed.signers])
    labels[(labels == 0) & (signers != 0)] = -1
    thin = replace(packed, labels=labels)
    recipe = replace(load_recipe("small"), num_folds=2)
    work = LeaveOut(recipe, thin, (0, 1), 3, tmp_path / "work", "cpu")
    with pytest.raises(SignletError, match=r"only 1 of the signs would remain to train on"):
        work.check()
    with pytest.raises(SignletError, match="would remain"):
        work.run()
    assert not (tmp_path / "work").exists()


def test_a_threshold_that_others_do_not_give_leaves_that_figure_open(packed: PackedSet) -> None:
    """As many clips as may pass are read with full certainty; of fewer clips fewer may pass."""
    known = predicted(packed)
    sure = np.zeros((40, len(packed.signs)), dtype=np.float32)
    sure[:, 0] = 1
    sure[3:, :] = 1 / len(packed.signs)
    unknown = Predictions(
        [f"u{i}" for i in range(40)],
        [*["sure"] * 3, *(f"s{i}" for i in range(37))],
        np.full(40, -1),
        sure,
        np.full(40, -1),
        packed.signs,
    )
    made = calibrate(known, [unknown], 0.1)
    assert made.calibration.threshold < 1
    assert np.isnan(made.report.false_accepts_elsewhere)


# --- train in Python -------------------------------------------------------------------------


def test_a_training_of_nothing_is_refused(packed: PackedSet, tmp_path: Path) -> None:
    from signlet.training import train

    with pytest.raises(SignletError, match="nothing to train"):
        train(load_recipe("small"), packed, tmp_path / "run", [])
    assert not (tmp_path / "run").exists()
