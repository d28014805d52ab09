"""Clips in .pose files (MediaPipe Holistic, written by pose-format)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pose_format.numpy import NumPyPoseBody
from pose_format.pose_header import PoseHeader
from pose_format.utils.reader import BufferReader

from signlet.clip import Clip, validated
from signlet.errors import ClipError
from signlet.landmarks import FACE, IRIS_FACE, LEFT_HAND, NUM_RAW, POSE, RIGHT_HAND
from signlet.sources.arrays import checked_fps

_COMPONENTS: dict[str, tuple[slice, bool]] = {
    "FACE_LANDMARKS": (FACE, False),
    "LEFT_HAND_LANDMARKS": (LEFT_HAND, True),
    "POSE_LANDMARKS": (POSE, False),
    "RIGHT_HAND_LANDMARKS": (RIGHT_HAND, True),
}
"""Component -> rows of the frame, and whether the file must have it."""


def read_pose(path: Path) -> Clip:
    """Read one file; see `read_clip`.

    Components are found by name in whatever order; others (POSE_WORLD_LANDMARKS) are left
    out. Without a face or a pose those points are NaN; both hands must be there, and no
    component may be reduced. Points of confidence 0 are NaN, and so are zeros of confidence 1
    where a whole part has them. x and z are divided by the width of the header's frame, y by
    its height. pose-format itself writes z unscaled, so z may come out too small by a constant
    factor: preprocessing removes it.
    Raises ClipError, also where a file holds more than one person: which one signs is not
    guessed.
    """
    reader = BufferReader(path.read_bytes())
    header = PoseHeader.read(reader)
    rows = _rows(header, path)
    body = NumPyPoseBody.read(header, reader)
    if reader.bytes_left():
        raise ClipError(f"{path}: has {reader.bytes_left()} bytes too many; copy the file again")
    found = _frames(body.data, rows, _scale(header, path), path)
    frames, remarks = validated(found, str(path))
    fps, wrong = checked_fps(body.fps)
    return Clip(frames, path.stem, fps=fps, remarks=remarks + wrong)


def _rows(header: Any, path: Path) -> dict[str, int]:
    """Component -> its first point in the file."""
    first: dict[str, int] = {}
    start = 0
    for component in header.components:
        if component.name in _COMPONENTS:
            _check_component(component, component.name in first, path)
            first[component.name] = start
        start += len(component.points)
    missing = [name for name, (_, needed) in _COMPONENTS.items() if needed and name not in first]
    if missing:
        raise ClipError(
            f"{path}: has no {' and no '.join(missing)}; needed is the output of MediaPipe Holistic"
        )
    return first


def _check_component(component: Any, repeated: bool, path: Path) -> None:
    part, _ = _COMPONENTS[component.name]
    allowed = {part.stop - part.start} | ({IRIS_FACE} if part == FACE else set())
    if len(component.points) not in allowed:
        raise ClipError(
            f"{path}: {component.name} has {len(component.points)} points instead of "
            f"{' or '.join(map(str, sorted(allowed)))}; save the pose without reducing it"
        )
    if repeated or component.format[:3] != "XYZ":
        problem = "is there twice" if repeated else f"has the format {component.format}, not XYZC"
        raise ClipError(f"{path}: {component.name} {problem}; extract the landmarks again")


def _scale(header: Any, path: Path) -> NDArray[np.float32]:
    width, height = header.dimensions.width, header.dimensions.height
    if not (width and height):
        raise ClipError(f"{path}: the frame is {width} x {height} pixels; write its real size")
    return np.array([width, height, width], np.float32)


def _frames(
    data: Any, rows: dict[str, int], scale: NDArray[np.float32], path: Path
) -> NDArray[np.float32]:
    """(T, people, points, C) masked -> (T, 543, 3), NaN where masked."""
    if data.shape[1] != 1:
        raise ClipError(f"{path}: holds {data.shape[1]} people; keep the one who signs")
    points = data[:, 0, :, :3].filled(np.nan) / scale
    frames = np.full((len(points), NUM_RAW, 3), np.nan, np.float32)
    for name, start in rows.items():
        part, _ = _COMPONENTS[name]
        frames[:, part] = points[:, start : start + part.stop - part.start]
    return frames
