"""The ways of made-up signs: where the hands go, and when.

Lengths are in shoulder widths from the point between the shoulders, x to the right of the
picture, y down; the right hand is on the left of the picture.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import torch
from torch import Tensor

from benchmarks.clips.made_library import FRAMES
from benchmarks.clips.made_random import Random, Range, optional

# --- of a sign ------------------------------------------------------------------------------
START_X: Range = (-1.1, 0.45)
START_Y: Range = (-1.25, 1.1)
STAYS = 0.30
"""Share of signs whose hand stays where it is, but for what is added below."""
WAY: Range = (0.25, 1.0)
ARCS: Range = (0.3, 0.55)
"""These draws of a sign's kind go along an arc,"""
CIRCLES: Range = (0.6, 0.78)
"""these in circles, and all above to and fro;"""
ON_THE_SPOT = 0.6
"""so many of both do it on the spot."""
ARC = 0.3
RADIUS: Range = (0.08, 0.35)
SWING: Range = (0.06, 0.3)
ROUNDS = 3
"""At most."""
NEARS, NEARING = 0.4, 0.5
"""Share of signs that come nearer or go away, and how far."""
GROWS, GROWTH = 0.25, 0.2
"""Share of signs whose hand grows or shrinks on its way, as near ones look larger."""
TWO_PI = 6.2832

# --- of a clip ------------------------------------------------------------------------------
SHORTEST = 7
LIFTED = 0.45
"""Share of clips in which the hands come from rest; the same of those in which they go back."""
LIFT: Range = (0.05, 0.3)
TEMPO = 0.25
"""Spread of how early in its time a sign is half done, of its size, and of its length:"""
SIZE, LENGTH = 0.25, 0.2
PLACE, START, END = 0.07, 0.05, 0.04
"""Spread of where: of a clip, and of each hand's start and end."""
ONE_MORE = 0.3
"""Share of clips with one more round."""
REST_X: Range = (-0.9, -0.2)
REST_Y: Range = (1.4, 2.0)


@dataclass(frozen=True, eq=False)
class Paths:
    """Ways of N signs.

    start, end: (N, 2). along: (N, 2) of length 1, the direction to go or swing in. arc: (N,)
    how far it bends to the side. radius, swing: (N,) of circles, and to and fro. rounds, phase:
    (N,) of both. turning: (N,) which way round, -1 or 1. nearing, growth: (N,) until the end.
    """

    start: Tensor = field(repr=False)
    end: Tensor = field(repr=False)
    along: Tensor = field(repr=False)
    arc: Tensor = field(repr=False)
    radius: Tensor = field(repr=False)
    swing: Tensor = field(repr=False)
    rounds: Tensor = field(repr=False)
    phase: Tensor = field(repr=False)
    turning: Tensor = field(repr=False)
    nearing: Tensor = field(repr=False)
    growth: Tensor = field(repr=False)


def draw_paths(random: Random, count: int) -> Paths:
    """Ways of so many signs."""
    x, y = random.uniform(count, within=START_X), random.uniform(count, within=START_Y)
    start, kind = torch.stack([x, y], -1), random.uniform(count)
    along = random.normal(count, 2)
    along = along / along.norm(dim=-1, keepdim=True)
    way = optional(kind >= STAYS, along * random.uniform(count, 1, within=WAY))
    on_the_spot = (kind > CIRCLES[0]) & random.chance(ON_THE_SPOT, count)
    return Paths(
        start,
        start + optional(~on_the_spot, way),
        along,
        arc=optional(_within(kind, ARCS), random.normal(count) * ARC),
        radius=optional(_within(kind, CIRCLES), random.uniform(count, within=RADIUS)),
        swing=optional(kind > CIRCLES[1], random.uniform(count, within=SWING)),
        nearing=optional(random.chance(NEARS, count), random.normal(count) * NEARING),
        growth=optional(random.chance(GROWS, count), random.normal(count) * GROWTH),
        rounds=random.whole(ROUNDS, count) + 1.0,
        phase=random.uniform(count, within=(0, TWO_PI)),
        turning=torch.sign(random.normal(count)),
    )


def _within(draws: Tensor, limits: Range) -> Tensor:
    return (draws > limits[0]) & (draws < limits[1])


@dataclass(frozen=True, eq=False)
class Timing:
    """The timing of B clips.

    mask: (B, S) bool, frames that are there. done: (B, S) share of the sign that is done,
    from 0 to 1. eased: the same, in half of the clips slow at both ends. lift: (B, S) 1 where
    the hands rest, 0 where they sign.
    """

    mask: Tensor = field(repr=False)
    done: Tensor = field(repr=False)
    eased: Tensor = field(repr=False)
    lift: Tensor = field(repr=False)


def draw_timing(random: Random, clips: int) -> Timing:
    """Of so many clips."""
    length = random.whole(FRAMES + 1, clips, low=SHORTEST)[:, None]
    slot = torch.arange(FRAMES)
    time = (slot / (length - 1)).clamp(max=1.0)
    before, after = (_lift_time(random, clips) for _ in range(2))
    signing = ((time - before) / (1 - before - after)).clamp(0, 1)
    lift = torch.maximum(_resting(time, before), _resting(1 - time, after))
    done = signing ** random.factor(TEMPO, clips)[:, None]
    eased = torch.where(random.chance(0.5, clips)[:, None], done, done * done * (3 - 2 * done))
    return Timing(slot < length, done, eased, lift)


def _lift_time(random: Random, clips: int) -> Tensor:
    """(B, 1) share of the time in which the hands come or go."""
    lifted = random.chance(LIFTED, clips)
    return optional(lifted, random.uniform(clips, within=LIFT))[:, None]


def _resting(time: Tensor, until: Tensor) -> Tensor:
    """(B, S): 1 at time 0, 0 from `until` (B, 1) on."""
    return (1 - time / until.clamp(min=1e-6)).clamp(0, 1) * (until > 0)


@dataclass(frozen=True, eq=False)
class Track:
    """One hand's way in B clips: points (B, S, 2), angle (B, S) of its rounds, rest (B, 1, 2)."""

    points: Tensor = field(repr=False)
    angle: Tensor = field(repr=False)
    rest: Tensor = field(repr=False)


def draw_track(random: Random, path: Paths, timing: Timing, moved: Tensor) -> Track:
    """Ways of B clips, each a little off its sign's.

    path: of B signs. moved: (B, 2) what the whole clip is off.
    """
    clips = len(moved)
    start = path.start + random.normal(clips, 2) * START + moved
    way = path.end - path.start
    goes = way.abs().sum(-1, keepdim=True) > 0
    way = way * random.factor(LENGTH, clips, 1) + random.normal(clips, 2) * END * goes
    size = random.factor(SIZE, clips)[:, None]
    rounds = path.rounds + random.chance(ONE_MORE, clips)
    angle = (TWO_PI * rounds * path.turning)[:, None] * timing.done + path.phase[:, None]
    aside = torch.stack([-path.along[:, 1], path.along[:, 0]], -1)
    bend = path.arc[:, None] * size * torch.sin(math.pi * timing.done)
    swing = path.swing[:, None] * size * torch.sin(angle)
    circle = torch.stack([torch.cos(angle), torch.sin(angle)], -1)
    points = start[:, None] + way[:, None] * timing.eased[..., None]
    points = points + bend[..., None] * aside[:, None] + swing[..., None] * path.along[:, None]
    points = points + (path.radius[:, None] * size)[..., None] * circle
    return Track(points, angle, draw_rest(random, clips, REST_X))


def draw_rest(random: Random, clips: int, within: Range) -> Tensor:
    """(B, 1, 2): where hands hang. within: of x."""
    x, y = random.uniform(clips, within=within), random.uniform(clips, within=REST_Y)
    return torch.stack([x, y], -1)[:, None]


def lifted(points: Tensor, rest: Tensor, lift: Tensor) -> Tensor:
    """(B, S, 2) from rest and back to it."""
    return points * (1 - lift[..., None]) + rest * lift[..., None]
