"""Landmarks by which the two extractors are held together, on Pythons that have only one of them.

`python -m signlet_testing.extractors` on Python 3.11 or 3.12 writes what MediaPipe 0.10.21 finds in
pictures that are drawn here. Every Python compares its own extractor with that.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from signlet.landmarks import FACE, LEFT_HAND, POSE, RIGHT_HAND
from signlet.video.extractors import Choice, Extractor, started
from signlet_testing import ROOT
from signlet_testing.videos import signer

GOLDEN = ROOT / "tests" / "data" / "golden_holistic.npz"
PICTURES = 6
PARTS = {"face": FACE, "left hand": LEFT_HAND, "pose": POSE, "right hand": RIGHT_HAND}


def drawn(extractor: Extractor) -> NDArray[np.float32]:
    """(6, 543, 3) of the drawn signer, whose hand moves."""
    return np.stack([extractor(signer(number / PICTURES)) for number in range(PICTURES)])


def apart(
    one: NDArray[np.float32], other: NDArray[np.float32]
) -> dict[str, tuple[float, NDArray[np.float32]]]:
    """Compare two extractions of a clip (T, 543, 3), part by part.

    Returns the share of frames in which both found the part or both did not, and the distances
    in x and y, as fractions of the picture, of all points that both found.
    """
    found = {}
    for part, rows in PARTS.items():
        here, there = (~np.isnan(clip[:, rows, 0]).any(1) for clip in (one, other))
        distances = np.abs(one[here & there][:, rows, :2] - other[here & there][:, rows, :2])
        found[part] = float((here == there).mean()), distances.ravel()
    return found


if __name__ == "__main__":
    with started(Choice("holistic")) as extractor:
        np.savez_compressed(GOLDEN, landmarks=drawn(extractor))
