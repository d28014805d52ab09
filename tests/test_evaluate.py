"""Scores, intervals, tables and averages of predictions."""

from __future__ import annotations

import io
import math
from dataclasses import astuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console
from sklearn.metrics import balanced_accuracy_score, f1_score

from signlet.errors import SignletError
from signlet.evaluation.scores import (
    Predictions,
    average,
    by_sign,
    by_signer,
    confusion,
    print_scores,
    score,
    signer_interval,
    worst_confusions,
)
from signlet_testing.predictions import make, random_predictions, small

# --- scores -------------------------------------------------------------------------------


def test_scores_of_a_small_example_are_those_computed_by_hand() -> None:
    s = score(small())
    assert (s.clips, s.top1, s.top5) == (5, 3 / 5, 1.0)
    assert s.balanced_accuracy == pytest.approx((1 / 2 + 1 + 0) / 3)
    assert s.macro_f1 == pytest.approx((2 / 4 + 4 / 5 + 0) / 3)
    assert s.calibration_error == pytest.approx((0.3 + 0.5 + 0.2 + 0.6 + 0.1) / 5, abs=1e-6)


def test_clips_of_one_calibration_bin_are_judged_together() -> None:
    p = [[0.9, 0.1], [0.9, 0.1], [0.9, 0.1], [0.1, 0.9], [0.0, 1.0]]
    # Four clips at 0.9, three of them right: |0.75 - 0.9|; one at 1.0, wrong: |0 - 1|.
    assert score(make([0, 0, 0, 0, 0], p)).calibration_error == pytest.approx(
        (4 * 0.15 + 1 * 1.0) / 5, abs=1e-6
    )


def test_top5_counts_the_first_five_guesses() -> None:
    row = np.array([7, 6, 5, 4, 3, 2, 1]) / 28
    predictions = make(list(range(7)), np.tile(row, (7, 1)))
    s = score(predictions)
    assert (s.top1, s.top5) == (pytest.approx(1 / 7), pytest.approx(5 / 7))


def smooth_predictions() -> Predictions:
    rng = np.random.default_rng(0)
    labels, p = rng.integers(0, 6, 300), rng.dirichlet(np.full(6, 0.4), 300)
    return make(labels.tolist(), p, "s" * 300)


def test_scores_agree_with_scikit_learn() -> None:
    predictions = smooth_predictions()
    s, truth, read = score(predictions), predictions.labels, predictions.probabilities.argmax(1)
    assert s.macro_f1 == pytest.approx(f1_score(truth, read, average="macro"))
    assert s.balanced_accuracy == pytest.approx(balanced_accuracy_score(truth, read))


@pytest.mark.slow  # because of the import
def test_calibration_error_agrees_with_torchmetrics() -> None:
    import torch
    from torchmetrics.functional.classification import multiclass_calibration_error

    predictions = smooth_predictions()
    tensors = torch.from_numpy(predictions.probabilities), torch.from_numpy(predictions.labels)
    error = multiclass_calibration_error(*tensors, num_classes=6, n_bins=15)
    assert score(predictions).calibration_error == pytest.approx(float(error), abs=1e-5)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 30), st.integers(2, 7), st.integers(1, 6))
def test_scores_stay_in_range(seed: int, clips: int, classes: int, signers: int) -> None:
    s = score(random_predictions(seed, clips, classes, signers), resamples=50)
    values = (s.top1, s.top5, s.balanced_accuracy, s.macro_f1, s.calibration_error)
    assert all(0 <= value <= 1 for value in values)
    assert s.top5 >= s.top1
    assert math.isnan(s.low) == math.isnan(s.high)
    assert math.isnan(s.low) or 0 <= s.low <= s.high <= 1


def test_order_of_clips_is_irrelevant() -> None:
    predictions = random_predictions(1, 60, 5)
    shuffled = predictions.select(np.random.default_rng(0).permutation(60))
    assert astuple(score(shuffled)) == pytest.approx(astuple(score(predictions)))
    assert by_signer(shuffled).equals(by_signer(predictions))
    assert by_sign(shuffled).equals(by_sign(predictions))
    assert worst_confusions(shuffled).equals(worst_confusions(predictions))


def test_clips_of_unknown_sign_are_left_out() -> None:
    predictions = small()
    with_unknown = make(
        [*predictions.labels.tolist(), -1, -1],
        np.concatenate([predictions.probabilities, np.full((2, 3), 1 / 3)]),
        [*predictions.signers, "y", "only unknown signs"],
    )
    assert repr(score(with_unknown)) == repr(score(predictions))  # NaN is no other NaN's equal
    assert by_signer(with_unknown).equals(by_signer(predictions))
    assert confusion(with_unknown).sum() == 5


def test_nothing_to_score_is_refused() -> None:
    unlabelled = make([-1, -1], [[0.5, 0.5]] * 2)
    for scoring in (score, by_signer, by_sign, confusion, worst_confusions):
        with pytest.raises(SignletError, match="nothing can be scored"):
            scoring(unlabelled)


# --- interval -----------------------------------------------------------------------------


def of_two_signs(right: np.ndarray, signers: list[str]) -> Predictions:
    """Clips of sign 0 read right or wrong as told."""
    p = np.where(right[:, None], [[0.8, 0.2]], [[0.2, 0.8]])
    return make([0] * len(right), p, signers)


@pytest.mark.parametrize(("signers", "least"), [(5, 0.86), (17, 0.91)])
def test_interval_covers_the_accuracy_of_new_signers(signers: int, least: float) -> None:
    # Signers differ: their accuracies are Beta(4.2, 1.8), so a new signer's mean is 0.7.
    # Plain quantiles cover 0.82 and 0.92; taking the clips as independent 0.61 and 0.66.
    rng, trials, covered = np.random.default_rng(5), 500, 0
    for _ in range(trials):
        clips = rng.integers(15, 35, signers)
        accuracy = np.repeat(rng.beta(4.2, 1.8, signers), clips)
        who = np.repeat(np.arange(signers), clips).astype(str).tolist()
        low, high = signer_interval(rng.random(len(who)) < accuracy, who)
        covered += low <= 0.7 <= high
    assert least <= covered / trials < 0.98


def test_interval_of_three_opposite_signers_is_everything() -> None:
    right = np.array([True] * 10 + [False] * 10 + [True] * 10)
    s = score(of_two_signs(right, ["x"] * 10 + ["y"] * 10 + ["z"] * 10))
    assert (s.low, s.high) == (0, 1)


def test_interval_repeats_with_the_seed() -> None:
    predictions = random_predictions(2, 200, 4, signers=12)
    assert score(predictions, seed=1) == score(predictions, seed=1)
    assert score(predictions, seed=1) != score(predictions, seed=2)


@pytest.mark.parametrize("signer", ["", "x"])
def test_one_signer_has_no_interval(signer: str) -> None:
    s = score(of_two_signs(np.array([True, False]), [signer] * 2))
    assert math.isnan(s.low)
    assert math.isnan(s.high)


# --- tables -------------------------------------------------------------------------------


def test_tables_of_the_small_example() -> None:
    predictions = small()
    assert by_signer(predictions).to_pydict() == {
        "signer": ["x", "y"],
        "clips": [2, 3],
        "top1": [1 / 2, 2 / 3],
        "top5": [1.0, 1.0],
    }
    signs = by_sign(predictions).to_pydict()
    assert (signs["sign"], signs["clips"]) == (["a", "b", "c"], [2, 2, 1])
    assert (signs["top1"], signs["f1"]) == ([0.5, 1.0, 0.0], [0.5, pytest.approx(0.8), 0.0])
    assert signs["precision"][:2] == [1 / 2, pytest.approx(2 / 3)]
    assert math.isnan(signs["precision"][2])  # nothing was read as "c"
    assert confusion(predictions).tolist() == [[1, 1, 0], [0, 2, 0], [1, 0, 0]]


def test_a_sign_without_clips_has_a_row_and_no_score() -> None:
    row = by_sign(make([0, 0], [[1, 0, 0], [0, 1, 0]])).to_pylist()[2]
    assert (row["sign"], row["clips"]) == ("c", 0)
    assert math.isnan(row["top1"])


def test_worst_confusions_come_in_order_with_their_share() -> None:
    # a: 4 clips, 2 read as b; b: 2 clips, both as c; c: 1 clip, read as a; d: right.
    read = [0, 0, 1, 1, 2, 2, 0, 3]
    predictions = make([0, 0, 0, 0, 1, 1, 2, 3], np.eye(4)[read])
    assert worst_confusions(predictions).to_pylist() == [
        {"sign": "b", "read_as": "c", "clips": 2, "share": 1.0},
        {"sign": "a", "read_as": "b", "clips": 2, "share": 0.5},
        {"sign": "c", "read_as": "a", "clips": 1, "share": 1.0},
    ]
    assert len(worst_confusions(predictions, 1)) == 1


def test_no_confusion_gives_an_empty_table() -> None:
    table = worst_confusions(make([0, 1], np.eye(2)))
    assert (len(table), table.column_names) == (0, ["sign", "read_as", "clips", "share"])


def printed(models: dict[str, Predictions], width: int = 100) -> str:
    out = io.StringIO()
    print_scores(models, Console(file=out, width=width))
    return out.getvalue()


def test_printed_tables_show_every_model_and_signer() -> None:
    text = printed({"student": small(), "soup": small()})
    assert "0.600" in text
    assert "0.433" in text
    assert all(word in text for word in ("student", "soup", "x", "y", "0.667"))


def test_printed_names_are_text_not_markup() -> None:
    predictions = make([0, 1], np.eye(2), ["[red]", "[/nonsense]"])
    assert "[/nonsense]" in printed({"[bold]": predictions})


def test_printed_table_of_many_signers_shows_the_worst() -> None:
    right = np.array([i > 0 for i in range(60)])
    text = printed({"model": of_two_signs(right, [f"signer{i}" for i in range(60)])})
    assert "signer0 " in text
    assert "40 worst of 60" in text


# --- average ------------------------------------------------------------------------------


def test_average_is_the_mean_for_the_same_clips_in_any_order() -> None:
    one, other = random_predictions(3, 20, 4), random_predictions(3, 20, 4)
    other.probabilities[:] = np.roll(one.probabilities, 1, axis=1)
    mean = average([one, other.select(np.arange(20)[::-1])])
    expected = (one.probabilities + other.probabilities) / 2
    assert mean.names == one.names
    assert np.allclose(mean.probabilities, expected, atol=1e-7)


@pytest.mark.parametrize("change", ["clips", "labels", "signs", "none"])
def test_average_of_unlike_predictions_is_refused(change: str) -> None:
    one = small()
    other = {
        "clips": one.select([0, 1]),
        "labels": make([0, 0, 1, 2, 2], one.probabilities),
        "signs": Predictions(
            one.names, one.signers, one.labels, one.probabilities, one.folds, ("x", "y", "z")
        ),
    }
    with pytest.raises(SignletError):
        average([one, other[change]] if change in other else [])
