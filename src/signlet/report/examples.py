"""Examples for a report: predictions in, chosen clips with moving skeletons out."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from signlet.evaluation.faulty import Faulty
from signlet.evaluation.scores import Predictions
from signlet.pack import PackedSet
from signlet.report.skeleton import Moving

SHOWN = 6
"""Clips of each kind: named correctly, read wrong, with a problem."""
USUAL_RATE = 12.5
"""Frames per second to play where the recording's own rate is unknown."""


@dataclass(frozen=True)
class ReportExample:
    """One clip of the report; index is its place among the page's skeletons.

    problem: what is wrong with the recording, "" for nothing.
    """

    index: int
    name: str
    sign: str
    read: str
    probability: float
    right: bool
    moving: Moving
    problem: str = ""


def choose_examples(
    predictions: Predictions, packed: PackedSet, faulty: Faulty | None = None
) -> list[ReportExample]:
    """Up to six clips named correctly, from sure to unsure, and six that were not.

    The correct ones are each of another sign while there are any, the wrong ones each of another
    of the most frequent mistakes. Then come up to six of those in `faulty`, shown nowhere else.
    """
    row = {name: i for i, name in enumerate(packed.names)}
    known = np.array([i for i, name in enumerate(predictions.names) if name in row], dtype=np.int64)
    known = known[predictions.labels[known] >= 0]
    problems = {name: faulty.problem(name) if faulty else "" for name in predictions.names}
    poor = np.array([bool(problems[predictions.names[clip]]) for clip in known], dtype=bool)
    with_problem, known = known[poor], known[~poor]
    read = predictions.probabilities.argmax(1)
    right = known[read[known] == predictions.labels[known]]
    wrong = np.setdiff1d(known, right)
    chosen = [*_spread(predictions, right), *_frequent(predictions, wrong)]
    chosen += [int(clip) for clip in with_problem[:SHOWN]]
    return [
        ReportExample(
            index=index,
            name=predictions.names[clip],
            sign=predictions.signs[predictions.labels[clip]],
            read=predictions.signs[read[clip]],
            probability=float(predictions.probabilities[clip, read[clip]]),
            right=bool(read[clip] == predictions.labels[clip]),
            moving=moving(packed, row[predictions.names[clip]]),
            problem=problems[predictions.names[clip]],
        )
        for index, clip in enumerate(chosen)
    ]


def _frequent(predictions: Predictions, wrong: NDArray[np.int64]) -> list[int]:
    """The surest clip of each of the most frequent mistakes, then the surest of the rest."""
    read = predictions.probabilities[wrong].argmax(1)
    pairs = list(zip(predictions.labels[wrong].tolist(), read.tolist(), strict=True))
    often = Counter(pairs)
    sure = -predictions.probabilities[wrong].max(1, initial=0.0)
    ordered = np.argsort(sure, kind="stable").tolist()
    first = {pair: i for i in reversed(ordered) if (pair := pairs[i])}
    chosen = [first[pair] for pair in sorted(first, key=lambda pair: -often[pair])][:SHOWN]
    chosen += [i for i in ordered if i not in chosen][: SHOWN - len(chosen)]
    return [int(wrong[i]) for i in chosen]


def _spread(predictions: Predictions, clips: NDArray[np.int64]) -> list[int]:
    sure = predictions.probabilities[clips].max(1, initial=0.0)
    ordered = [int(clip) for clip in clips[np.argsort(-sure, kind="stable")]]
    if len(ordered) <= SHOWN:
        return ordered
    chosen: list[int] = []
    signs: set[int] = set()
    for place in np.linspace(0, len(ordered) - 1, SHOWN).round().astype(int):
        near = sorted(set(ordered) - set(chosen), key=lambda clip: abs(ordered.index(clip) - place))
        clip = next((c for c in near if int(predictions.labels[c]) not in signs), near[0])
        chosen.append(clip)
        signs.add(int(predictions.labels[clip]))
    return chosen


def moving(packed: PackedSet, row: int) -> Moving:
    """The kept frames of a packed clip, at the rate that gives its real duration."""
    start, length = int(packed.offsets[row]), int(packed.lengths[row])
    points = np.array(packed.frames[start : start + length], dtype=np.float32)
    raw_frames, fps = (packed.index[column][row].as_py() for column in ("raw_frames", "fps"))
    known = bool(fps) and bool(raw_frames)
    rate = fps * length / raw_frames if known else USUAL_RATE
    return Moving(points, float(np.clip(rate, 4, 60)))
