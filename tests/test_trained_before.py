"""evaluate --data says how many of the clips the run's model was trained on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from signlet.pack import PackedSet, pack
from signlet.runs.trained_before import trained_before, trained_before_note
from signlet.sources import open_source
from signlet_testing import miniatures as mini


def clips(root: Path, takes: range, split: str = "") -> Path:
    for take in takes:
        for sign, word in enumerate(("hello", "bye")):
            mini.clip(root / split / word / f"anna_{take}.npz", sign, 0, take)
    return root


def packed(where: Path, out: Path, dtype: Any = "float32") -> PackedSet:
    return pack(open_source(where), out, 8, jobs=1, dtype=dtype)


def run_of(where: Path, run: Path, dtype: str = "float32", **about: object) -> Path:
    packed(where, run / "packed", dtype)
    (run / "config.json").write_text(json.dumps({"about": about}), encoding="utf-8")
    return run


@pytest.mark.parametrize("dtype", ["float32", "float16"])
@pytest.mark.parametrize(
    ("takes", "said"),
    [
        (range(3), "6 of these 6 clips are among"),
        (range(2, 4), "2 of these 4 clips are among"),
        (range(3, 5), "the model was trained on none of these clips"),
    ],
)
def test_clips_of_the_run_are_counted(tmp_path: Path, takes: range, said: str, dtype: str) -> None:
    run = run_of(clips(tmp_path / "own", range(3)), tmp_path / "run", dtype, folds=[0, 1])
    other = packed(clips(tmp_path / "other", takes), tmp_path / "other.packed")
    assert trained_before_note(trained_before(run, other)).startswith(said)


@pytest.mark.parametrize(
    ("about", "said"),
    [
        ({"split": "test", "folds": [0]}, "the model was trained on none of these"),
        ({"split": "test", "folds": [0], "trained_on": "all clips"}, "4 of these 4"),
    ],
)
def test_a_split_that_was_held_out_was_not_trained_on(
    tmp_path: Path, about: dict[str, object], said: str
) -> None:
    own = tmp_path / "own"
    clips(own, range(2), "train")
    clips(own, range(2, 4), "test")
    run = run_of(own, tmp_path / "run", **about)
    for part, words in (("test", said), ("train", "4 of these 4")):
        other = packed(own / part, tmp_path / f"{part}.packed")
        assert trained_before_note(trained_before(run, other)).startswith(words)


def test_nothing_is_said_where_nobody_can_know(tmp_path: Path) -> None:
    other = packed(clips(tmp_path / "other", range(2)), tmp_path / "other.packed")
    assert trained_before(tmp_path / "model.onnx", other) is None
    run = run_of(tmp_path / "other", tmp_path / "run")
    (run / "packed" / "index.parquet").write_bytes(b"PAR1")
    assert trained_before(run, other) is None
    assert trained_before_note(None) == ""
