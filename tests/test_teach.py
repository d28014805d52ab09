"""Taught signs: the arithmetic, the estimate, and what teaching again changes."""

from __future__ import annotations

import json
from dataclasses import replace
from math import exp, sqrt
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import signlet
from signlet.modelfile.float16 import as_text
from signlet.modelfile.rewrite import with_entries
from signlet.modelfile.taught_fit import PRIOR, Examples, Expected, Similarities, fitted
from signlet.modelfile.taught_head import unit
from signlet.recognition.recogniser import Recogniser
from signlet.recognition.teaching.estimate import Tally, estimate
from signlet_testing.clips import moving_hand
from signlet_testing.taught import assert_same_answers, base, taught
from signlet_testing.teaching import OWN, WIDTH, clips, labels, own_rows
from test_teach_twin import javascript

__all__ = ["base", "taught"]

USUAL = Expected(known=0.75, unknown=0.45, spread=0.12, scale=20.0)
NO_KEPT = np.empty((0, 2))


@pytest.fixture(scope="module")
def with_own(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("own") / "own.onnx"
    rows = {"prototypes": as_text(own_rows())}
    path.write_bytes(with_entries(base.read_bytes(), ".onnx", rows, "base"))
    return path


# --- the arithmetic ------------------------------------------------------------------------


def by_hand() -> Examples:
    """Two directions: sign 0 twice to the right, sign 1 once upwards."""
    rows = np.array([[1, 0], [0.8, 0.6], [0, 1]])
    return Examples(rows, np.array([0, 0, 1]), NO_KEPT)


def test_numbers_that_were_computed_by_hand() -> None:
    head = fitted(by_hand(), USUAL)
    assert head.prototypes == pytest.approx(np.array([[3 / sqrt(10), 1 / sqrt(10)], [0, 1]]))
    known, unknown = [0.8, 0.8], [0, 0.6, (1 / sqrt(10) + 0.6) / 2]
    high = (10 * 0.75 + sum(known)) / 12
    low = (10 * 0.45 + sum(unknown)) / 13
    squares = sum((x - high) ** 2 for x in known) + sum((x - low) ** 2 for x in unknown)
    variance = (10 * 0.12**2 + squares) / 15
    assert head.threshold == pytest.approx((high + low) / 2, abs=1e-12)
    assert head.slope == pytest.approx((high - low) / variance, abs=1e-9)
    assert head.scale == 20
    shares, none = head.answers(np.array([[1.0, 0.0]]))
    best = (3 / sqrt(10) + 1) / 2  # to the mean, to the nearest
    nothing = 1 / (1 + exp(-head.slope * (head.threshold - best)))
    assert none[0] == pytest.approx(nothing, abs=1e-12)
    first = (1 - nothing) / (1 + exp(-20 * best))
    assert shares[0] == pytest.approx([first, 1 - nothing - first], abs=1e-12)


def test_a_single_example_has_the_general_threshold() -> None:
    head = fitted(Examples(np.array([[1.0, 0.0]]), np.array([0]), NO_KEPT), USUAL)
    assert head.threshold == pytest.approx(0.6)
    assert head.slope == pytest.approx(0.3 / 0.12**2)
    own = Expected(known=0.9, unknown=0.1, spread=0.5, scale=7)
    head = fitted(Examples(np.array([[1.0, 0.0]]), np.array([0]), NO_KEPT), own)
    assert (head.threshold, head.slope, head.scale) == (pytest.approx(0.5), 10, 7)


def test_a_clip_that_looks_like_another_sign() -> None:
    rows = np.array([[1, 0], [0, 1], [0.6, 0.8], [0.8, 0.6]])
    seen = Similarities.of(Examples(rows, np.array([0, 0, 1, 2]), NO_KEPT))
    assert seen.looks_like(0.6).tolist() == [2, 1, 2, 1]
    assert np.isnan(seen.own[2:]).all()


def test_kept_signs_count_as_other_signs() -> None:
    one = Examples(np.array([[0.6, 0.8]]), np.array([2]), np.eye(2))
    seen = Similarities.of(one)
    assert seen.other.tolist() == [0.8]
    assert seen.nearest.tolist() == [1]
    assert len(seen.known()) == 0
    head = fitted(one, USUAL)
    assert head.threshold == pytest.approx((0.75 + (10 * 0.45 + 0.8) / 11) / 2)


ROWS = hnp.arrays(np.float64, st.tuples(st.integers(3, 9), st.just(4)), elements=st.floats(-1, 1))


@settings(deadline=None)
@given(rows=ROWS, seed=st.integers(0, 99), kept=st.integers(0, 2))
def test_answers_sum_to_one_and_the_order_of_examples_does_not_matter(
    rows: np.ndarray, seed: int, kept: int
) -> None:
    rng = np.random.default_rng(seed)
    rows = unit(rows + 1e-3 * rng.normal(size=rows.shape))
    own = unit(rng.normal(size=(kept, 4)))
    signs = kept + np.arange(len(rows)) % 3
    order = rng.permutation(len(rows))
    head = fitted(Examples(rows, signs, own), USUAL)
    again = fitted(Examples(rows[order], signs[order], own), USUAL)
    queries = unit(rng.normal(size=(5, 4)))
    shares, none = head.answers(queries)
    assert shares.sum(1) + none == pytest.approx(np.ones(5), abs=1e-12)
    assert (shares >= 0).all()
    assert again.answers(queries)[0] == pytest.approx(shares, abs=1e-9)
    assert 10 <= head.slope <= 100


def test_javascript_gives_the_same() -> None:
    rng = np.random.default_rng(0)
    rows, queries = unit(rng.normal(size=(9, 6))), unit(rng.normal(size=(4, 6)))
    own, signs = unit(rng.normal(size=(2, 6))), [2, 3, 4, 4, 3, 3, 4, 5, 4]
    case = {
        "kept": [{"sign": str(i), "prototype": row.tolist()} for i, row in enumerate(own)],
        "examples": [
            {"sign": str(s), "embedding": row.tolist()} for s, row in zip(signs, rows, strict=True)
        ],
        "queries": queries.tolist(),
    }
    answer = javascript([case])
    (result,) = answer["results"]
    examples = Examples(rows, np.array(signs), own)
    head = fitted(examples, Expected())
    for name in ("scale", "slope", "threshold"):
        assert result["head"][name] == pytest.approx(getattr(head, name), abs=1e-9)
    shares, none = head.answers(queries)
    assert [one["none"] for one in result["answers"]] == pytest.approx(none, abs=1e-9)
    assert np.array([o["probabilities"] for o in result["answers"]]) == pytest.approx(shares)
    like = [None if s < 0 else str(s) for s in Similarities.of(examples).looks_like(head.threshold)]
    assert [one["like"] for one in result["advice"]] == like
    constants, usual = answer["teaching"], Expected()
    expected = (usual.known, usual.unknown, usual.spread, usual.scale, PRIOR)
    names = ("KNOWN_MEAN", "UNKNOWN_MEAN", "SPREAD", "SCALE", "PRIOR")
    assert tuple(constants[name] for name in names) == expected


# --- the estimate --------------------------------------------------------------------------


def far_apart(signs: int, each: int) -> Examples:
    """Signs on axes of their own, clips near them."""
    rng = np.random.default_rng(0)
    rows = np.repeat(np.eye(8)[:signs], each, 0) + rng.normal(0, 0.02, (signs * each, 8))
    return Examples(unit(rows), np.repeat(np.arange(signs), each), np.empty((0, 8)))


def test_signs_that_are_far_apart_are_told_apart_and_from_others() -> None:
    who = ["x", "y", "x", "y", "x", "y", "z", "z", ""]
    found = estimate(far_apart(3, 3), who, USUAL)
    assert found.clips == Tally(9, 9, 0)
    assert found.left_out == Tally(9, 0, 9)
    assert found.signers == Tally(6, 6, 0)  # z alone shows the third, and "" is nobody's
    assert found.people == 3


def test_what_cannot_be_left_out_is_not_estimated() -> None:
    single = far_apart(2, 1)
    assert estimate(single, ["x", "y"], USUAL).clips is None
    assert estimate(single, ["x", "y"], USUAL).signers is None
    assert estimate(far_apart(1, 3), ["x"] * 3, USUAL).signers is None
    assert estimate(far_apart(1, 3), ["x"] * 3, USUAL).left_out is None


def test_a_left_out_clip_is_not_known_to_the_head_that_reads_it() -> None:
    rows = unit(np.array([[1, 0, 0], [0, 1, 0], [0.1, 0, 1], [0.1, 0.1, 1]]))
    found = estimate(Examples(rows, np.array([0, 0, 1, 1]), np.empty((0, 3))), [""] * 4, USUAL)
    assert found.clips == Tally(4, 2, 2)  # the first sign's clips have nothing in common


# --- teaching a model ----------------------------------------------------------------------


def test_the_answers_are_those_of_the_head(taught: Recogniser, base: Path) -> None:
    assert taught.signs == ("circle", "line", "wave")
    assert taught.calibration is None
    said = taught(clips()[0])
    assert said.probabilities.dtype == np.float32
    assert said.probabilities.sum() + said.none == pytest.approx(1, abs=1e-6)
    rows = signlet.load(base).embed_batch(clips())
    halves = rows.astype(np.float16).astype(np.float64)
    numbers = np.repeat(np.arange(3), 4)
    head = fitted(Examples(halves, numbers, np.empty((0, WIDTH))), Expected())
    shares, none = head.answers(rows)
    assert [one.none for one in taught.batch(clips())] == pytest.approx(none, abs=1e-5)
    assert said.probabilities == pytest.approx(shares[0], abs=1e-5)


def test_none_is_the_answer_where_it_is_likelier_than_every_sign() -> None:
    shares = np.array([0.3, 0.2], np.float32)
    prediction = signlet.recognition.recogniser.Prediction(("x", "y"), shares, none=0.5)
    assert prediction.sign is None
    assert prediction.likeliest == "x"
    assert replace(prediction, none=0.25).sign == "x"
    assert replace(prediction, none=0.25, threshold=0.4).sign is None


def test_the_order_of_the_clips_does_not_matter(taught: Recogniser, base: Path) -> None:
    order = np.random.default_rng(0).permutation(12)
    shuffled = signlet.teach(base, [clips()[i] for i in order], [labels()[i] for i in order])
    assert_same_answers(shuffled, taught)


def test_adding_is_teaching_all_at_once(taught: Recogniser, base: Path) -> None:
    first = signlet.teach(base, clips()[:5], labels()[:5])
    more = first.with_examples(clips()[5:], labels()[5:], signers=[None] * 7)
    assert_same_answers(more, taught)
    assert more.about["taught"]["examples"] == 12
    assert more.about["taught"]["base"] == "base.onnx"


def test_what_was_added_and_removed_again_leaves_no_trace(taught: Recogniser) -> None:
    more = taught.with_examples([moving_hand(1, 7, 0)], ["extra"])
    assert more.signs == ("circle", "extra", "line", "wave")
    assert_same_answers(more.without_sign(" extra "), taught)


def test_the_file_answers_as_what_was_taught(taught: Recogniser, tmp_path: Path) -> None:
    taught.save(tmp_path / "mine.onnx")
    read = signlet.load(tmp_path / "mine.onnx")
    assert_same_answers(read, taught, tolerance=0)
    assert read.about == taught.about
    assert read.taught is not None
    assert taught.taught is not None
    assert read.taught.examples == taught.taught.examples
    again = read.with_examples([moving_hand(0, 8, 0)], ["extra"])
    again.save(tmp_path / "mine.onnx")
    assert_same_answers(signlet.load(tmp_path / "mine.onnx"), again, tolerance=0)


def test_only_the_card_of_the_file_is_another(
    taught: Recogniser, base: Path, tmp_path: Path
) -> None:
    onnx = pytest.importorskip("onnx")
    taught.save(tmp_path / "mine.onnx")
    one, other = (onnx.load(path) for path in (base, tmp_path / "mine.onnx"))
    cards = [
        next(json.loads(e.value) for e in model.metadata_props if e.key == "signlet")
        for model in (one, other)
    ]
    changed = {name for name in cards[1] if cards[1][name] != cards[0].get(name)}
    assert changed == {"taught", "about"}
    assert cards[1]["signs"] == list(OWN)
    back = {name: cards[0][name] for name in changed}
    content = (tmp_path / "mine.onnx").read_bytes()
    restored = with_entries(content, ".onnx", back, "mine")
    assert restored == base.read_bytes()
    onnx.checker.check_model(other)


def test_own_signs_stay_where_they_are_wanted(with_own: Path) -> None:
    with pytest.warns(UserWarning, match="b: is also a sign of the base"):
        both = signlet.teach(with_own, clips(2, 2, 1), ["b", "b", "x", "x"], keep_signs=True)
    assert both.signs == ("a", "été", "b", "x")
    assert both.taught is not None
    assert both.taught.kept == 2
    own = own_rows().astype(np.float64)
    assert both.taught.head.prototypes[:2] == pytest.approx(unit(own[[0, 2]]))
    rest = both.without_sign("été").without_sign("b")
    assert rest.signs == ("a", "x")
    with pytest.warns(UserWarning, match="a: is also"):
        assert rest.with_examples([moving_hand(2, 0, 0)], ["a"]).signs == ("a", "x")


@pytest.mark.slow
def test_a_run_folder_is_exported_first(tmp_path: Path) -> None:
    pytest.importorskip("onnx")
    from signlet.model.files import save_model
    from signlet_testing.teaching import tiny_model

    save_model(tmp_path / "run", [tiny_model()], OWN, {"recipe": "tiny"})
    mine = signlet.teach(tmp_path / "run", clips(), labels())
    mine.save(tmp_path / "mine.onnx")
    assert_same_answers(signlet.load(tmp_path / "mine.onnx"), mine, tolerance=0)
    assert mine.about["taught"]["base"] == "run"
