"""Averages of answers, and the comparison of two models on the same clips."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from signlet import SignletError
from signlet.evaluation.compare import align, compare
from signlet.evaluation.scores import score, signer_interval
from signlet.model.files import CONFIG, load_model, save_model
from signlet.modelfile.averaging import Average, mean_probabilities
from signlet_testing.ensembles import (
    SIGNS,
    Made,
    answers,
    made,
    network,
    runs,
    short_packed,
)

__all__ = ["made", "runs", "short_packed"]


# --- averaging ----------------------------------------------------------------------------


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), models=st.integers(1, 4), scale=st.sampled_from([1, 300]))
def test_averages_are_probabilities_even_of_saturated_models(
    seed: int, models: int, scale: float
) -> None:
    logits = torch.from_numpy(np.random.default_rng(seed).normal(0, scale, (models, 5, 4)))
    parts = list(logits.float().softmax(-1).numpy())
    for kind in ("softmax", "logits"):
        mean = mean_probabilities(parts, kind)
        assert np.isfinite(mean).all()
        assert np.allclose(mean.sum(1), 1, atol=1e-6)
    if models == 1:
        assert np.allclose(mean, parts[0], atol=1e-6)


def test_logits_let_a_run_veto_and_softmax_does_not() -> None:
    sure, against = np.float32([[0.9, 0.05, 0.05]]), np.float32([[1e-6, 0.5, 0.5]])
    assert mean_probabilities([sure, against], "softmax")[0, 0] == pytest.approx(0.45, abs=1e-3)
    assert mean_probabilities([sure, against], "logits")[0, 0] < 0.01


TREE = Average("logits", (Average("softmax", (0, 1, 2)), Average("softmax", (3,)), 4))


def test_an_average_is_read_as_it_was_written() -> None:
    assert Average.read(json.loads(json.dumps(TREE.as_json())), 5) == TREE
    assert TREE.shares() == pytest.approx({0: 1 / 9, 1: 1 / 9, 2: 1 / 9, 3: 1 / 3, 4: 1 / 3})


def nested(depth: int) -> object:
    return {"kind": "softmax", "parts": [nested(depth - 1)]} if depth else 0


@pytest.mark.parametrize(
    "average",
    [
        None,
        7,
        [],
        {"kind": "median", "parts": [0, 1]},
        {"kind": ["softmax"], "parts": [0, 1]},
        {"kind": "softmax"},
        {"kind": "softmax", "parts": []},
        {"kind": "softmax", "parts": [0]},
        {"kind": "softmax", "parts": [0, 0, 1]},
        {"kind": "softmax", "parts": [0, 2]},
        {"kind": "softmax", "parts": [False, True]},
        {"kind": "softmax", "parts": [0, "1"]},
        {"kind": "softmax", "parts": [1, nested(12)]},
    ],
)
def test_averages_that_do_not_fit_are_refused(tmp_path: Path, average: object) -> None:
    save_model(tmp_path, [network(0), network(1)], SIGNS, {}, Average("logits", (0, 1)))
    config = json.loads((tmp_path / CONFIG).read_text())
    (tmp_path / CONFIG).write_text(json.dumps(config | {"average": average}))
    with pytest.raises(SignletError, match=r"average .*; copy the file again"):
        load_model(tmp_path)


def test_changed_weights_are_refused(tmp_path: Path) -> None:
    save_model(tmp_path, [network(0), network(1)], SIGNS, {}, Average("logits", (0, 1)))
    config = json.loads((tmp_path / CONFIG).read_text())
    config["members"][0]["weight"] = 0.9
    (tmp_path / CONFIG).write_text(json.dumps(config))
    with pytest.raises(SignletError, match="do not match the average"):
        load_model(tmp_path)


def test_only_a_file_that_needs_it_has_the_newer_format(
    runs: dict[str, Path], made: dict[str, Made]
) -> None:
    assert json.loads((runs["a"] / CONFIG).read_text())["format"] == 1
    assert made["softmax"].config["format"] == 2


def test_a_small_comparison_is_as_computed_by_hand() -> None:
    labels = [0, 0, 0, 0, 0, -1]
    one = answers([0, 0, 0, 1, 1, 0], labels, "xxyyyx")
    other = answers([0, 1, 1, 0, 1, 1], labels, "xxyyyx")
    pair = compare(one, other)
    assert pair.difference == pytest.approx(1 / 5)
    assert pair.same_answer == pytest.approx(2 / 5)
    assert pair.only_first == pytest.approx(2 / 5)
    assert pair.only_second == pytest.approx(1 / 5)
    back = compare(other, one)
    assert (back.only_first, back.only_second) == (pair.only_second, pair.only_first)
    assert back.difference == -pair.difference


def test_what_makes_a_signer_hard_for_both_is_not_in_the_interval() -> None:
    # Signers differ from 0 to 1 in accuracy; one model reads one clip in ten more of each.
    signers = [f"s{s}" for s in range(9) for _ in range(10)]
    labels = [0] * 90
    lesser = [int(clip >= s) for s in range(9) for clip in range(10)]
    better = [int(clip >= s + 1) for s in range(9) for clip in range(10)]
    pair = compare(answers(better, labels, signers), answers(lesser, labels, signers))
    assert (pair.low, pair.high) == pytest.approx((0.1, 0.1))
    own = score(answers(better, labels, signers))
    assert own.high - own.low > 0.3


def test_the_interval_of_a_difference_covers_the_true_one() -> None:
    # Each signer has a gain of its own, 0.1 on average.
    rng, trials, covered = np.random.default_rng(3), 300, 0
    for _ in range(trials):
        clips = rng.integers(15, 35, 17)
        base = np.repeat(rng.uniform(0.3, 0.7, 17), clips)
        gain = np.repeat(rng.normal(0.1, 0.08, 17), clips)
        who = np.repeat(np.arange(17), clips).astype(str).tolist()
        draw = rng.random(len(who))  # hard clips are hard for both
        difference = (draw < base + gain).astype(float) - (draw < base)
        low, high = signer_interval(difference, who)
        covered += low <= 0.1 <= high
    assert 0.90 <= covered / trials <= 0.98


def test_one_signer_has_no_interval_of_a_difference() -> None:
    pair = compare(answers([0, 1], [0, 0], "xx"), answers([0, 0], [0, 0], "xx"))
    assert math.isnan(pair.low)
    assert math.isnan(pair.high)


def test_unlike_clips_are_not_compared() -> None:
    one = answers([0, 1], [0, 0], "xy")
    with pytest.raises(SignletError, match="same clips"):
        compare(one, one.select([1, 0]))
    with pytest.raises(SignletError, match="known sign"):
        compare(*[answers([0], [-1], "x")] * 2)


def test_aligned_predictions_are_in_the_order_of_the_first() -> None:
    one, other = answers([0, 1, 1], [0, 1, 0], "xyx"), answers([0, 0, 1], [0, 1, 0], "xyx")
    aligned = align({"a": one.select([2, 0]), "b": other})
    assert aligned["a"].names == aligned["b"].names == ["2", "0"]
    assert aligned["b"].probabilities.argmax(1).tolist() == [1, 0]
