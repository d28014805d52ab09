"""Clips to compare an exported file with torch on: edge cases, made here."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from signlet.landmarks import LEFT_HAND, NUM_RAW, RAW_PARTS, RIGHT_HAND

LENGTHS = (1, 2, 24, 25, 26, 80, 81, 511, 512, 513, 2_000)
"""Around the lengths that the published models keep and that graphs are cut at."""
_TYPICAL = 40


def edge_cases(seed: int = 0) -> Iterator[tuple[str, NDArray[np.float32]]]:
    """Name and raw landmarks (T, 543, 3) of each."""
    random = np.random.default_rng(seed)
    for length in LENGTHS:
        yield f"{length} frames", wandering(length, random)
    for name, missing in {
        "no hands": (LEFT_HAND, RIGHT_HAND),
        "one hand": (LEFT_HAND,),
        "no face": (RAW_PARTS["face"],),
        "nothing found": (slice(None),),
    }.items():
        clip = wandering(_TYPICAL, random)
        for part in missing:
            clip[:, part] = np.nan
        yield name, clip
    holes = wandering(_TYPICAL, random)
    holes[random.random((_TYPICAL, NUM_RAW)) < 0.3] = np.nan
    yield "points missing here and there", holes
    yield "standing still", np.repeat(wandering(1, random), _TYPICAL, axis=0)
    yield "one number everywhere", np.full((_TYPICAL, NUM_RAW, 3), 0.3, np.float32)


def wandering(length: int, random: np.random.Generator) -> NDArray[np.float32]:
    """(T, 543, 3) of points that drift about the middle of the picture."""
    start = random.normal(0.5, 0.1, (1, NUM_RAW, 3))
    steps = random.normal(0.0, 0.01, (length, NUM_RAW, 3)).cumsum(0)
    return (start + steps).astype(np.float32)
