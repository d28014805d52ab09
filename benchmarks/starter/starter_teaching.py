"""The expected likenesses of an encoder, measured on people who show several signs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import logsumexp

from benchmarks.clips.real_clips import IDLE, RealClip, words
from benchmarks.starter.encoder_training import embedded, numbered
from signlet.model import SignModel
from signlet.modelfile.taught_fit import Examples, Expected, Similarities, fitted

SCALES = (2.0, 100.0)
"""Of the softmax; the best one within is taken."""

Numbers = NDArray[np.float64]


def expected(encoder: SignModel, folder: Path, groups: Iterable[str]) -> tuple[Expected, int]:
    """Measured on groups of the words, each with its own signs, and on how many groups.

    A group counts where it shows two signs, and one of them twice. All groups count alike,
    however many clips they have. There are at most three clips of a sign by a group.
    """
    people = [
        examples
        for clips in _by_signer(words(folder, groups))
        if _enough(examples := _examples(encoder, clips))
    ]
    seen = [Similarities.of(one) for one in people]
    known, unknown = [one.known() for one in seen], [one.unknown() for one in seen]
    high, low = (float(np.mean([one.mean() for one in rows])) for rows in (known, unknown))
    squares = [np.square(one - high).mean() for one in known]
    squares += [np.square(one - low).mean() for one in unknown]
    spread = float(np.sqrt(np.mean(squares)))
    numbers = (high, low, spread, best_scale(people))
    return Expected(*(round(number, 4) for number in numbers)), len(people)


def _by_signer(clips: Sequence[RealClip]) -> list[list[RealClip]]:
    found: dict[str, list[RealClip]] = defaultdict(list)
    for clip in clips:
        if clip.sign != (IDLE,):
            found[clip.signer].append(clip)
    return list(found.values())


def _examples(encoder: SignModel, clips: Sequence[RealClip]) -> Examples:
    rows = embedded(encoder, clips).double().numpy()
    return Examples(rows, numbered(clips), rows[:0])


def _enough(examples: Examples) -> bool:
    return examples.signs > 1 and int(examples.counts().max()) > 1


def best_scale(people: Sequence[Examples]) -> float:
    """Scale of the softmax with the lowest log loss of clips that are left out in turn."""
    liker = [_liker(examples) for examples in people]

    def loss(scale: float) -> float:
        return float(np.mean([logsumexp(scale * one, axis=1).mean() for one in liker]))

    return float(minimize_scalar(loss, bounds=SCALES, method="bounded").x)


def _liker(examples: Examples) -> Numbers:
    """(left out, K): how much liker each sign than its own one a clip is that was left out."""
    rows, found = np.arange(len(examples.labels)), []
    for row in np.flatnonzero(examples.counts() > 1):
        rest, signs = examples.without(rows == row)
        shares, _ = fitted(rest, Expected(scale=1.0)).answers(examples.embeddings[[row]])
        likeness = np.log(shares[0])
        found.append(likeness - likeness[signs == examples.labels[row]])
    return np.stack(found)
