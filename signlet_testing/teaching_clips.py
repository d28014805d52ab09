"""Folders of letters to teach."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from signlet.cli import main
from signlet_testing.clips import moving_hand

Capture = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def base(teachable: Path) -> Path:
    return teachable


@pytest.fixture
def mine(base: Path, clips: Path, tmp_path: Path, capsys: Capture) -> Path:
    """A file that was taught two signs."""
    path = tmp_path / "mine.onnx"
    assert main(["teach", str(base), str(clips), "-o", str(path)]) == 0
    capsys.readouterr()
    return path


@pytest.fixture
def clips(tmp_path: Path) -> Path:
    return record(tmp_path / "clips", {"hello": 0, "thanks": 1})


def record(root: Path, signs: dict[str, int], signers: tuple[str, ...] = ("anna", "ben")) -> Path:
    for sign, number in signs.items():
        (root / sign).mkdir(parents=True, exist_ok=True)
        for signer, name in enumerate(signers):
            for take in (1, 2):
                path = root / sign / f"{name}_{take}.npz"
                np.savez(path, landmarks=moving_hand(number, signer, take), fps=25.0)
    return root


def fails(arguments: list[object], words: str, capsys: Capture) -> None:
    """Exit code 2, and one line that says why."""
    assert main([str(one) for one in arguments]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    (line,) = told.err.splitlines()
    assert words in line, line
