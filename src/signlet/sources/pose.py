"""Clips in .pose files (MediaPipe Holistic, written by pose-format)."""

from __future__ import annotations

import warnings
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


def read_pose(path: Path, person: int | None = None) -> Clip:
    """Read one file; see `read_clip`.

    Components are found by name in whatever order; others (POSE_WORLD_LANDMARKS) are left
    out. Without a face or a pose those points are NaN; both hands must be there, and no
    component may be reduced. Points of confidence 0 are NaN, and so are zeros of confidence 1
    where a whole part has them. x and z are divided by the width of the header's frame, y by
    its height. pose-format itself writes z unscaled, so z may come out too small by a constant
    factor: preprocessing removes it.
    person: whom to take where there are several, counted from 0; None takes the one who is the
        largest in the picture, and a remark says so.
    Raises ClipError, also where there is no such person.
    """
    reader = BufferReader(path.read_bytes())
    header = PoseHeader.read(reader)
    rows = _rows(header, path)
    body = NumPyPoseBody.read(header, reader)
    if reader.bytes_left():
        raise ClipError(f"{path}: has {reader.bytes_left()} bytes too many; copy the file again")
    people = body.data.shape[1]
    points = body.data[:, :, :, :3].filled(np.nan) / _scale(header, path)
    found = _frames(points[:, _whom(points, person, path)], rows)
    frames, remarks = validated(found, str(path))
    if people > 1 and person is None:
        remarks += (f"{people} people, the largest taken",)
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


def _whom(points: NDArray[np.float32], person: int | None, path: Path) -> int:
    """Of the people in (T, people, points, 3) the one asked for, else the largest."""
    people = points.shape[1]
    if not people or not 0 <= (person or 0) < people:
        whom = "the one who signs" if person is None else f"number {person}, counted from 0"
        raise ClipError(f"{path}: holds {people} people; there must be {whom}")
    if person is not None or people == 1:
        return person or 0
    with warnings.catch_warnings():  # of those who are not found in a frame
        warnings.simplefilter("ignore", RuntimeWarning)
        size = np.nanmax(points[..., :2], axis=2) - np.nanmin(points[..., :2], axis=2)
    return int(np.nansum(size.prod(axis=2), axis=0).argmax())


def _frames(points: NDArray[np.float32], rows: dict[str, int]) -> NDArray[np.float32]:
    """(T, points, 3) in the order of the file -> (T, 543, 3)."""
    frames = np.full((len(points), NUM_RAW, 3), np.nan, np.float32)
    for name, start in rows.items():
        part, _ = _COMPONENTS[name]
        frames[:, part] = points[:, start : start + part.stop - part.start]
    return frames
