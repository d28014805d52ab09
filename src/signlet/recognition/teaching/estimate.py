"""Accuracy of taught signs by leaving out: embeddings (N, D) in, an `Estimate` out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from signlet.modelfile.taught_fit import Examples, Expected, Integers, Likenesses, scales
from signlet.modelfile.taught_head import answered

NONE = -1
Rows = NDArray[np.bool_]
Tick = Callable[[], None]


@dataclass(frozen=True)
class Tally:
    """Clips that were read by heads which had not seen them.

    clips: how many. right: named right. none: answered none of the signs.
    """

    clips: int
    right: int
    none: int

    @property
    def wrong(self) -> int:
        """Named as another sign."""
        return self.clips - self.right - self.none


@dataclass(frozen=True)
class Estimate:
    """The accuracy of taught signs; None if there was nothing to leave out.

    clips: each clip left out in turn, where its sign has others. signers: each signer left
    out in turn, on signs that others show too. left_out: each sign left out in turn; clips that
    get a name there were accepted wrongly. people: known signers.
    """

    clips: Tally | None
    signers: Tally | None
    left_out: Tally | None
    people: int

    def as_json(self) -> dict[str, Any]:
        """For the model's description."""
        return asdict(self)


def estimate(
    examples: Examples, signers: Sequence[str], expected: Expected, tick: Tick = lambda: None
) -> Estimate:
    """Teach without each clip, each signer and each sign in turn, and read what was left out.

    signers: N names, "" unknown. The threshold is fitted again each time. tick: called after
    each of `steps`.
    """

    def tally(parts: Iterable[tuple[Rows, Rows]]) -> Tally | None:
        return _tally(found, expected, parts, tick)

    found = Likenesses.of(examples)
    who = np.array(signers, dtype=str)
    return Estimate(
        tally(_each_clip(examples)),
        tally(_each_signer(examples, who)) if _shared(examples, who) else None,
        tally(_each_sign(examples)),
        len(set(signers) - {""}),
    )


def steps(examples: Examples, signers: Sequence[str]) -> int:
    """Count how often `estimate` teaches."""
    who = np.array(signers, dtype=str)
    parts = [*_each_clip(examples), *_each_sign(examples)]
    return len(parts) + (len(list(_each_signer(examples, who))) if _shared(examples, who) else 0)


def tested_signers(examples: Examples, signers: Sequence[str]) -> int:
    """Signers of whom a clip is read when they are left out."""
    return len(list(_each_signer(examples, np.array(signers, dtype=str))))


# --- what is left out: clips not taught on, and clips that are read then ----------------------


def _each_clip(examples: Examples) -> Iterable[tuple[Rows, Rows]]:
    rows = np.arange(len(examples.labels))
    for row in np.flatnonzero(examples.counts() > 1):
        yield rows == row, rows == row


def _each_signer(examples: Examples, who: NDArray[np.str_]) -> Iterable[tuple[Rows, Rows]]:
    """Clips of unknown signers are left out every time: they may be of the same person."""
    for signer in np.unique(who[who != ""]):
        others = examples.labels[(who != signer) & (who != "")]
        read = (who == signer) & np.isin(examples.labels, others)
        if read.any():
            yield (who == signer) | (who == ""), read


def _each_sign(examples: Examples) -> Iterable[tuple[Rows, Rows]]:
    if examples.signs < 2:
        return
    for sign in np.unique(examples.labels):
        yield examples.labels == sign, examples.labels == sign


def _shared(examples: Examples, who: NDArray[np.str_]) -> bool:
    """Return True if two signers show the same sign."""
    return any(True for _ in _each_signer(examples, who))


# --- reading it -------------------------------------------------------------------------------


def _tally(
    found: Likenesses, expected: Expected, parts: Iterable[tuple[Rows, Rows]], tick: Tick
) -> Tally | None:
    clips = right = none = 0
    for left_out, read in parts:
        said = _read(found, expected, left_out, read)
        clips += len(said)
        right += int((said == found.labels[read]).sum())
        none += int((said == NONE).sum())
        tick()
    return Tally(clips, right, none) if clips else None


def _read(found: Likenesses, expected: Expected, left_out: Rows, read: Rows) -> Integers:
    """Return the answers of a head taught without some clips: the number of a sign, or NONE."""
    rest = found.without(left_out)
    shares, none = answered(rest.scores[read], *scales(rest.similarities(), expected))
    said: Integers = np.where(none > shares.max(1), NONE, shares.argmax(1))
    return said
