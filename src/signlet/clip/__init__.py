"""A clip: landmarks of one recording of one sign, out of whatever a user gives."""

from signlet.clip.clip import Clip, advised, require_landmarks, require_shape, validated, warn_of
from signlet.clip.shapes import MAX_FRAMES, require_frames

__all__ = [
    "MAX_FRAMES",
    "Clip",
    "advised",
    "require_frames",
    "require_landmarks",
    "require_shape",
    "validated",
    "warn_of",
]
