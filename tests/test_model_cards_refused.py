"""What a card may not say: each impossible one is refused in one line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import signlet
from signlet.errors import SignletError
from signlet.modelfile import onnx_bytes
from signlet_testing.damaged_models import CALIBRATED, _noted, _one_thread, without_checksum

__all__ = ["_noted", "_one_thread"]


# --- what a card may not say ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"preprocess": [{"max_len": -1}]}, "max_len is -1"),
        ({"preprocess": [{"max_len": 10**9}]}, "max_len is 1000000000"),
        ({"preprocess": [{"max_len": True}]}, "max_len is True"),
        ({"preprocess": [{"max_len": 6.5}]}, "max_len is 6.5"),
        ({"preprocess": [{}]}, "no 'max_len'"),
        ({"preprocess": []}, "average"),
        ({"preprocess": 3}, "damaged"),
        ({"signs": []}, "0 signs"),
        ({"signs": ["a", "b", "a"]}, "the sign 'a' appears twice"),
        ({"signs": ["a", "b", ""]}, "not a list of names"),
        ({"signs": ["a", "b", "c\nd"]}, "not a list of names"),
        ({"signs": ["a", "b", None]}, "not a list of names"),
        ({"signs": {"0": "a"}}, "not a list of names"),
        ({"signs": ["a", "b"]}, "not a recogniser"),
        ({"signs": ["a", "b", "c", "d"]}, "not a recogniser"),
        ({"max_frames": 10**400}, "digits"),
        ({"embedding": 0}, "embedding is 0"),
        ({"licence": 7}, "licence is not text"),
        ({"about": 7}, "damaged"),
        ({"calibration": []}, "calibration"),
        ({"calibration": CALIBRATED.as_json() | {"temperature": -1}}, "temperature"),
        ({"prototypes": "AAAA"}, "prototypes are not"),
        ({"teaching": {"known": "x"}}, "teaching"),
    ],
)
def test_a_card_that_cannot_be_is_refused(
    change: dict[str, Any], said: str, teachable: Path, tmp_path: Path
) -> None:
    content, path = teachable.read_bytes(), tmp_path / "m.onnx"
    card = json.loads(onnx_bytes.card_text(content, "m")) | change
    path.write_bytes(onnx_bytes.with_card(content, json.dumps(card)))
    with pytest.raises(SignletError, match=said) as refused:
        signlet.load(path)
    assert str(refused.value).startswith(f"{path}: ")


def test_a_card_that_is_no_utf8_or_there_twice_is_refused(teachable: Path, tmp_path: Path) -> None:
    content, path = without_checksum(teachable.read_bytes()), tmp_path / "m.onnx"
    place = content.index(b'"recipe": "tiny"') + 12
    path.write_bytes(content[:place] + b"\xff\xfe" + content[place + 2 :])
    with pytest.raises(SignletError, match="not UTF-8"):
        signlet.load(path)
    path.write_bytes(content + onnx_bytes._entry("signlet", "{}"))
    with pytest.raises(SignletError, match="its signlet appears 2 times"):
        signlet.load(path)
