"""Calibration: predictions (N, K) in, a temperature and the threshold for "none" out.

Reading and applying a calibration needs numpy only; `measure`, `unknown` and `leave_out`,
which make one, are imported by name.
"""

from signlet.modelfile.calibration import (
    CALIBRATION,
    FORMAT,
    LEAST_TEMPERATURE,
    MOST_TEMPERATURE,
    Calibration,
    model_digest,
    read_calibration,
    tempered,
)

__all__ = [
    "CALIBRATION",
    "FORMAT",
    "LEAST_TEMPERATURE",
    "MOST_TEMPERATURE",
    "Calibration",
    "model_digest",
    "read_calibration",
    "tempered",
]
