"""A calibration: scaled logits, checked when it is read, refused beside another model."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from signlet import SignletError
from signlet.calibration import Calibration, model_digest, read_calibration
from signlet.export.model_card import model_card
from signlet.modelfile.averaging import Average
from signlet.modelfile.calibration import ACCEPTED, known_accepted
from signlet.modelfile.card import Card

GOOD = Calibration(0.8, 0.6, 0.05, 0.9, 0.4, 127, 430)


def softmax(logits: np.ndarray) -> np.ndarray:
    powers = np.exp(logits - logits.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


@given(st.floats(0.05, 20), st.integers(0, 2**32))
def test_it_divides_the_logits_by_the_temperature(temperature: float, seed: int) -> None:
    logits = np.random.default_rng(seed).normal(0, 3, (5, 7))
    answer = replace(GOOD, temperature=temperature).apply(softmax(logits).astype(np.float32))
    assert answer.dtype == np.float32
    assert np.allclose(answer, softmax(logits / temperature), atol=1e-5)


def test_certainty_and_impossible_signs_stay_numbers() -> None:
    sure = np.float32([[1, 0, 0], [0.5, 0.5, 0]])
    assert np.allclose(GOOD.apply(sure), sure)
    assert np.allclose(replace(GOOD, temperature=1.0).apply(sure), sure)


def test_it_survives_json() -> None:
    assert Calibration.read(json.loads(json.dumps(GOOD.as_json()))) == GOOD


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("temperature", 0.0),
        ("temperature", -1.0),
        ("temperature", float("nan")),
        ("temperature", float("inf")),
        ("temperature", 10**400),
        ("temperature", "1"),
        ("temperature", None),
        ("threshold", 1.01),
        ("threshold", True),
        ("false_accepts", -0.1),
        ("auroc", 2),
        ("fpr95", [0.5]),
        ("known", 0),
        ("known", 3.0),
        ("unknown", True),
    ],
)
def test_a_number_outside_its_range_is_refused(name: str, value: object) -> None:
    with pytest.raises(SignletError, match=f"calibration: {name} must"):
        Calibration.read(GOOD.as_json() | {name: value})


@pytest.mark.parametrize("raw", [None, [], 1, "x", {}, {"temperature": 1.0}])
def test_what_is_no_calibration_is_refused(raw: object) -> None:
    with pytest.raises(SignletError, match="is not an object with temperature, threshold"):
        Calibration.read(raw)


def written(folder: Path, **changes: object) -> Path:
    (folder / "config.json").write_text('{"signs": ["a"]}')
    content = {"format": 1, "model": model_digest(folder), "calibration": GOOD.as_json()}
    (folder / "calibration.json").write_text(json.dumps(content | changes))
    return folder


def test_a_folder_has_one_or_none(tmp_path: Path) -> None:
    assert read_calibration(tmp_path) is None
    assert read_calibration(written(tmp_path)) == GOOD


def test_a_model_card_says_how_many_clips_of_its_own_signs_get_none(tmp_path: Path) -> None:
    found = known_accepted(written(tmp_path, report={"accepted": {"share": 0.767}}))
    card = Card(
        signs=("a",),
        max_lens=(8,),
        average=Average.plain(1),
        precision="fp16",
        calibration=GOOD,
        about=found,
    )
    assert "It refuses 23.3 % of the clips of its own signs" in model_card(card, {})
    for damaged in (None, {}, {"accepted": 1}, {"accepted": {"share": "1"}}):
        assert known_accepted(written(tmp_path, report=damaged)) == {}
    assert "refuses" not in model_card(replace(card, about={}), {})
    assert "refuses" not in model_card(replace(card, about={ACCEPTED: 7.0}), {})


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"format": 2}, "not a calibration of format 1"),
        ({"calibration": None}, "is not an object"),
        ({"calibration": GOOD.as_json() | {"temperature": 1e9}}, "temperature must be"),
        ({"model": "0" * 64}, "another model"),
    ],
)
def test_a_damaged_file_is_named_in_one_line(
    tmp_path: Path, changes: dict[str, object], says: str
) -> None:
    with pytest.raises(SignletError) as error:
        read_calibration(written(tmp_path, **changes))
    assert says in str(error.value)
    assert str(tmp_path / "calibration.json") in str(error.value)
    assert "signlet calibrate" in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("content", [b"", b"[]", b"\xff\xfe", b"[" * 100_000, b'{"format": 1}'])
def test_any_other_content_is_refused(tmp_path: Path, content: bytes) -> None:
    (written(tmp_path) / "calibration.json").write_bytes(content)
    with pytest.raises(SignletError, match=r"calibration\.json"):
        read_calibration(tmp_path)


def test_a_model_that_was_trained_on_needs_a_new_one(tmp_path: Path) -> None:
    (written(tmp_path) / "config.json").write_text('{"signs": ["b"]}')
    with pytest.raises(SignletError, match="another model"):
        read_calibration(tmp_path)


def test_reading_one_needs_numpy_only() -> None:
    heavy = "{'torch', 'scipy', 'sklearn', 'pyarrow', 'rich', 'matplotlib'}"
    code = f"import sys, signlet.calibration; assert not {heavy} & set(sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
