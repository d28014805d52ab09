"""Damage that no checksum tells: a file is refused in one line, or answers with probabilities."""

from __future__ import annotations

import json
import struct
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

import signlet
from signlet.errors import SignletError
from signlet.files.json_text import parsed
from signlet.model.files import CONFIG, WEIGHTS, ModelFile
from signlet.modelfile import checksum, onnx_bytes
from signlet.modelfile.averaging import Average
from signlet.modelfile.calibration import CALIBRATION
from signlet.recognition.recogniser import Recogniser
from signlet.runtimes.torch import TorchRuntime
from signlet_testing.damaged_models import (
    CLIP,
    _noted,
    _one_thread,
    folder,
    outcome,
    taught,
    without_checksum,
)
from signlet_testing.mutations import mutate, mutate_json
from signlet_testing.teaching import OWN, tiny_model

__all__ = ["_noted", "_one_thread", "folder", "taught"]


# --- damage that no checksum tells ------------------------------------------------------------


def test_older_files_are_refused_or_answer_with_probabilities(
    teachable: Path, tmp_path: Path
) -> None:
    content, path = without_checksum(teachable.read_bytes()), tmp_path / "old.onnx"
    for seed in range(60):
        path.write_bytes(mutate(content, np.random.default_rng(seed)))
        outcome(path)


def test_cards_are_refused_or_read(teachable: Path, taught: Path, tmp_path: Path) -> None:
    """Sealed again, so that the checksum does not tell."""
    path, found = tmp_path / "m.onnx", Counter[bool]()
    for source in (teachable, taught):
        content = source.read_bytes()
        card = json.loads(onnx_bytes.card_text(content, "m"))
        for seed in range(60):
            text = mutate_json(card, np.random.default_rng(seed))
            try:
                text.encode()
            except UnicodeEncodeError:
                continue
            path.write_bytes(onnx_bytes.with_card(content, text))
            found[outcome(path) is None] += 1
    assert min(found[True], found[False]) > 1


def outcomes(folder: Path, name: str, seeds: int) -> Counter[bool]:
    """How often the folder is refused and read with a file without checksum, damaged so often."""
    content, found = json.loads((folder / name).read_text()), Counter[bool]()
    del content[checksum.NAME]
    for seed in range(seeds):
        text = mutate_json(content, np.random.default_rng(seed))
        (folder / name).write_bytes(text.encode("utf-8", "surrogatepass"))
        found[outcome(folder) is None] += 1
    return found


def test_configurations_are_refused_or_read(folder: Path) -> None:
    (folder / CALIBRATION).unlink()
    found = outcomes(folder, CONFIG, 60)
    assert min(found[True], found[False]) > 1


def test_calibrations_are_refused_or_read(folder: Path) -> None:
    found = outcomes(folder, CALIBRATION, 50)
    assert min(found[True], found[False]) > 0


def test_a_model_in_torch_that_fails_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where the memory does not suffice."""
    runtime = TorchRuntime(ModelFile(OWN, (tiny_model(),), Average.plain(1)), name="run")

    def fails(*_: Any) -> None:
        raise RuntimeError("[enforce fail at alloc_cpu.cpp:114] not enough memory\nmore of it")

    monkeypatch.setattr(type(tiny_model()), "features", fails)
    with pytest.raises(SignletError, match=r"^run: cannot be run \(.*memory\)") as refused:
        Recogniser(runtime)(CLIP)
    assert "\n" not in str(refused.value)


def test_weights_are_refused_or_read(folder: Path) -> None:
    config = json.loads((folder / CONFIG).read_text())
    del config[checksum.NAME]
    (folder / CALIBRATION).unlink()
    (folder / CONFIG).write_text(json.dumps(config))
    content = (folder / WEIGHTS).read_bytes()
    for seed in range(40):
        (folder / WEIGHTS).write_bytes(mutate(content, np.random.default_rng(seed)))
        outcome(folder)


def header(content: bytes) -> dict[str, Any]:
    length = struct.unpack("<Q", content[:8])[0]
    return json.loads(content[8 : 8 + length])


def with_header(content: bytes, new: Any, length: int | None = None) -> bytes:
    old = struct.unpack("<Q", content[:8])[0]
    text = new if isinstance(new, bytes) else json.dumps(new).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + content[8 + old :]


HEADERS: dict[str, Callable[[bytes], bytes]] = {
    "huge length": lambda c: with_header(c, header(c), 1 << 62),
    "length beyond": lambda c: with_header(c, header(c), len(c) + 1),
    "no length": lambda c: c[:5],
    "no json": lambda c: with_header(c, b"{" * 4000),
    "deep": lambda c: with_header(c, b'{"a":' * 3000 + b"1" + b"}" * 3000),
    "overlap": lambda c: with_header(
        c, {name: one | {"data_offsets": [0, 4]} for name, one in header(c).items()}
    ),
    "offsets beyond": lambda c: with_header(
        c, {name: one | {"data_offsets": [0, 1 << 40]} for name, one in header(c).items()}
    ),
    "huge shape": lambda c: with_header(
        c, {name: one | {"shape": [1 << 40, 1 << 40]} for name, one in header(c).items()}
    ),
    "negative shape": lambda c: with_header(
        c, {name: one | {"shape": [-4]} for name, one in header(c).items()}
    ),
    "unknown type": lambda c: with_header(
        c, {name: one | {"dtype": "F7"} for name, one in header(c).items()}
    ),
    "whole numbers": lambda c: with_header(
        c, {name: one | {"dtype": "I32"} for name, one in header(c).items()}
    ),
    "empty": lambda c: b"",
}


@pytest.mark.parametrize("how", HEADERS)
def test_headers_of_weights_are_refused(folder: Path, how: str) -> None:
    config = json.loads((folder / CONFIG).read_text())
    del config[checksum.NAME]
    (folder / CALIBRATION).unlink()
    (folder / CONFIG).write_text(json.dumps(config))
    content = (folder / WEIGHTS).read_bytes()
    (folder / WEIGHTS).write_bytes(HEADERS[how](content))
    assert outcome(folder) is None


@pytest.mark.parametrize("how", ["one more", "another member's", "one less", "whole numbers"])
def test_weights_that_do_not_fit_are_refused(folder: Path, how: str) -> None:
    config = json.loads((folder / CONFIG).read_text())
    del config[checksum.NAME]
    (folder / CALIBRATION).unlink()
    (folder / CONFIG).write_text(json.dumps(config))
    tensors = load_file(folder / WEIGHTS)
    name = "0.logits.bias"
    changes: dict[str, dict[str, torch.Tensor]] = {
        "one more": {**tensors, "0.more": torch.zeros(2)},
        "another member's": {**tensors, "1.logits.bias": torch.zeros(3)},
        "one less": {key: one for key, one in tensors.items() if key != name},
        "whole numbers": {**tensors, name: torch.zeros(3, dtype=torch.int32)},
    }
    save_file(changes[how], folder / WEIGHTS)
    with pytest.raises(SignletError, match=r"copy both files again"):
        signlet.load(folder)


@pytest.mark.parametrize(
    ("literal", "said"),
    [
        ("1e999", "too large"),
        ("-1e999", "too large"),
        ("NaN", "NaN"),
        ("-Infinity", "-Infinity"),
        ("9" * 400, "400 digits"),
        ("9" * 5000, "5000 digits"),
        ("[" * 40 + "]" * 40, "deeper than 32"),
        ("[" * 100_000, "deeper than 32"),
        ('"\\ud83d"', "half of a character"),
    ],
)
def test_json_that_other_programs_cannot_hold_is_refused(literal: str, said: str) -> None:
    for text in (literal, f'{{"a": [1, {literal}]}}'):
        with pytest.raises(ValueError, match=said):
            parsed(text)


def test_json_that_is_allowed_is_read() -> None:
    deep = "[" * 20 + "]" * 20
    text = f'{{"é": [1.5, -3, true, null, "\\ud83d\\ude00"], "deep": {deep}}}'
    assert parsed(text.encode())["é"] == [1.5, -3, True, None, "😀"]
