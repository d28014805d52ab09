"""Made-up clips of a few signs, for tests and fuzzing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from signlet.clip import Clip
from signlet.errors import ClipError
from signlet.landmarks import LEFT_HAND, NUM_RAW, RIGHT_HAND
from signlet.sources import ClipRef


@dataclass(frozen=True)
class Synthetic:
    """Clips of made-up signs: the right hand moves along a direction of the sign's own.

    signers: how many; every signer shows every sign `takes` times.
    """

    signs: tuple[str, ...] = ("circle", "line", "wave")
    signers: int = 4
    takes: int = 2
    name: str = "synthetic"
    notes: ClassVar[tuple[str, ...]] = ()

    def refs(self) -> list[ClipRef]:
        return [
            ClipRef(f"{sign}/s{signer}_{take}", Path(f"{sign}-{signer}-{take}"), sign, f"s{signer}")
            for sign in self.signs
            for signer in range(self.signers)
            for take in range(self.takes)
        ]

    def read(self, ref: ClipRef) -> Clip:
        if ref.sign not in self.signs:
            raise ClipError(f"{ref.name}: no such clip")
        number = self.signs.index(ref.sign)
        _, signer, take = ref.path.name.split("-")
        return Clip.from_array(
            moving_hand(number, int(signer), int(take)), ref.name, ref.sign, ref.signer, 25.0
        )


def moving_hand(sign: int, signer: int, take: int) -> np.ndarray:
    """(T, 543, 3) of one synthetic clip; the left hand is never found."""
    rng = np.random.default_rng([signer, take])
    length = 8 + 2 * take + signer
    rest = np.random.default_rng(signer).uniform(0.3, 0.7, (NUM_RAW, 3))
    frames = np.repeat(rest[None], length, 0) + rng.normal(0, 0.002, (length, NUM_RAW, 3))
    angle = 2 * np.pi * sign / 3
    path = np.linspace(0, 0.3, length)[:, None] * [np.cos(angle), np.sin(angle), 0]
    frames[:, RIGHT_HAND] += path[:, None]
    frames[:, LEFT_HAND] = np.nan
    return frames.astype(np.float32)
