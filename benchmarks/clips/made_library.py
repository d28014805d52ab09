"""The material of made-up signs: hands, heads and shoulders of real people."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from signlet.landmarks import HEAD, PARTS

FRAMES = 16
"""S, the frames of a made-up clip at most."""
MIDDLE = 9
"""Root of the middle finger: so far from the wrist a hand's size is measured."""
_CUT = 5
"""A fifth of a clip's frames with a hand is left out at both ends, where it is on its way."""
_LEAST_FRAMES, _LEAST_KEPT = 4, 3
_SMALLEST_HAND, _NARROWEST = 1e-4, 0.05
"""A hand and shoulders below these were not found well."""
_FLAT, _USUAL_DEPTH = 0.02, 0.45
"""Depth of a hand below this share of its size is in another unit, and brought to that share."""
_FLAT_HEAD, _HEAD_DEPTH = 0.02, 0.25
"""The same of a head, in shoulder widths."""

Points = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Library:
    """Parts of real people, from M frames of hands in H clips and from N bodies.

    hands: (M, 21, 3), all as right hands, the wrist at 0, the palm 1 long. first, count: (H,),
    where each clip's hands begin and how many there are. heads: (N, S, 46, 3) and shoulders:
    (N, 2, 3), left and right, in shoulder widths from the point between them.
    """

    hands: Tensor = field(repr=False)
    first: Tensor = field(repr=False)
    count: Tensor = field(repr=False)
    heads: Tensor = field(repr=False)
    shoulders: Tensor = field(repr=False)

    @classmethod
    def of(cls, clips: Iterable[Points]) -> Library:
        """Take apart clips (T, 100, 3), NaN where not found; what was not found well is left out.

        Raises ValueError where no hand or no body is left.
        """
        hands, bodies = [], []
        for points in clips:
            sides = (_hand(points, "right_hand"), _hand(points, "left_hand"))
            hands += [hand for hand in sides if hand is not None]
            body = _body(points)
            bodies += [] if body is None else [body]
        if not hands or not bodies:
            raise ValueError("the clips have no hand or no body to make signs of")
        count = torch.tensor([len(hand) for hand in hands])
        heads, shoulders = (torch.from_numpy(np.stack(part)) for part in zip(*bodies, strict=True))
        together = torch.from_numpy(np.concatenate(hands))
        return cls(together, count.cumsum(0) - count, count, heads, shoulders)


def _hand(points: Points, side: str) -> Points | None:
    """The middle frames of a clip's hand (F, 21, 3) as a right hand of size 1."""
    hand = points[:, PARTS[side]]
    found = np.flatnonzero(~np.isnan(hand).any((1, 2)))
    if len(found) < _LEAST_FRAMES:
        return None
    cut = len(found) // _CUT
    hand = hand[found[cut : max(cut + _LEAST_KEPT, len(found) - cut)]]
    hand = hand - hand[:, :1]
    if side == "left_hand":
        hand[..., 0] *= -1
    _scale_depth(hand)
    size = np.median(np.linalg.norm(hand[:, MIDDLE], axis=-1))
    return (hand / size).astype(np.float32) if size > _SMALLEST_HAND else None


def _scale_depth(hand: Points) -> None:
    """Some recordings have depth in a much larger unit than x and y; changed in place."""
    size = np.median(np.abs(hand[..., :2]).max((1, 2)))
    depth = np.median(np.abs(hand[..., 2]).max(1))
    if 0 < depth < _FLAT * size:
        hand[..., 2] *= _USUAL_DEPTH * size / depth


def _body(points: Points) -> tuple[Points, Points] | None:
    """Head (S, 46, 3) and shoulders (2, 3) of a clip, None where one was not found."""
    shoulders = points[:, PARTS["arms"][:2]]
    seen = ~np.isnan(shoulders).any((1, 2))
    whole = np.flatnonzero(~np.isnan(points[:, HEAD]).any((1, 2)))
    if not seen.any() or len(whole) < _LEAST_KEPT:
        return None
    mean = shoulders[seen].mean(0)
    width = np.linalg.norm(mean[0, :2] - mean[1, :2])
    if width < _NARROWEST:
        return None
    times = np.linspace(0, len(whole) - 1, FRAMES).round().astype(int)
    origin = mean.mean(0)
    head = (points[whole[times]][:, HEAD] - origin) / width
    _centre_depth(head)
    mean = (mean - origin) / width
    mean[:, 2] = 0
    return head.astype(np.float32), mean.astype(np.float32)


def _centre_depth(head: Points) -> None:
    """Depth around 0, at least of a usual size; changed in place."""
    head[..., 2] -= head[..., 2].mean()
    depth = np.abs(head[..., 2]).max()
    if depth < _FLAT_HEAD:
        head[..., 2] *= _HEAD_DEPTH / max(depth, 1e-9)
