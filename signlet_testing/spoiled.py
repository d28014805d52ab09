"""Clips whose arrays mean something else, and what mends them."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
from numpy.typing import NDArray

from signlet.landmarks import FACE, LEFT_HAND, MIRROR, POSE, RAW_PARTS, RIGHT_HAND
from signlet.sources import open_source

Frames = NDArray[np.float32]
Spoil = Callable[[Frames], Frames]
_HANDS = (LEFT_HAND, RIGHT_HAND)
_LANGUAGES = ("ase", "bzs", "csq", "eso", "gsg", "ise")


@cache
def letters(signs: str = "ABZ") -> tuple[Frames, ...]:
    """Real clips: six people, two still letters and one that moves."""
    source = open_source("fingerspelling")
    wanted = [ref for ref in source.refs() if ref.signer in _LANGUAGES and ref.sign in signs]
    return tuple(source.read(ref).frames for ref in wanted)


def _swapped(frames: Frames) -> Frames:
    found = frames.copy()
    found[:, LEFT_HAND], found[:, RIGHT_HAND] = frames[:, RIGHT_HAND], frames[:, LEFT_HAND]
    return found


def _pose_swapped(frames: Frames) -> Frames:
    found = frames.copy()
    found[:, POSE] = frames[:, MIRROR[POSE]]
    return found


def _with(column: int, change: Callable[[Frames], Frames]) -> Spoil:
    def spoil(frames: Frames) -> Frames:
        found = frames.copy()
        found[..., column] = change(frames[..., column])
        return found

    return spoil


def _stored(*order: str) -> Spoil:
    return lambda frames: np.concatenate([frames[:, RAW_PARTS[part]] for part in order], 1)


def _columns(*columns: int) -> Spoil:
    return lambda frames: frames[..., list(columns)]


def _one_minus(values: Frames) -> Frames:
    return 1 - values


def _negative(values: Frames) -> Frames:
    return -values


def _pixels(frames: Frames) -> Frames:
    return frames * np.array([640, 480, 640], np.float32)


_flip_x, _flip_y = _with(0, _one_minus), _with(1, _one_minus)

MENDED: dict[str, tuple[Spoil, str]] = {
    "hands exchanged": (_swapped, "--swap-hands"),
    "y up, 1 - y": (_flip_y, "--flip-y"),
    "y up, -y": (_with(1, _negative), "--flip-y"),
    "x to the left": (_flip_x, "--flip-x"),
    "x to the left, -x": (_with(0, _negative), "--flip-x"),
    "on its head": (lambda f: _flip_x(_flip_y(f)), "--flip-x --flip-y"),
    "x and y exchanged": (_columns(1, 0, 2), "--axes yxz"),
    "turned by 90 degrees": (lambda f: _flip_x(f[..., [1, 0, 2]]), "--axes yxz --flip-y"),
    "turned by 270 degrees": (lambda f: _flip_y(f[..., [1, 0, 2]]), "--axes yxz --flip-x"),
    "z first": (_columns(2, 0, 1), "--axes zxy"),
    "z in the middle": (_columns(0, 2, 1), "--axes xzy"),
    "from z to x": (_columns(2, 1, 0), "--axes zyx"),
    "y up and z first": (lambda f: _flip_y(f)[..., [2, 0, 1]], "--axes zxy --flip-y"),
    "pose's sides": (_pose_swapped, "--swap-pose"),
    "y up, hands exchanged": (lambda f: _flip_y(_swapped(f)), "--flip-y --swap-hands"),
    "other order, y up": (
        lambda f: _stored("pose", "face", "left_hand", "right_hand")(_flip_y(f)),
        "--order pose,face,left_hand,right_hand --flip-y",
    ),
}


def _relative(origin: Callable[[Frames], Frames], parts: tuple[slice, ...] = _HANDS) -> Spoil:
    def spoil(frames: Frames) -> Frames:
        found = frames.copy()
        for part in parts:
            found[:, part, :2] -= origin(frames[:, part, :2])
        return found

    return spoil


def _box(frames: Frames) -> Frames:
    found = frames.copy()
    for part in _HANDS:
        points = frames[:, part, :2]
        low, high = points.min(1, keepdims=True), points.max(1, keepdims=True)
        found[:, part, :2] = (points - low) / (high - low)
    return found


def _confidence(frames: Frames) -> Frames:
    found = frames.copy()
    sure = np.random.default_rng(0).uniform(0.5, 1, frames.shape[:2])
    found[..., 2] = np.where(np.isnan(frames[..., 0]), np.nan, sure)
    return found


def _twice(frames: Frames) -> Frames:
    found = frames.copy()
    found[:, LEFT_HAND] = np.where(
        np.isnan(frames[:, RIGHT_HAND]), frames[:, LEFT_HAND], frames[:, RIGHT_HAND]
    )
    found[:, RIGHT_HAND] = found[:, LEFT_HAND]
    return found


def _face_away(frames: Frames) -> Frames:
    found = frames.copy()
    found[:, FACE, :2] = frames[:, FACE, :2] * 3 - 2
    return found


def _hands_away(frames: Frames) -> Frames:
    found = frames.copy()
    for part in _HANDS:
        found[:, part, 0] += 1.5
    return found


_ORIGINS: dict[str, Callable[[Frames], Frames]] = {
    "wrist": lambda points: points[:, :1],
    "mean": lambda points: points.mean(1, keepdims=True),
    "corner": lambda points: points.min(1, keepdims=True),
}
SAID: dict[str, tuple[Spoil, str]] = {
    **{
        f"hands from their {name}": (
            _relative(origin),
            "each hand is measured from a point of its own",
        )
        for name, origin in _ORIGINS.items()
    },
    "every part from its mean": (
        _relative(_ORIGINS["mean"], tuple(RAW_PARTS.values())),
        "each hand is measured from a point of its own",
    ),
    "hands in boxes": (_box, "each hand is measured from a point of its own"),
    "face elsewhere": (_face_away, "the parts do not fit into one picture"),
    "hands elsewhere": (_hands_away, "the parts do not fit into one picture"),
    "pixels": (_pixels, "x and y are not fractions of the picture"),
    "percent": (lambda frames: frames * 100, "x and y are not fractions of the picture"),
    "confidence for z": (_confidence, "the third coordinate is not z"),
    "one hand twice": (_twice, "one hand appears twice"),
}
