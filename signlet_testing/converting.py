"""Sets of clips whose arrays mean something else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from signlet import Clip
from signlet.landmarks import FACE, LEFT_HAND, POSE, RIGHT_HAND
from signlet.meaning import Change
from signlet.sources import find, open_source, read_clip

Frames = NDArray[np.float32]
Spoil = Callable[[Frames], Frames]


def letter(name: str) -> Clip:
    """A real clip of the lexicon."""
    source = open_source("fingerspelling")
    return source.read(find(source, name))


def swapped(frames: Frames) -> Frames:
    return Change(swap_hands=True)(frames)


def reordered(frames: Frames) -> Frames:
    return np.concatenate([frames[:, p] for p in (POSE, FACE, LEFT_HAND, RIGHT_HAND)], 1)


def made(root: Path, spoil: Spoil = swapped, suffix: str = ".npz") -> Path:
    """Four clips, two signs by two people."""
    for sign in "AB":
        for number, who in enumerate(("ase", "gsg"), 1):
            path = root / sign / f"{who}_{number}{suffix}"
            path.parent.mkdir(parents=True, exist_ok=True)
            frames = spoil(letter(f"{who}/{sign}").frames)
            if suffix == ".npy":
                np.save(path, frames)
            else:
                np.savez(path, landmarks=frames, fps=30.0)
    return root


def same_as_the_letters(out: Path) -> Iterator[bool]:
    for sign in "AB":
        for number, who in enumerate(("ase", "gsg"), 1):
            frames = read_clip(out / sign / f"{who}_{number}.npz").frames
            want = letter(f"{who}/{sign}").frames
            yield np.allclose(frames, want, atol=1e-6, equal_nan=True)
