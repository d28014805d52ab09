"""Taught models of the tiny base."""

from __future__ import annotations

from pathlib import Path

import pytest

import signlet
from signlet.recognition.recogniser import Recogniser
from signlet_testing.teaching import clips, labels, people


@pytest.fixture(scope="module")
def base(teachable: Path) -> Path:
    return teachable


@pytest.fixture(scope="module")
def taught(base: Path) -> Recogniser:
    return signlet.teach(base, clips(), labels(), signers=people())


def assert_same_answers(one: Recogniser, other: Recogniser, tolerance: float = 1e-6) -> None:
    assert one.signs == other.signs
    for said, wanted in zip(one.batch(clips()), other.batch(clips()), strict=True):
        assert said.probabilities == pytest.approx(wanted.probabilities, abs=tolerance)
        assert said.none == pytest.approx(wanted.none, abs=tolerance)
