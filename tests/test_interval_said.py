"""What a table says of the interval over signers: of one or two there is none."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console

from signlet.evaluation.predictions import Predictions
from signlet.evaluation.scores import interval_said, print_scores, score, signer_interval
from signlet.evaluation.verdict import verdict


def _predictions(signers: int) -> Predictions:
    who = [f"s{n % signers}" for n in range(12)]
    sure = np.tile(np.array([[0.9, 0.1]], np.float32), (12, 1))
    sure[::5] = [0.1, 0.9]
    return Predictions(
        names=[*map(str, range(12))],
        signers=who,
        labels=np.zeros(12, np.int64),
        folds=np.zeros(12, np.int64),
        probabilities=sure,
        signs=("a", "b"),
    )


@pytest.mark.parametrize(("signers", "words"), [(1, "one signer"), (2, "two signers")])
def test_of_one_or_two_signers_their_number_is_printed(signers: int, words: str) -> None:
    console = Console(width=200, record=True)
    print_scores({"soup": _predictions(signers)}, console)
    assert words in console.export_text()
    assert np.isnan(score(_predictions(signers)).low)


@pytest.mark.parametrize("signers", [3, 4, 12])
def test_of_more_there_is_an_interval(signers: int) -> None:
    found = score(_predictions(signers))
    assert found.low <= found.top1 <= found.high
    assert interval_said(found.low, found.high, signers) == f"{found.low:.3f}-{found.high:.3f}"


def test_where_their_number_is_not_at_hand_it_is_left_open() -> None:
    assert interval_said(*signer_interval(np.ones(4, bool), list("aabb"))) == "1-2 signers"


def test_the_verdict_does_not_speak_of_an_interval_that_is_not_there() -> None:
    assert "expect" not in verdict(_predictions(2)).result
    assert "Only 2 people were tested" in verdict(_predictions(2)).audience[0]


def test_the_interval_of_signers_that_score_alike_is_not_of_width_zero() -> None:
    right = replace(_predictions(3), probabilities=np.tile(np.float32([0.9, 0.1]), (12, 1)))
    found = score(right)
    assert found.top1 == found.high == 1
    assert 0.7 < found.low < 0.8  # Wilson's of 12 of 12 is 0.757


def test_verdict_and_tables_have_one_interval() -> None:
    tested = _predictions(4)
    found, said = score(tested), verdict(tested).accuracy
    assert said is not None
    assert (said.low, said.high) == (found.low, found.high)
