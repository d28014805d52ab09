"""Taught signs: the arithmetic, what teaching again changes, and the file they lie in."""

from __future__ import annotations

import json
from dataclasses import replace
from math import exp, sqrt
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import signlet
from signlet.errors import ClipError, SignletError
from signlet.modelfile import tflite_file
from signlet.modelfile.card import read_card
from signlet.modelfile.float16 import as_text
from signlet.modelfile.rewrite import ModelSource, with_entries
from signlet.modelfile.taught import Example, Taught
from signlet.modelfile.taught_fit import PRIOR, Examples, Expected, Similarities, fitted
from signlet.modelfile.taught_head import Head, unit
from signlet.recognition.recogniser import Recogniser
from signlet.recognition.teaching.estimate import Tally, estimate
from signlet.recognition.teaching.examples import distinct
from signlet.recognition.teaching.make import note_of_base
from signlet.text.names import sign_name
from signlet_testing.clips import moving_hand
from signlet_testing.teaching import OWN, WIDTH, clips, labels, own_rows, people, tiny_card
from test_teach_twin import javascript

USUAL = Expected(known=0.75, unknown=0.45, spread=0.12, scale=20.0)
NO_KEPT = np.empty((0, 2))


@pytest.fixture(scope="module")
def base(teachable: Path) -> Path:
    return teachable


@pytest.fixture(scope="module")
def with_own(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("own") / "own.onnx"
    rows = {"prototypes": as_text(own_rows())}
    path.write_bytes(with_entries(base.read_bytes(), ".onnx", rows, "base"))
    return path


@pytest.fixture(scope="module")
def taught(base: Path) -> Recogniser:
    return signlet.teach(base, clips(), labels(), signers=people())


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


def assert_same_answers(one: Recogniser, other: Recogniser, tolerance: float = 1e-6) -> None:
    assert one.signs == other.signs
    for said, wanted in zip(one.batch(clips()), other.batch(clips()), strict=True):
        assert said.probabilities == pytest.approx(wanted.probabilities, abs=tolerance)
        assert said.none == pytest.approx(wanted.none, abs=tolerance)


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


# --- names and clips that cannot be taught -------------------------------------------------


def test_names_have_one_form() -> None:
    assert sign_name(" e\u0301te\u0301 ") == "été"
    for name in ("", "  ", "\u200b", "two\nlines", "x" * 101, "bell\a"):
        with pytest.raises(SignletError):
            sign_name(name)


def without_hands(clip: np.ndarray) -> np.ndarray:
    clip = clip.copy()
    clip[:, 468:489] = clip[:, 522:] = np.nan
    return clip


def test_a_clip_without_a_hand_is_named(base: Path, tmp_path: Path) -> None:
    np.savez(tmp_path / "empty.npz", landmarks=without_hands(moving_hand(0, 0, 0)))
    with pytest.raises(ClipError, match=r"empty\.npz: no hand was found") as error:
        signlet.teach(base, [moving_hand(0, 0, 0), tmp_path / "empty.npz"], ["a", "b"])
    assert "\n" not in str(error.value)
    bad = [without_hands(moving_hand(0, 0, i)) for i in range(3)]
    with pytest.raises(ClipError, match=r"clip 1: .* \(2 more clips have problems\)"):
        signlet.teach(base, bad, ["a", "b", "c"])


def test_one_clip_for_two_signs_is_refused(taught: Recogniser, base: Path) -> None:
    with pytest.raises(SignletError, match=r"clip 1 \(x\) and clip 2 \(y\) are the same clip"):
        signlet.teach(base, [moving_hand(0, 0, 0)] * 2, ["x", "y"])
    with pytest.raises(SignletError, match=r"clip 1 \(new\): the model file was .* circle"):
        taught.with_examples([clips()[0]], ["new"])


def test_a_base_of_few_signs_is_told(base: Path) -> None:
    """Unless it began with weights that know more."""
    found = signlet.load(base)
    with pytest.warns(UserWarning, match="signs only, and such a model sees little in other signs"):
        signlet.teach(found, [moving_hand(0, 0, 0), moving_hand(1, 1, 1)], ["x", "y"])
    assert "--init fingerspelling" in note_of_base(found)
    found.about["init"] = {"model": "fingerspelling"}
    assert note_of_base(found) == note_of_base(signlet.load("fingerspelling")) == ""


def test_a_clip_counts_once(taught: Recogniser) -> None:
    with (
        pytest.warns(UserWarning, match="and 2 more lie in the model file already; a clip"),
        pytest.warns(UserWarning, match="nothing changes"),
    ):
        again = taught.with_examples(clips()[:3], labels()[:3])
    assert_same_answers(again, taught)


@pytest.mark.parametrize(
    ("held", "rows", "said"),
    [
        (3, [0, 1, 2, 0, 1, 2], "c3 (s0) and 2 more lie in the model file already"),
        (3, [0, 1, 2, 1], "c3 (s1) lies in the model file already"),
        (0, [0, 1, 0], "c2 (s0) is c0"),
        (0, [0, 0, 0, 1, 1], "c1 (s0) is c0, and 2 more are the same as others"),
        (1, [0, 0, 0], "c1 (s0) and 1 more lie in the model file already"),
        (2, [0, 1, 1, 2, 2], "c2 (s1) lies in the model file already; c4 (s2) is c3"),
    ],
)
def test_clips_that_are_there_already_are_counted_by_where(
    held: int, rows: list[int], said: str
) -> None:
    examples = [Example(f"s{row}", "anna", f"c{at}") for at, row in enumerate(rows)]
    told: list[str] = []
    kept = distinct(examples, np.eye(3, dtype=np.float16)[rows], told.append, held)
    assert told == [f"{said}; a clip counts once"]
    assert len(kept) == len(set(rows))


def test_a_single_sign_is_told_to_be_so(base: Path) -> None:
    with pytest.warns(UserWarning, match="Only one sign, hello: it is told"):
        one = signlet.teach(base, [moving_hand(0, 0, 0)], ["hello"])
    assert one(moving_hand(0, 0, 0)).sign == "hello"
    with pytest.raises(SignletError, match="no taught sign would be left"):
        one.without_sign("hello")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (([], []), "no example"),
        (([moving_hand(0, 0, 0)], "a"), "list"),
        (("clip.npz", ["a"]), "list"),
        (([moving_hand(0, 0, 0)], ["a", "b"]), "1 clips, 2 signs"),
        (([moving_hand(0, 0, 0)], [""]), "called ''"),
        (([moving_hand(0, 0, 0)], [" None"]), "'None', which is the answer for none"),
    ],
)
def test_arguments_that_make_no_sense(base: Path, arguments: Any, words: str) -> None:
    with pytest.raises(SignletError, match=words):
        signlet.teach(base, *arguments)


def test_bases_that_cannot_be_taught(taught: Recogniser, base: Path, tmp_path: Path) -> None:
    one = [moving_hand(0, 0, 0)], ["a"]
    with pytest.raises(SignletError, match="was taught already"):
        signlet.teach(taught, *one)
    with pytest.raises(SignletError, match="cannot be kept"):
        signlet.teach(base, *one, keep_signs=True)
    with pytest.raises(SignletError, match="was not taught"):
        signlet.load(base).with_examples(*one)
    with pytest.raises(SignletError, match="was not taught"):
        signlet.load(base).save(tmp_path / "x.onnx")
    with pytest.raises(SignletError, match="name one that ends so"):
        taught.save(tmp_path / "x.tflite")
    old = signlet.load(base)
    old.embedding_size = None
    with pytest.raises(SignletError, match=r"base\.onnx: has no embedding"):
        signlet.teach(old, *one)


# --- untrusted cards -----------------------------------------------------------------------


@pytest.fixture(scope="module")
def raw(taught: Recogniser, base: Path) -> dict[str, Any]:
    """A taught card as JSON."""
    found = signlet.load(base).card
    assert found is not None
    assert taught.taught is not None
    return json.loads(replace(found, taught=taught.taught).as_json())


@pytest.mark.parametrize(
    "change",
    [
        {"signs": "abc"},
        {"signs": ["a", "a", "b"]},
        {"signs": []},
        {"kept": 1},
        {"kept": -1},
        {"kept": True},
        {"scale": float("inf")},
        {"scale": "20"},
        {"slope": -1},
        {"threshold": 5},
        {"threshold": None},
        {"examples": None},
        {"examples": {"labels": [0], "signers": [""], "names": [""], "embeddings": ""}},
    ],
)
def test_damaged_taught_cards_are_one_line(raw: dict[str, Any], change: dict[str, Any]) -> None:
    text = json.dumps({**raw, "taught": {**raw["taught"], **change}})
    with pytest.raises(SignletError, match=r"x\.onnx: its description is damaged") as error:
        read_card(text, "x.onnx")
    assert "\n" not in str(error.value)


JSONS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)
PLACES = st.sampled_from(
    [
        ("taught",),
        ("teaching",),
        ("prototypes",),
        ("embedding",),
        *(("taught", n) for n in ("signs", "kept", "examples", "scale", "slope", "threshold")),
        *(("taught", "examples", n) for n in ("labels", "signers", "names", "embeddings")),
    ]
)


@settings(max_examples=150, deadline=None)
@given(place=PLACES, value=JSONS)
def test_hostile_cards_are_read_or_refused(
    raw: dict[str, Any], place: tuple[str, ...], value: Any
) -> None:
    hostile = json.loads(json.dumps(raw))
    inside = hostile
    for name in place[:-1]:
        inside = inside[name]
    inside[place[-1]] = value
    try:
        card = read_card(json.dumps(hostile), "x.onnx")
    except SignletError:
        return
    assert card.taught is None or isinstance(card.taught, Taught)
    assert card.taught is None or np.isfinite(card.taught.head.prototypes).all()


@settings(max_examples=60, deadline=None)
@given(place=st.integers(0, 10**7), bits=st.integers(1, 255), end=st.booleans())
def test_damaged_files_are_rewritten_or_refused_in_one_line(
    base: Path, place: int, bits: int, end: bool
) -> None:
    content = bytearray(base.read_bytes())
    content[(-1 - place % 2000) if end else place % len(content)] ^= bits
    try:
        made = with_entries(bytes(content), ".onnx", {"taught": None}, "x.onnx")
    except SignletError as error:
        problem = str(error)
    else:
        problem = "x.onnx: is damaged" if made else ""
    assert problem.startswith("x.onnx: is damaged")
    assert "\n" not in problem


def test_a_tflite_file_keeps_its_flatbuffer_and_its_labels(
    raw: dict[str, Any], tmp_path: Path
) -> None:
    path, flatbuffer = tmp_path / "x.tflite", bytes(range(256)) * 9
    path.write_bytes(flatbuffer)
    tflite_file.append_card(path, tiny_card())
    before = path.read_bytes()
    path.write_bytes(with_entries(before, ".tflite", {"taught": raw["taught"]}, "x"))
    assert path.read_bytes().startswith(flatbuffer)
    card = tflite_file.read_card(path)
    assert card.taught is not None
    assert card.taught.signs == ("circle", "line", "wave")
    assert card.signs == OWN
    assert with_entries(path.read_bytes(), ".tflite", {"taught": None}, "x") == before
    for damaged in (before[:-9], flatbuffer, b""):
        with pytest.raises(SignletError, match="x: is damaged"):
            with_entries(damaged, ".tflite", {}, "x")


def test_a_missing_file_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(SignletError, match="cannot be read"):
        ModelSource(tmp_path / "gone.onnx").read()


def test_a_head_is_plain_numbers() -> None:
    head = Head(np.eye(2), np.eye(2), np.arange(2), 20, 10, 0.5)
    shares, none = head.answers(np.array([[0.5, 0]], np.float32))
    assert none.tolist() == [0.5]
    assert shares.sum() == pytest.approx(0.5)
