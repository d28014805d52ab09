"""Remarks on clips and damaged video files: one fixed phrase each, see `Clip.remarks`."""

from __future__ import annotations

CUT = "the video is cut short"
"""The file ends, or can no longer be decoded, before the recording does."""
DAMAGED = "damaged pictures are left out"
"""Pictures that could not be decoded are missing."""
NO_RATE = "the frame rate is unknown; signlet assumes 25 a second"
"""The file has no times, or more pictures a second than a camera takes."""
MENDED = "times of pictures are repaired"
"""Times went back, jumped or were missing."""
BEYOND = "the stretch ends after the recording"
"""Of a span; what there is of it was taken."""
NO_HAND = "no hand was found in any frame"
"""A model answers such a clip all the same, with some sign."""
