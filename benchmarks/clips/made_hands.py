"""The hand shapes of made-up signs: real hands, turned, and changed from one into another."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor

from benchmarks.clips.made_library import FRAMES, Library
from benchmarks.clips.made_paths import Timing
from benchmarks.clips.made_random import Random, Range, optional

# --- of a sign ------------------------------------------------------------------------------
KEEPS = 0.5
"""Share of signs that end with the hand shape that they begin with."""
TURN = (0.6, 0.9, 1.2)
"""Largest angles around x, y and z in radians."""
TURNS, TURNING = 0.35, (0.4, 0.8, 0.9)
"""Share of signs that turn the hand on the way, and by how much."""
TWISTS, TWIST = 0.15, (0.2, 0.5, 0.4)
"""Share of signs that turn the hand to and fro, and by how much."""
THERE_AND_BACK = 0.2
"""Share of signs that change the shape in each round, not once."""

# --- of a clip ------------------------------------------------------------------------------
HALFWAY: Range = (0.35, 0.65)
"""The time at which the shape changes,"""
SUDDEN = 12
"""and how fast."""
OFF_TURN, STRETCH, OFF_POINT, TREMBLE = 0.14, 0.06, 0.025, 0.02
"""Spread in a clip of angles, of the size along each axis, of each point, and of each point in
each frame."""


@dataclass(frozen=True, eq=False)
class Hands:
    """Hand shapes of N signs.

    start, end: (N,) clips of the library. turn, turn_end, twist: (N, 3) angles around x, y, z.
    there_and_back: (N,) bool.
    """

    start: Tensor = field(repr=False)
    end: Tensor = field(repr=False)
    turn: Tensor = field(repr=False)
    turn_end: Tensor = field(repr=False)
    twist: Tensor = field(repr=False)
    there_and_back: Tensor = field(repr=False)


def draw_hands(random: Random, count: int, clips: int) -> Hands:
    """Hand shapes of so many signs. clips: in the library."""
    start = random.whole(clips, count)
    end = torch.where(random.chance(KEEPS, count), start, random.whole(clips, count))
    turn = random.uniform(count, 3, within=(-1, 1)) * torch.tensor(TURN)
    turns = random.chance(TURNS, count)
    turned = optional(turns, random.normal(count, 3) * torch.tensor(TURNING))
    twists = random.chance(TWISTS, count)
    twist = optional(twists, random.normal(count, 3) * torch.tensor(TWIST))
    back = random.chance(THERE_AND_BACK, count)
    return Hands(start, end, turn, turn + turned, twist, back)


def draw_shapes(
    random: Random, library: Library, hands: Hands, timing: Timing, angle: Tensor
) -> Tensor:
    """Right hands (B, S, 21, 3) around their wrist, with palms about 1 long.

    hands: of B signs. angle: (B, S) of the rounds on the hand's way.
    """
    clips = len(angle)
    first, last = (_picked(random, library, which) for which in (hands.start, hands.end))
    halfway = random.uniform(clips, within=HALFWAY)[:, None]
    once = torch.sigmoid((timing.done - halfway) * SUDDEN)
    again = 0.5 - 0.5 * torch.cos(angle)
    share = torch.where(hands.there_and_back[:, None], again, once)[..., None, None]
    shape = first[:, None] * (1 - share) + last[:, None] * share
    eased = timing.eased[..., None]
    turn = hands.turn[:, None] * (1 - eased) + hands.turn_end[:, None] * eased
    turn = turn + random.normal(clips, 1, 3) * OFF_TURN
    turn = turn + hands.twist[:, None] * torch.sin(angle)[..., None]
    shape = shape * (1 + STRETCH * random.normal(clips, 1, 1, 3))
    shape = shape + random.normal(clips, 1, 21, 3) * OFF_POINT
    return shape @ rotation(turn).mT + random.normal(clips, FRAMES, 21, 3) * TREMBLE


def _picked(random: Random, library: Library, clips: Tensor) -> Tensor:
    """(B, 21, 3): one of the hands of each clip (B,) of the library."""
    count = library.count[clips]
    return library.hands[library.first[clips] + (random.uniform(len(clips)) * count).long()]


def rotation(angles: Tensor) -> Tensor:
    """Angles (..., 3) around x, then y, then z -> matrices (..., 3, 3)."""
    x, y, z = angles.unbind(-1)
    cos, sin, zero, one = torch.cos, torch.sin, torch.zeros_like(x), torch.ones_like(x)

    def matrix(*entries: Tensor) -> Tensor:
        return torch.stack(entries, -1).reshape(*x.shape, 3, 3)

    around_x = matrix(one, zero, zero, zero, cos(x), -sin(x), zero, sin(x), cos(x))
    around_y = matrix(cos(y), zero, sin(y), zero, one, zero, -sin(y), zero, cos(y))
    around_z = matrix(cos(z), -sin(z), zero, sin(z), cos(z), zero, zero, zero, one)
    return around_z @ around_y @ around_x
