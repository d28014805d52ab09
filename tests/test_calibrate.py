"""Calibrating: the right temperature, a threshold that keeps its promise, honest figures."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signlet.calibration.files import reliability
from signlet.calibration.measure import Calibrated, calibrate
from signlet.calibration.temperature import fit_temperature
from signlet.calibration.threshold import choose_threshold, promised
from signlet.cli.calibrate_summary import in_words, next_steps, useless
from signlet.errors import SignletError
from signlet.evaluation.predictions import Predictions

SIGNS = tuple("abcde")


def predictions(
    probabilities: np.ndarray, labels: Sequence[int], signers: Sequence[str]
) -> Predictions:
    names = [str(i) for i in range(len(labels))]
    folds = np.zeros(len(labels), dtype=np.int64)
    rows = np.asarray(probabilities, dtype=np.float32)
    signs = SIGNS[: rows.shape[1]]
    return Predictions(names, list(signers), np.array(labels), rows, folds, signs)


def softmax(logits: np.ndarray) -> np.ndarray:
    powers = np.exp(logits - logits.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


def drawn(clips: int, sureness: float, seed: int = 0, signers: int = 10) -> Predictions:
    """Labels are drawn from softmax(logits), the model says softmax(sureness * logits)."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 2, (clips, 5))
    labels = (softmax(logits).cumsum(1) > rng.random((clips, 1))).argmax(1)
    names = [f"s{i % signers}" for i in range(clips)]
    return predictions(softmax(sureness * logits), labels, names)


def confident(confidences: Sequence[float], signers: Sequence[str], label: int) -> Predictions:
    """Two signs; the first one has these probabilities, each 0.5 or more."""
    rows = np.array([[c, 1 - c] for c in confidences])
    return predictions(rows, [label] * len(rows), signers)


def measured(known: Predictions, unknown: Predictions, share: float = 0.05) -> Calibrated:
    return calibrate(known, [unknown], share)


# --- temperature --------------------------------------------------------------------------


@pytest.mark.parametrize("sureness", [0.5, 1.0, 3.0])
def test_the_temperature_undoes_what_made_the_model_too_sure(sureness: float) -> None:
    assert fit_temperature(drawn(5000, sureness)) == pytest.approx(sureness, rel=0.06)


def test_no_other_temperature_has_less_log_loss() -> None:
    known = drawn(60, 2.0)
    best = fit_temperature(known)

    def loss(temperature: float) -> float:
        answers = softmax(np.log(known.probabilities.astype(np.float64)) / temperature)
        return -np.log(answers[np.arange(60), known.labels]).mean()

    assert all(loss(best) <= loss(best * factor) for factor in (0.2, 0.9, 0.99, 1.01, 1.1, 5))


def test_the_temperature_mends_log_loss_and_calibration_error_on_other_signers() -> None:
    report = measured(drawn(2000, 3.0), drawn_unknown(100)).report
    assert report.log_loss[1] < 0.9 * report.log_loss[0]
    assert report.calibration_error[1] < 0.3 * report.calibration_error[0]


def drawn_unknown(clips: int) -> Predictions:
    return replace(drawn(clips, 1.0, seed=1), labels=np.full(clips, -1))


def unequal_signers() -> Calibrated:
    """Signer a is read too surely, the other one not surely enough: neither helps the other."""
    one, other = drawn(400, 4.0, 2, 1), drawn(400, 0.25, 3, 1)
    rows = np.concatenate([one.probabilities, other.probabilities])
    labels = [*one.labels, *other.labels]
    return measured(predictions(rows, labels, ["a"] * 400 + ["b"] * 400), drawn_unknown(100))


def test_a_temperature_is_tried_on_other_signers() -> None:
    made = unequal_signers()
    (note,) = (note for note in made.report.notes if "differs from person to person" in note)
    before, after = map(float, re.findall(r"\d\.\d+", note))
    assert after > before * 1.2
    assert before == pytest.approx(made.report.log_loss[0], abs=0.001)


def test_a_temperature_that_makes_other_signers_worse_is_not_kept() -> None:
    made = unequal_signers()
    assert fit_temperature(made.before) != 1
    assert made.calibration.temperature == 1
    assert made.report.log_loss[0] == made.report.log_loss[1]


def test_clips_that_are_all_read_right_leave_the_temperature_at_1() -> None:
    right = replace(drawn(50, 1.0), labels=drawn(50, 1.0).probabilities.argmax(1))
    made = measured(right, drawn_unknown(100))
    assert made.calibration.temperature == 1
    assert any("stay as they are" in note for note in made.report.notes)


# --- threshold ----------------------------------------------------------------------------


@given(
    st.lists(st.integers(20, 99), min_size=1, max_size=60),
    st.floats(0.005, 0.9),
)
def test_no_more_unknown_clips_pass_than_allowed(hundredths: list[int], share: float) -> None:
    confidences = np.array(hundredths) / 100
    threshold = choose_threshold(confidences, share)
    assert (confidences >= threshold).mean() <= share
    # It is the lowest such: with the next confidence below, too many would pass.
    stopped = confidences[confidences < threshold].max()
    assert (confidences >= stopped).sum() + 1 > share * (len(confidences) + 1) - 1e-6


@pytest.mark.parametrize(("clips", "share"), [(19, 0.05), (59, 0.05), (100, 0.2), (9, 0.5)])
def test_a_new_unknown_clip_passes_with_at_most_that_probability(clips: int, share: float) -> None:
    rng = np.random.default_rng(clips)
    passing = [
        1 - choose_threshold(rng.random(clips), share)  # of uniform confidences
        for _ in range(4000)
    ]
    assert np.mean(passing) <= share * 1.05
    assert np.mean(passing) >= share - 2 / (clips + 1)


def test_few_unknown_clips_promise_no_small_rate() -> None:
    made = measured(drawn(100, 1.0), drawn_unknown(12))
    assert (made.unknown < made.calibration.threshold).all()
    (note,) = (note for note in made.report.notes if "are too few" in note)
    assert note.startswith("12 clips of unknown signs are too few for 5 of 100")
    assert "about 1 in 13" in note
    assert note.endswith("add 7 more")
    enough = measured(drawn(100, 1.0), drawn_unknown(19)).report.notes
    assert not any("are too few" in note for note in enough)


def test_too_few_unknown_clips_cost_no_more_known_ones_than_they_must() -> None:
    """The threshold lies just above the surest of them, not half-way to certainty."""
    surest = 0.98877721
    unknown = np.array([0.6] * 11 + [surest])
    threshold = choose_threshold(unknown, 0.05)
    assert surest + 1e-5 < threshold < surest + 2e-4
    assert choose_threshold(unknown, 0.1) == threshold
    assert choose_threshold(unknown, 2 / 13) < 0.7
    assert promised(12, 0.05) == promised(12, 0.1) == 1 / 13


@pytest.mark.parametrize("clips", [5, 12])
def test_a_new_clip_passes_above_all_of_few_as_often_as_said(clips: int) -> None:
    rng = np.random.default_rng(clips)
    passing = [1 - choose_threshold(rng.random(clips), 0.05) for _ in range(4000)]
    assert np.mean(passing) == pytest.approx(promised(clips, 0.05), rel=0.06)


def test_unknown_clips_read_with_certainty_are_refused() -> None:
    with pytest.raises(SignletError, match="no threshold can refuse them"):
        choose_threshold(np.ones(40), 0.05)


def test_another_signer_may_pass_more_often() -> None:
    signers = ["a"] * 50 + ["b"] * 50
    low, high = np.linspace(0.5, 0.7, 50), np.linspace(0.8, 0.9, 50)
    unknown = confident([*low, *high], signers, -1)
    report = measured(confident(np.linspace(0.5, 0.99, 40), ["a", "b"] * 20, 0), unknown).report
    assert report.false_accepts.share == 0.04
    assert report.false_accepts_elsewhere == 0.5  # all of b by the threshold of a, none of a
    assert np.isnan(report.false_accepts.high)  # of two signers
    three = replace(unknown, signers=["a"] * 50 + ["b"] * 25 + ["c"] * 25)
    report = measured(confident(np.linspace(0.5, 0.99, 40), ["a", "b"] * 20, 0), three).report
    assert report.false_accepts.share == 0.04
    assert report.false_accepts.high > report.false_accepts.share


# --- the report ---------------------------------------------------------------------------


@settings(max_examples=10, deadline=None)
@given(
    st.lists(st.integers(50, 99), min_size=2, max_size=30),
    st.lists(st.integers(50, 98), min_size=1, max_size=30),
)
def test_auroc_and_fpr_are_those_of_their_definition(known: list[int], strange: list[int]) -> None:
    ours, theirs = np.array(known) / 100, np.array(strange) / 100
    made = measured(
        confident(ours, ["s"] * len(ours), 0), confident(theirs, ["s"] * len(theirs), -1)
    )
    pairs = np.sign(np.subtract.outer(known, strange))
    assert made.report.auroc == pytest.approx((pairs > 0).mean() + (pairs == 0).mean() / 2)
    highest = max(t for t in known if np.mean(np.array(known) >= t) >= 0.95)
    assert made.report.fpr95 == pytest.approx(np.mean(np.array(strange) >= highest))


def test_known_clips_of_the_same_models_are_what_unknown_ones_are_compared_with() -> None:
    unknown, known = confident([0.6] * 30, "ab" * 15, -1), drawn(100, 1.0)
    beside = confident([0.9] * 10 + [0.6] * 30, "ab" * 20, 0)
    both = replace(beside, labels=np.array([0] * 10 + [-1] * 30))
    apart = calibrate(known, [unknown])
    together = calibrate(known, [both])
    assert together.report.auroc == 1.0
    assert apart.report.auroc != 1.0
    assert together.calibration.unknown == 30
    assert together.calibration.known == 100


def test_shares_are_counted_at_the_threshold() -> None:
    made = measured(drawn(300, 2.0), drawn_unknown(200), 0.2)
    threshold, answers = (
        made.calibration.threshold,
        made.calibration.apply(drawn(300, 2.0).probabilities),
    )
    accepted = answers.max(1) >= threshold
    right = answers.argmax(1) == drawn(300, 2.0).labels
    assert made.report.accepted.share == accepted.mean()
    assert made.report.accepted_accuracy.share == right[accepted].mean()
    assert made.report.accuracy == right.mean()
    assert made.report.accepted.low < accepted.mean() < made.report.accepted.high
    assert (made.report.known_signers, made.report.unknown_signers) == (10, 10)


def test_one_signer_has_no_interval() -> None:
    report = measured(drawn(50, 1.0, signers=1), drawn_unknown(50)).report
    assert np.isnan(report.accepted.low)
    assert any("one person signs in all the clips of known signs" in n for n in report.notes)
    nameless = replace(drawn(50, 1.0), signers=[""] * 50)
    report = measured(nameless, drawn_unknown(50)).report
    assert any("known signs do not say who signs" in note for note in report.notes)
    report = measured(drawn(50, 1.0), replace(nameless, labels=np.full(50, -1))).report
    assert any("unknown signs do not say who signs" in note for note in report.notes)


@pytest.mark.parametrize("share", [0.0, 1.0, -0.1, float("nan")])
def test_no_other_share_is_taken(share: float) -> None:
    with pytest.raises(SignletError, match="above 0 and below 1"):
        measured(drawn(10, 1.0), drawn_unknown(10), share)


def test_known_and_unknown_clips_are_needed() -> None:
    for known, unknown in ((drawn(10, 1.0), drawn(10, 1.0)), (drawn_unknown(10),) * 2):
        with pytest.raises(SignletError, match="needs clips of known and of unknown signs"):
            measured(known, unknown)


def test_reliability_has_every_clip_in_one_bin() -> None:
    confidence, right = reliability(drawn(100, 1.0))
    assert len(confidence) == len(right) == 6
    assert (np.diff(confidence) > 0).all()
    assert right.mean() == pytest.approx(
        (drawn(100, 1.0).probabilities.argmax(1) == drawn(100, 1.0).labels).mean(), abs=0.02
    )


# --- in words -----------------------------------------------------------------------------


def test_words_count_the_clips_that_get_none(tmp_path: Path) -> None:
    who = ["a", "b"] * 20
    strange = confident(np.linspace(0.5, 0.7, 40), who, -1)
    good = measured(confident([0.9] * 30 + [0.52] * 10, who, 0), strange)
    _, _, known, unknown, expected = in_words(good)
    assert "10 of 40 (25 %) now get none. 30 still get a sign, 30 of them right." in known
    assert "39 of 40 (98 %) get none. 1 gets a sign by mistake." in unknown
    assert "about 1 in 20 further clips" in expected
    assert useless(good) == ""
    (tmp_path / "export").mkdir()
    (export,) = (step for step in next_steps(good, tmp_path) if "signlet export" in step)
    assert f"the files in {tmp_path / 'export'} are from before" in export


def test_words_say_what_new_people_get_where_that_is_worse() -> None:
    strange = confident([0.6] * 10 + [0.8] * 10, "a" * 10 + "b" * 10, -1)
    made = measured(confident([0.9] * 20, "ab" * 10, 0), strange)
    assert made.report.false_accepts_elsewhere == 0.5
    assert [*in_words(made)][-1].endswith("if they are like these; if other people sign, for 50 %.")
    alike = measured(confident([0.9] * 20, "ab" * 10, 0), confident([0.6] * 20, "ab" * 10, -1))
    assert [*in_words(alike)][-1].endswith("if they are like these.")


def test_the_smallest_allowance_that_names_more_clips_is_proposed() -> None:
    who = ["a", "b"] * 6
    strange = confident([0.9, 0.8, *[0.6] * 10], who, -1)
    made = measured(confident([0.95] * 20 + [0.85] * 4, who * 2, 0), strange)
    (step,) = (step for step in next_steps(made, Path("runs/x")) if "none?" in step)
    assert "--false-accepts 0.16  (it was 0.05): 24 instead of 20 of these 24 clips" in step
    assert "1 in 6 of other signs" in step
    again = measured(made.before, strange, 0.16)
    assert again.report.accepted.share == 1
    assert not any("none?" in step for step in next_steps(again, Path("runs/x")))


def test_a_useless_calibration_is_to_be_deleted() -> None:
    who = ["a", "b"] * 20
    weak = measured(confident([0.6] * 40, who, 0), confident(np.linspace(0.7, 0.9, 40), who, -1))
    assert useless(weak).startswith("100 % of the clips of known signs would get none")
    steps = " ".join(next_steps(weak, Path("runs/x")))
    assert f"Delete {Path('runs/x/calibration.json')}" in steps
    assert "signlet export" not in steps
