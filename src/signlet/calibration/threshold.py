"""The threshold for "none": confidences (M,) of clips of unknown signs in, one number out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from signlet.errors import SignletError

_MARGIN = 0.01
"""Of the way from a confidence to 1: more than JavaScript, ONNX and torch differ by rounding."""
Floats = NDArray[np.float64]


def may_pass(clips: int, false_accepts: float) -> int:
    """Return how many unknown clips may pass, so that at most that share of new ones does."""
    return max(int(np.floor(false_accepts * (clips + 1) + 1e-9)) - 1, 0)


def promised(clips: int, false_accepts: float) -> float:
    """Probability that a further unknown clip passes, were it drawn like these.

    It is above false_accepts where the clips are too few for that share.
    """
    return (may_pass(clips, false_accepts) + 1) / (clips + 1)


def choose_threshold(unknown: Floats, false_accepts: float) -> float:
    """The lowest threshold that at most this share of unknown clips passes, also new ones.

    unknown: (M,) confidences. That share of M + 1 less one clip may pass: then a further clip
    passes with at most that probability, were it drawn like these (split conformal
    prediction, Vovk et al. 2005). Where M is too small for that, none may pass, and a
    further clip passes with the probability 1 / (M + 1).
    The threshold is just above the surest clip that may not pass, so that rounding decides
    nothing, and at most half-way to the next clip.
    Raises SignletError if a clip that may not pass has the confidence 1.
    """
    stopped = np.sort(unknown)[::-1][may_pass(len(unknown), false_accepts)]
    if stopped >= 1:
        raise SignletError(
            "the model is fully certain about some clips of unknown signs, so no threshold can "
            "refuse them; allow more mistakes (--false-accepts), or give more such clips"
        )
    above = unknown[unknown > stopped]
    half_way = (stopped + (above.min() if len(above) else 1.0)) / 2
    return float(min(half_way, stopped + _MARGIN * (1 - stopped)))
