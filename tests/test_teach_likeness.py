"""Likenesses and the estimate are what they are defined as, in plain loops."""

from __future__ import annotations

import time

import numpy as np
import pytest
from numpy.typing import NDArray

from signlet.modelfile.taught_fit import Examples, Expected, Similarities, fitted
from signlet.modelfile.taught_head import unit
from signlet.recognition.teaching.estimate import NONE, estimate

Rows = NDArray[np.float64]
SEEDS = range(12)


def random_examples(seed: int) -> Examples:
    """Up to 3 kept signs and 2 to 5 taught ones with 1 to 5 clips each, in any order."""
    rng = np.random.default_rng(seed)
    kept, taught = int(rng.integers(0, 4)), int(rng.integers(2, 6))
    labels = np.repeat(np.arange(kept, kept + taught), rng.integers(1, 6, taught))
    rng.shuffle(labels)
    centres = rng.normal(size=(kept + taught, 8))
    rows = unit(centres[labels] + 0.7 * rng.normal(size=(len(labels), 8)))
    return Examples(rows.astype(np.float16).astype(np.float64), labels, unit(centres[:kept]))


def likeness(row: Rows, shown: Rows) -> float:
    """(D,), (N, D) of one sign."""
    return float((unit(shown.mean(0)) @ row + (shown @ row).max()) / 2)


def shown(examples: Examples, sign: int, without: int | None = None) -> Rows:
    """(N, D) that a sign shows, maybe without one of the clips."""
    if sign < len(examples.kept):
        return examples.kept[[sign]]
    rows = np.flatnonzero(examples.labels == sign)
    return examples.embeddings[rows[rows != without]]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_clip_is_compared_with_the_mean_and_with_the_nearest_example(seed: int) -> None:
    examples = random_examples(seed)
    queries = unit(np.random.default_rng(seed).normal(size=(5, 8)))
    wanted = [
        [likeness(query, shown(examples, sign)) for sign in range(examples.signs)]
        for query in queries
    ]
    found = fitted(examples, Expected()).likeness(queries)
    assert found == pytest.approx(np.array(wanted), abs=1e-12)


@pytest.mark.parametrize("seed", SEEDS)
def test_an_example_is_left_out_of_both(seed: int) -> None:
    examples = random_examples(seed)
    found = Similarities.of(examples)
    for row, (label, embedding) in enumerate(
        zip(examples.labels, examples.embeddings, strict=True)
    ):
        rest = shown(examples, label, without=row)
        own = likeness(embedding, rest) if len(rest) else np.nan
        signs = [sign for sign in range(examples.signs) if sign != label]
        others = [likeness(embedding, shown(examples, sign)) for sign in signs]
        assert found.own[row] == pytest.approx(own, abs=1e-9, nan_ok=True)
        assert found.other[row] == pytest.approx(max(others), abs=1e-12)
        assert found.nearest[row] == signs[int(np.argmax(others))]


def read(examples: Examples, left_out: NDArray[np.bool_], clips: NDArray[np.bool_]) -> list[int]:
    """What examples say of some clips that were taught without others, taught anew."""
    rest, numbers = examples.without(left_out)
    shares, none = fitted(rest, Expected()).answers(examples.embeddings[clips])
    return np.where(none > shares.max(1), NONE, numbers[shares.argmax(1)]).tolist()


@pytest.mark.parametrize("seed", SEEDS)
def test_the_estimate_is_that_of_teaching_again_each_time(seed: int) -> None:
    examples = random_examples(seed)
    labels, rows = examples.labels, np.arange(len(examples.labels))
    who = np.random.default_rng(seed).choice(["x", "y", ""], len(rows))
    found = estimate(examples, who.tolist(), Expected())
    several = [row for row in rows if (labels == labels[row]).sum() > 1]
    said = [read(examples, rows == row, rows == row)[0] for row in several]
    if found.clips is not None:
        assert found.clips.right == (np.array(said) == labels[several]).sum()
        assert found.clips.none == said.count(NONE)
    signs = [labels == sign for sign in set(labels)]
    said = [one for rows in signs for one in read(examples, rows, rows)]
    assert found.left_out is not None
    assert found.left_out.none == said.count(NONE)
    right = 0
    for name, other in (("x", "y"), ("y", "x")):
        clips = (who == name) & np.isin(labels, labels[who == other])
        if clips.any():
            right += (np.array(read(examples, who != other, clips)) == labels[clips]).sum()
    assert (found.signers.right if found.signers else 0) == right


def test_a_thousand_clips_are_estimated_in_seconds() -> None:
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(100), 10)
    rows = unit(rng.normal(size=(100, 64))[labels] + rng.normal(size=(1000, 64)))
    who = [f"p{i % 5}" for i in range(1000)]
    begin = time.process_time()
    found = estimate(Examples(rows, labels, np.empty((0, 64))), who, Expected())
    assert time.process_time() - begin < 20  # 1 where nothing else runs
    assert found.clips is not None
    assert found.clips.right > 900
