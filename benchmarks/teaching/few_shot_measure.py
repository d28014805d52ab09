"""From answers to figures in `few_shot.py`: means over draws, and intervals over signers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.teaching.few_shot_data import Clips, Integers, Numbers
from benchmarks.teaching.few_shot_methods import Method, Reading
from benchmarks.teaching.few_shot_plan import FEW, REJECTION, SAME, Episode, Setting

RESAMPLES = 1000
INTERVAL = (2.5, 97.5)


@dataclass(frozen=True)
class Figure:
    """A value and its 95 % interval. measure: what it is."""

    measure: str
    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Measured:
    """The results of one method in one setting. clips: the number tested."""

    figures: tuple[Figure, ...]
    signers: int
    signs: int
    clips: int


def measure(method: Method, clips: Clips, setting: Setting, seed: int) -> Measured:
    rng = np.random.default_rng(seed)
    readings = [_read(method, clips, episode) for episode in setting.episodes]
    tested = np.unique(np.concatenate([episode.tested for episode in setting.episodes]))
    if setting.name == REJECTION:
        figures = _rejection(clips, setting.episodes, readings, rng)
    else:
        figures = _accuracy(clips, setting, readings, rng)
    return Measured(
        tuple(figures),
        len(np.unique(clips.signers[tested])),
        len(np.unique(clips.labels[tested])),
        len(tested),
    )


def _read(method: Method, clips: Clips, episode: Episode) -> Reading:
    rows = np.concatenate([episode.tested, episode.unknown])
    return method.read(episode.shown, clips.labels[episode.shown], rows)


def _figure(measure: str, value: float, resampled: Numbers) -> Figure:
    low, high = np.nanpercentile(resampled, INTERVAL)
    return Figure(measure, float(value), float(low), float(high))


def _weights(rng: np.random.Generator, count: int) -> Numbers:
    """(1 + RESAMPLES, count): how often each of `count` is there; the first row is all once."""
    drawn = rng.multinomial(count, np.full(count, 1 / count), RESAMPLES)
    return np.concatenate([np.ones((1, count)), drawn])


# --- which sign -------------------------------------------------------------------------------


def _accuracy(
    clips: Clips, setting: Setting, readings: list[Reading], rng: np.random.Generator
) -> Iterator[Figure]:
    right, total = _tally(clips, setting, readings)
    if setting.name in (SAME, FEW):
        own = right.sum((0, 2)) / total.sum((0, 2))
        weights = _weights(rng, len(own))
        means = weights @ own / weights.sum(1)
        yield _figure("top1", means[0], means[1:])
        return
    draws, signers = _weights(rng, len(right)), _weights(rng, right.shape[1])
    rights, totals = (_resampled(part, draws, signers) for part in (right, total))
    top1 = _share(rights.sum(1), totals.sum(1))
    recalls = _share(rights, totals)
    balanced = _share(np.nansum(recalls, axis=1), (totals > 0).sum(1))
    yield _figure("top1", top1[0], top1[1:])
    yield _figure("balanced", balanced[0], balanced[1:])


def _tally(clips: Clips, setting: Setting, readings: list[Reading]) -> tuple[Numbers, Numbers]:
    """Clips that were named right, and all of them: (draws, signers, signs) of those tested."""
    rows = np.concatenate([episode.tested for episode in setting.episodes])
    sizes = [len(episode.tested) for episode in setting.episodes]
    draws = np.repeat([episode.draw for episode in setting.episodes], sizes)
    said = np.concatenate([reading.said for reading in readings])
    who, signers = np.unique(clips.signers[rows], return_inverse=True)
    which, signs = np.unique(clips.labels[rows], return_inverse=True)
    total = np.zeros((setting.draws, len(who), len(which)))
    right = np.zeros_like(total)
    np.add.at(total, (draws, signers, signs), 1)
    np.add.at(right, (draws, signers, signs), said == clips.labels[rows])
    return right, total


def _resampled(counts: Numbers, draws: Numbers, signers: Numbers) -> Numbers:
    """(D, S, K) counts -> (R, K), weighted by (R, D) and (R, S)."""
    by_draw = (draws @ counts.reshape(len(counts), -1)).reshape(len(draws), *counts.shape[1:])
    return (by_draw * signers[:, :, None]).sum(1)


def _share(part: Numbers, whole: Numbers) -> Numbers:
    """NaN where there is nothing."""
    return np.divide(part, whole, out=np.full_like(part, np.nan), where=whole > 0)


# --- none of the signs ------------------------------------------------------------------------


def _rejection(
    clips: Clips, episodes: tuple[Episode, ...], readings: list[Reading], rng: np.random.Generator
) -> Iterator[Figure]:
    rows = np.concatenate([np.concatenate([e.tested, e.unknown]) for e in episodes])
    known = np.concatenate(
        [np.arange(len(e.tested) + len(e.unknown)) < len(e.tested) for e in episodes]
    )
    best = np.concatenate([reading.best for reading in readings])
    who, signers = np.unique(clips.signers[rows], return_inverse=True)
    weights = _weights(rng, len(who))
    wins, pairs = _wins(best, known, signers, len(who))
    pooled = np.einsum("rs,st,rt->r", weights, wins, weights, optimize=True)
    pooled /= np.einsum("rs,st,rt->r", weights, pairs, weights, optimize=True)
    yield _figure("auroc_pooled", pooled[0], pooled[1:])
    yield _mean("auroc_own", _share(wins.diagonal(), pairs.diagonal()), weights)
    refusals = [reading.refused for reading in readings if reading.refused is not None]
    if refusals:
        refused = np.concatenate(refusals)
        for name, chosen, counted in (
            ("known_refused", known, refused),
            ("unknown_accepted", ~known, ~refused),
        ):
            part, whole = (
                np.bincount(signers[mask], minlength=len(who)).astype(np.float64)
                for mask in (chosen & counted, chosen)
            )
            yield _mean(name, _share(part, whole), weights)


def _mean(name: str, own: Numbers, weights: Numbers) -> Figure:
    """Of the signers' own values."""
    there = ~np.isnan(own)
    means = _share(weights[:, there] @ own[there], weights[:, there].sum(1))
    return _figure(name, means[0], means[1:])


def _wins(
    best: Numbers, known: NDArray[np.bool_], signers: Integers, count: int
) -> tuple[Numbers, Numbers]:
    """(S, S) how often a known clip of s is nearer than an unknown one of t; and of how many.

    Equal ones count half.
    """
    inside = [best[known & (signers == s)] for s in range(count)]
    outside = [np.sort(best[~known & (signers == s)]) for s in range(count)]
    everything, starts = np.concatenate(inside), np.cumsum([0, *map(len, inside)])[:-1]
    wins = np.empty((count, count))
    for t, sorted_ in enumerate(outside):
        places = [np.searchsorted(sorted_, everything, side) for side in ("left", "right")]
        below = np.append((places[0] + places[1]) / 2, 0.0)
        sums = np.add.reduceat(below, np.minimum(starts, len(everything)))
        wins[:, t] = np.where([len(part) > 0 for part in inside], sums, 0.0)
    sizes = [np.array([len(part) for part in parts], np.float64) for parts in (inside, outside)]
    return wins, np.outer(*sizes)
