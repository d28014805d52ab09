"""The page refuses what Python refuses of model files, by Node on the modules of the page."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import signlet
from signlet.errors import SignletError
from signlet.modelfile import onnx_bytes
from signlet_testing import PATIENCE, browsing
from signlet_testing.clips import moving_hand
from signlet_testing.damaged_models import (
    GRAPHS,
    NO_ANSWERS,
    THIRD,
    UNIT,
    flipped,
    made,
    without_checksum,
)
from signlet_testing.handmade import handmade, write
from signlet_testing.mutations import mutate_json
from signlet_testing.teaching import WIDTH, clips, labels, tiny_card

RUNNER = Path(__file__).parent / "model_runner.mjs"
CLIP = moving_hand(1, 0, 0)


@pytest.fixture(scope="module", autouse=True)
def _libraries(tmp_path_factory: pytest.TempPathFactory) -> None:
    """onnxruntime-web, which Node finds beside the page's modules."""
    browsing.libraries(tmp_path_factory.getbasetemp().parent / "npm.lock")


def node(files: Sequence[Path], contents: Sequence[bytes] = ()) -> dict[str, Any]:
    """What the page's modules say of files, and what they make of bytes."""
    program = shutil.which("node")
    if program is None:
        assert os.environ.get(browsing.REQUIRED) != "required", "node is not installed"
        pytest.skip("node is not installed")
    clip = [None if np.isnan(number) else float(number) for number in CLIP.ravel()]
    asked = {"files": list(map(str, files)), "clip": clip, "T": len(CLIP)}
    ran = subprocess.run(
        [program, str(RUNNER), str(browsing.WEB)],
        input=json.dumps(asked | {"bytes": [content.hex() for content in contents]}),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert ran.returncode == 0, ran.stderr
    said: dict[str, Any] = json.loads(ran.stdout)
    for answer in said["answers"]:
        assert "\n" not in answer.get("error", "")
        if "error" not in answer:
            assert min(answer["probabilities"]) >= 0
            assert sum(answer["probabilities"]) <= 1.02
    return said | {"warnings": ran.stderr}


def many(folder: Path, contents: Sequence[bytes]) -> list[Path]:
    paths = [folder / f"{number}.onnx" for number in range(len(contents))]
    for path, content in zip(paths, contents, strict=True):
        path.write_bytes(content)
    return paths


def test_sums_are_python_s_with_the_browser_s_help_and_without() -> None:
    rng = np.random.default_rng(0)
    lengths = (0, 1, 3, 55, 56, 57, 63, 64, 65, 119, 120, 128, 1000, 100_003)
    contents = [rng.bytes(length) for length in lengths]
    wanted = [[hashlib.sha256(content).hexdigest()] * 2 for content in contents]
    assert node([], contents)["sums"] == wanted


def test_no_flipped_bit_changes_an_answer(teachable: Path, tmp_path: Path) -> None:
    taught = tmp_path / "taught.onnx"
    signlet.teach(teachable, clips(), labels()).save(taught)
    rng = np.random.default_rng(3)
    for source in (teachable, taught):
        content = source.read_bytes()
        files = many(tmp_path, [content, *(flipped(content, rng) for _ in range(25))])
        whole, *others = node(files)["answers"]
        assert "error" not in whole
        refused = [answer for answer in others if "error" in answer]
        assert [answer for answer in others if "error" not in answer and answer != whole] == []
        assert all(answer["error"].startswith("model: ") for answer in refused)
        assert len(refused) > 22


def test_an_older_file_opens_with_one_note(teachable: Path, tmp_path: Path) -> None:
    old = without_checksum(teachable.read_bytes())
    said = node(many(tmp_path, [old, old, teachable.read_bytes()]))
    assert said["answers"][0] == said["answers"][1] == said["answers"][2]
    assert said["warnings"].count("has no checksum") == 1


def test_what_was_taught_is_refused_as_in_python(teachable: Path, tmp_path: Path) -> None:
    taught = tmp_path / "taught.onnx"
    signlet.teach(teachable, clips(), labels()).save(taught)
    content = taught.read_bytes()
    card = json.loads(onnx_bytes.card_text(content, "m"))
    examples = card["taught"]["examples"]
    entries: list[dict[str, Any]] = [
        *({"taught": odd} for odd in (0, False, "", [], {}, 1.5, "x", [[]])),
        *({"prototypes": odd} for odd in (0, "", [], "AAAA")),
        *({"teaching": odd} for odd in (0, "x", [], {"known": 7})),
        *({"taught": card["taught"] | {"slope": odd}} for odd in (-1, 201, None, "1")),
        {"taught": card["taught"] | {"examples": examples | {"signers": ["a"]}}},
        {"taught": card["taught"] | {"examples": examples | {"labels": [0]}}},
    ]
    texts = [json.dumps(card | entry) for entry in entries]
    texts += [
        json.dumps(card)[:-1] + f', "more": {odd}}}' for odd in ("1e999", "[" * 40 + "]" * 40)
    ]
    files = many(tmp_path, [onnx_bytes.with_card(content, text) for text in texts])
    answers = node([taught, *files])["answers"]
    assert "error" not in answers[0]
    assert [a for a in answers[1:] if "is damaged (" not in a.get("error", "")] == []
    for path in files:
        with pytest.raises(SignletError, match="description is damaged"):
            signlet.load(path)


def test_cards_are_refused_or_read(teachable: Path, tmp_path: Path) -> None:
    """Sealed again, so that the checksum does not tell."""
    content = teachable.read_bytes()
    card = json.loads(onnx_bytes.card_text(content, "m"))
    texts = [mutate_json(card, np.random.default_rng(seed)) for seed in range(40)]
    texts = [text for text in texts if text.isprintable()]
    answers = node(many(tmp_path, [onnx_bytes.with_card(content, text) for text in texts]))
    refused = sum("error" in answer for answer in answers["answers"])
    assert 10 < refused < len(texts)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"signs": ["a", "b", "a"]}, "a sign appears twice"),
        ({"signs": ["a", "b", "\ud800"]}, "signs is not a list of names"),
        ({"signs": ["a", "b"]}, "is not a recogniser"),
        ({"signs": []}, "signs is not a list of names"),
        ({"embedding": 1e300}, "is not a recogniser"),
        ({"max_frames": -1}, "max_frames is -1"),
    ],
)
def test_a_card_that_cannot_be_is_refused(
    change: dict[str, Any], said: str, tmp_path: Path
) -> None:
    card = json.dumps(json.loads(tiny_card().as_json()) | change)
    path = write(tmp_path / "m.onnx", handmade(THIRD, UNIT, card))
    (answer,) = node([path])["answers"]
    assert said in answer["error"]


def test_strange_graphs_and_what_are_no_probabilities_are_refused(tmp_path: Path) -> None:
    """All that Python refuses, in one process."""
    models = {name: made() for name in GRAPHS}
    for name, model in models.items():
        GRAPHS[name](model)
    models |= {name: made(row) for name, row in NO_ANSWERS.items()}
    models |= {"no length": made(vector=(0.0,) * WIDTH), "none": made(vector=(np.nan,) * WIDTH)}
    files = [write(tmp_path / f"{n}.onnx", model) for n, model in enumerate(models.values())]
    good, *answers = node([write(tmp_path / "good.onnx", made()), *files])["answers"]
    assert np.argmax(good["probabilities"]) == 2
    answered = [name for name, a in zip(models, answers, strict=True) if "error" not in a]
    assert answered == ["an output of one clip"]  # more, the page never asks for
