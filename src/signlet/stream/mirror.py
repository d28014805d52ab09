"""Cameras that show a mirror image: turn it back, and notice it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from signlet.landmarks import LEFT_HAND, MIRROR, RIGHT_HAND

ENOUGH = 20.0
"""Seconds with one hand only before a suggestion is made."""
SHARE = 0.9
"""Share of that time with the left hand that is suspicious."""


def turn(frame: NDArray[np.float32]) -> NDArray[np.float32]:
    """Frames (..., 543, 3) as a camera without mirror shows them; its own inverse."""
    turned = frame[..., MIRROR, :].copy()
    turned[..., 0] = 1 - turned[..., 0]
    return turned


class MirrorCheck:
    """Notice a mirrored camera: nine of ten people sign with the right hand."""

    def __init__(self) -> None:
        self._left = self._one = 0.0

    def see(self, frames: NDArray[np.float32], seconds: float) -> None:
        """See a sign, frames (T, 543, 3)."""
        left = np.isfinite(frames[:, LEFT_HAND, 0]).all(1)
        right = np.isfinite(frames[:, RIGHT_HAND, 0]).all(1)
        self._one += seconds * int((left != right).sum()) / len(frames)
        self._left += seconds * int((left & ~right).sum()) / len(frames)

    def suggestion(self, mirrored: bool) -> str | None:
        """One sentence, or None if nothing is suspicious."""
        if self._one < ENOUGH or self._left < SHARE * self._one:
            return None
        remedy = "leave out mirrored=True" if mirrored else "pass mirrored=True"
        return (
            "the left hand does nearly all the work: the camera seems to be mirrored, "
            f"{remedy}; if the signer is left-handed, ignore this"
        )
