"""Names and clips that cannot be taught, and cards that nobody may trust, are refused."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import signlet
from signlet.errors import ClipError, SignletError
from signlet.modelfile import tflite_file
from signlet.modelfile.card import read_card
from signlet.modelfile.rewrite import ModelSource, with_entries
from signlet.modelfile.taught import Example, Taught
from signlet.modelfile.taught_head import Head
from signlet.recognition.recogniser import Recogniser
from signlet.recognition.teaching.examples import distinct
from signlet.recognition.teaching.make import note_of_base
from signlet.text.names import sign_name
from signlet_testing.clips import moving_hand
from signlet_testing.taught import assert_same_answers, base, taught
from signlet_testing.teaching import OWN, clips, labels, tiny_card

__all__ = ["base", "taught"]


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
    with pytest.warns(UserWarning, match="signs, too few to tell other signs apart well"):
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
        (0, [0, 0, 0, 1, 1], "c1 (s0) is c0, and 2 more repeat others"),
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
    with pytest.warns(UserWarning, match="Only one sign, hello: signlet tells it"):
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
