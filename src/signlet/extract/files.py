"""Extracted landmarks to a file, in a format that others read."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from signlet.extract.pose_parts import pose_parts
from signlet.files.atomic import replacing
from signlet.landmarks import FACE, LEFT_HAND, POSE, RIGHT_HAND
from signlet.running.silence import silent
from signlet.sources import write_clip
from signlet.video.extraction import Extraction
from signlet.video.needs import needs_video

FORMATS = ("parquet", "npz", "pose")
"""The formats that `signlet extract` writes; the first is the default."""
_COMPONENTS = {
    "POSE_LANDMARKS": POSE,
    "FACE_LANDMARKS": FACE,
    "LEFT_HAND_LANDMARKS": LEFT_HAND,
    "RIGHT_HAND_LANDMARKS": RIGHT_HAND,
}


def write_extraction(extraction: Extraction, path: Path) -> None:
    """Write landmarks, frame rate and extractor to `.parquet`, `.npz` or `.pose`.

    `read_clip` gives the same frames back; bit for bit out of the first two, out of `.pose`,
    which stores pixels, to seven digits. A `.pose` has no place for the extractor's name.
    Raises SignletError if the file cannot be written, or a package for it is missing.
    """
    if path.suffix.lower() == ".pose":
        _write_pose(extraction, path)
    else:
        with needs_video(path):
            write_clip(extraction.clip(path.stem), path, extractor=extraction.extractor)


def _write_pose(extraction: Extraction, path: Path) -> None:
    with silent(), needs_video(path):
        from pose_format import Pose
        from pose_format.numpy import NumPyPoseBody
        from pose_format.pose_header import PoseHeader, PoseHeaderDimensions

        known = pose_parts()
    width, height = extraction.width, extraction.height
    parts = [extraction.frames[:, rows] for rows in _COMPONENTS.values()]
    data = np.concatenate(parts, 1)[:, None] * np.array([width, height, width], np.float32)
    confidence = (~np.isnan(data[..., 0])).astype(np.float32)
    header = PoseHeader(
        version=0.2,
        dimensions=PoseHeaderDimensions(width, height, width),
        components=[known[name] for name in _COMPONENTS],
    )
    # One frame has no rate, but the format requires one.
    body = NumPyPoseBody(extraction.fps or 1.0, np.nan_to_num(data), confidence)
    with replacing(path, durable=False) as temporary, temporary.open("wb") as file:
        Pose(header, body).write(file)
