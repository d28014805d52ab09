"""Averaging: answers (N, K) of several models in, the mean of probabilities or logits out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from signlet.errors import SignletError

Kind = Literal["softmax", "logits"]
KINDS: tuple[str, ...] = get_args(Kind)
_MAX_DEPTH = 8
_LEAST = np.finfo(np.float32).tiny
"""A probability below this counts as this, so that its logarithm exists."""


def mean_probabilities(parts: Sequence[NDArray[np.float32]], kind: Kind) -> NDArray[np.float32]:
    """One answer out of several, each with equal weight.

    parts: each (N, K) float32, rows sum to 1. kind: "softmax" is the plain mean; "logits" is
    the softmax of the mean of the logarithms, which is the softmax of the mean of the logits,
    because a logarithm of a softmax is the logit less a constant of the clip.
    Returns (N, K) float32, rows sum to 1.
    """
    total = np.zeros(parts[0].shape)
    for part in parts:
        total += part if kind == "softmax" else log_probabilities(part)
    total /= len(parts)
    if kind == "logits":
        total = np.exp(total - total.max(1, keepdims=True))
        total /= total.sum(1, keepdims=True)
    return total.astype(np.float32)


def log_probabilities(probabilities: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """The logits less a constant of each clip: (N, K) -> (N, K)."""
    logits: NDArray[np.float64] = np.log(np.maximum(probabilities, _LEAST, dtype=np.float64))
    return logits


@dataclass(frozen=True)
class Average:
    """A tree: the parts of a node have the same weight, a part is a member's number or a node.

    So a run of four folds counts as much as a run of one, and an ensemble of ensembles is
    still exactly the average of what each of them says.
    """

    kind: Kind
    parts: tuple[Average | int, ...]

    @classmethod
    def plain(cls, count: int) -> Average:
        """The mean probabilities of `count` members."""
        return cls("softmax", tuple(range(count)))

    @classmethod
    def read(cls, raw: Any, count: int) -> Average:
        """From what `as_json` gave, out of an untrusted file.

        Raises SignletError if the average does not contain each of `count` members once.
        """
        average = _node(raw, _MAX_DEPTH)
        if sorted(_numbers(average)) != list(range(count)):
            raise SignletError(f"average does not hold each of the {count} members once")
        return average

    def as_json(self) -> dict[str, Any]:
        """Objects with kind and parts, for `read`."""
        return asdict(self)

    def of(self, answers: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
        """The answer of the whole: answers[m] (N, K) probabilities of member m -> (N, K)."""
        parts = [answers[p] if isinstance(p, int) else p.of(answers) for p in self.parts]
        return mean_probabilities(parts, self.kind)

    def moved(self, by: int) -> Average:
        """The same tree of members whose numbers are higher by `by`."""
        return Average(
            self.kind,
            tuple(p + by if isinstance(p, int) else p.moved(by) for p in self.parts),
        )

    def shares(self) -> dict[int, float]:
        """Each member's say, by its number; their sum is 1."""
        found: dict[int, float] = {}
        for part in self.parts:
            below = {part: 1.0} if isinstance(part, int) else part.shares()
            found |= {member: share / len(self.parts) for member, share in below.items()}
        return found


def _numbers(average: Average) -> Iterator[int]:
    for part in average.parts:
        yield from [part] if isinstance(part, int) else _numbers(part)


def _node(raw: Any, depth: int) -> Average:
    if not isinstance(raw, dict) or raw.get("kind") not in KINDS or depth == 0:
        raise SignletError(f"average is not of kind {' or '.join(KINDS)}, or nested too deeply")
    parts = raw.get("parts")
    if not isinstance(parts, list) or not parts:
        raise SignletError("average has no list of parts")
    return Average(raw["kind"], tuple(p if type(p) is int else _node(p, depth - 1) for p in parts))
