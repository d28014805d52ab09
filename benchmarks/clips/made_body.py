"""The people of made-up signs: heads, shoulders and arms, the camera, and what it loses."""

from __future__ import annotations

import torch
from torch import Tensor

from benchmarks.clips.made_library import FRAMES, Library
from benchmarks.clips.made_random import Random, Range
from signlet.landmarks import HEAD, NUM_SELECTED, PARTS

# --- arms -----------------------------------------------------------------------------------
HEAD_SIZE, HEAD_PLACE = 0.06, 0.05
"""Spread of both along each axis."""
UPPER_ARM, ARM_SPREAD = 0.95, 0.1
BENT: Range = (0.4, 1.0)
"""The share of its room that an elbow takes sideways in the picture."""
ELBOW_DEPTH = 0.4
"""Share of the wrist's depth."""
FINGERS = (18, 6, 3)
"""Points of a hand where the pose has its little finger, index finger and thumb."""
ARM_NOISE = 0.015
LOWEST: Range = (1.1, 2.4)
"""Bottom of the picture: in half of the clips, points of the pose below it are not found."""

# --- camera ---------------------------------------------------------------------------------
YAW, ROLL, PIXELS = 0.18, 0.06, 0.006
"""Spread of the camera's turns in radians, and of every point in every frame."""
NO_FACE, NO_POSE = 0.3, 0.25
"""Share of clips in which there is none."""
LOSING, LOST = 0.35, 0.25
"""Share of the clips with two hands in which one of them gets lost, and in how many frames."""

_NAN = float("nan")


def draw_bodies(random: Random, library: Library, clips: int) -> tuple[Tensor, Tensor]:
    """Heads (B, S, 46, 3) and shoulders (B, 2, 3) of real people."""
    who = random.whole(len(library.heads), clips)
    heads = library.heads[who] * torch.exp(random.normal(clips, 1, 1, 3) * HEAD_SIZE)
    heads = heads + random.normal(clips, 1, 1, 3) * HEAD_PLACE
    return heads, library.shoulders[who]


def draw_arms(
    random: Random, shoulders: Tensor, wrists: tuple[Tensor, Tensor], hands: tuple[Tensor, Tensor]
) -> Tensor:
    """The pose's twelve points of both arms, (B, S, 12, 3), NaN below the picture.

    shoulders: (B, 2, 3). wrists: left and right, (B, S, 3). hands: around them, (B, S, 21, 3).
    """
    clips = len(shoulders)
    length = UPPER_ARM * random.factor(ARM_SPREAD, clips)[:, None]
    sides = [shoulders[:, None, side].expand(-1, FRAMES, -1) for side in (0, 1)]
    right = _elbow(random, sides[1], wrists[1], length)
    left = _elbow(random, sides[0], wrists[0], length)
    points = [*sides, left, right, *wrists]
    for finger in FINGERS:
        points += [w + hand[:, :, finger] for w, hand in zip(wrists, hands, strict=True)]
    arms = torch.stack(points, 2) + random.normal(clips, FRAMES, 12, 3) * ARM_NOISE
    low = arms[..., 1] > random.uniform(clips, 1, 1, within=LOWEST)
    arms[low & random.chance(0.5, clips, 1, 1)] = _NAN
    return arms


def _elbow(random: Random, shoulder: Tensor, wrist: Tensor, length: Tensor) -> Tensor:
    """(B, S, 3): below the line from shoulder to wrist. length: (B, 1) of the upper arm."""
    way = (wrist - shoulder)[..., :2]
    far = way.norm(dim=-1).clamp(min=0.05)
    room = (length**2 - (far / 2) ** 2).clamp(min=0.01).sqrt()
    aside = torch.stack([-way[..., 1], way[..., 0]], -1) / far[..., None]
    down = aside * torch.sign(aside[..., 1:] + 1e-6)
    bent = room * random.uniform(len(way), 1, within=BENT)
    flat = (shoulder + wrist)[..., :2] / 2 + bent[..., None] * down
    return torch.cat([flat, wrist[..., 2:] * ELBOW_DEPTH], -1)


def together(left: Tensor, right: Tensor, heads: Tensor, arms: Tensor) -> Tensor:
    """The parts as the 100 points of the model's layout, (B, S, 100, 3)."""
    frames = heads.new_empty(*heads.shape[:2], NUM_SELECTED, 3)
    parts = {"left_hand": left, "right_hand": right, "arms": arms}
    for name, part in parts.items():
        frames[:, :, PARTS[name]] = part
    frames[:, :, HEAD] = heads
    return frames


def filmed(random: Random, frames: Tensor) -> Tensor:
    """Seen by a camera that is turned a little, with noise. frames: (B, S, 100, 3)."""
    clips = len(frames)
    x, y, z = frames.unbind(-1)
    yaw = (random.normal(clips) * YAW)[:, None, None]
    x = x * torch.cos(yaw) + z * torch.sin(yaw)
    roll = (random.normal(clips) * ROLL)[:, None, None]
    x, y = x * torch.cos(roll) - y * torch.sin(roll), x * torch.sin(roll) + y * torch.cos(roll)
    return torch.stack([x, y, z], -1) + random.normal(clips, FRAMES, NUM_SELECTED, 3) * PIXELS


def lose(random: Random, frames: Tensor, two_hands: Tensor) -> None:
    """Make NaN what a tracker does not find; in place.

    frames: (B, S, 100, 3). two_hands: (B,) bool; the only hand of others is always found.
    """
    lose_parts(random, frames)
    clips = len(frames)
    gone = random.chance(LOST, clips, FRAMES) & random.chance(LOSING, clips)[:, None]
    gone &= two_hands[:, None]
    left = random.chance(0.5, clips)[:, None]
    frames[:, :, PARTS["left_hand"]] = _without(frames[:, :, PARTS["left_hand"]], gone & left)
    frames[:, :, PARTS["right_hand"]] = _without(frames[:, :, PARTS["right_hand"]], gone & ~left)


def lose_parts(random: Random, frames: Tensor) -> None:
    """Clips without a face, clips without a pose; in place. frames: (B, T, 100, 3)."""
    for share, part in ((NO_FACE, HEAD), (NO_POSE, PARTS["arms"])):
        gone = random.chance(share, len(frames))[:, None]
        frames[:, :, part] = _without(frames[:, :, part], gone)


def _without(points: Tensor, gone: Tensor) -> Tensor:
    """points (B, S, P, 3), NaN where gone (B, S) or (B, 1)."""
    return points.masked_fill(gone[..., None, None], _NAN)
