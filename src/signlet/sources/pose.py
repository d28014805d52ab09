"""Clips in .pose files (MediaPipe Holistic, written by pose-format)."""

from __future__ import annotations

import struct
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray
from pose_format.pose_header import PoseHeader
from pose_format.utils.reader import BufferReader

from signlet.clip import Clip, require_frames, validated
from signlet.errors import ClipError, reason_of
from signlet.files.internal_errors import is_internal_error
from signlet.files.regular import open_regular, size_of
from signlet.landmarks import FACE, IRIS_FACE, LEFT_HAND, NUM_RAW, POSE, RIGHT_HAND
from signlet.sources.arrays import MOST_BYTES, checked_fps

_COMPONENTS: dict[str, tuple[slice, bool]] = {
    "FACE_LANDMARKS": (FACE, False),
    "LEFT_HAND_LANDMARKS": (LEFT_HAND, True),
    "POSE_LANDMARKS": (POSE, False),
    "RIGHT_HAND_LANDMARKS": (RIGHT_HAND, True),
}
"""Component -> rows of the frame, and whether the file must have it."""
_LONGEST_HEADER = 1 << 20
"""Bytes; the names of all points of MediaPipe Holistic take 20,000."""
_WHOLE = {0.1: struct.Struct("<HHH"), 0.2: struct.Struct("<fIH")}
"""Version -> rate, frames and people, as they stand before the numbers."""


@dataclass(frozen=True)
class _Body:
    """points: (T, people, points, dims) float32, NaN if the confidence is 0. fps: as told."""

    points: NDArray[np.float32]
    fps: float


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
    Raises ClipError, also where the person is missing.
    """
    with open_regular(path) as file:
        size = size_of(file)
        if size > MOST_BYTES:
            raise ClipError(f"{path}: is larger than {MOST_BYTES >> 20} MB; cut it to one sign")
        header, begin = _header(file, path)
        rows = _rows(header, path)
        file.seek(begin)
        body = _body(header, file, size - begin, path)
    people = body.points.shape[1]
    points = body.points[:, _whom(body.points, person, path), :, :3]
    found = _frames(points / _scale(header, path), rows)
    frames, remarks = validated(found, str(path))
    if people > 1 and person is None:
        remarks += (f"{people} people; signlet uses the largest",)
    fps, wrong = checked_fps(body.fps)
    return Clip(frames, path.stem, fps=fps, remarks=remarks + wrong)


def _header(file: IO[bytes], path: Path) -> tuple[Any, int]:
    """The header, and where the numbers begin."""
    reader = BufferReader(file.read(_LONGEST_HEADER))
    try:
        header = PoseHeader.read(reader)
    except Exception as error:  # pose-format has no errors of its own
        if is_internal_error(error):
            raise
        why = reason_of(error, 80)
        raise ClipError(
            f"{path}: has an incomplete header ({why}); write or copy the file again"
        ) from None
    return header, reader.read_offset


def _body(header: Any, file: IO[bytes], size: int, path: Path) -> _Body:
    """The numbers, after what stands before them was compared with how many there are.

    size: bytes that follow.
    """
    version = round(header.version, 3)
    if version == 0:
        return _old_body(header, file, path)
    if version not in _WHOLE:
        raise ClipError(
            f"{path}: has version {version:g}, which signlet does not know; save it again"
        )
    about = _WHOLE[version]
    fps, count, people = about.unpack(_exactly(file, about.size, path))
    points, dims = sum(len(c.points) for c in header.components), header.num_dims()
    numbers = people * points * (dims + 1)
    if version == 0.1:  # counts no further than 65,535, so the size of the file tells
        count = (size - about.size) // (4 * numbers or 1)
    require_frames(count, str(path))
    extra = size - about.size - 4 * count * numbers
    if extra:
        many = "few" if extra < 0 else "many"
        raise ClipError(f"{path}: has {abs(extra):,} bytes too {many}; copy the file again")
    data = _floats(file, (count, people, points, dims), path)
    confidence = _floats(file, (count, people, points), path)
    data[confidence == 0] = np.nan
    return _Body(data, fps)


def _old_body(header: Any, file: IO[bytes], path: Path) -> _Body:
    """Of version 0, which tells the number of people in each frame: the first is taken."""
    widths = {len(component.format) for component in header.components}
    points, width = sum(len(c.points) for c in header.components), max(widths)
    if len(widths) > 1:
        raise ClipError(f"{path}: has parts of {sorted(widths)} numbers a point; save it again")
    fps, count = struct.unpack("<HH", _exactly(file, 4, path))
    require_frames(count, str(path))
    frames = np.zeros((count, points, width), np.float32)
    for frame in frames:
        (people,) = struct.unpack("<H", _exactly(file, 2, path))
        for person in range(people):
            _exactly(file, 2, path)  # a number of the person
            found = _floats(file, (points, width), path)
            if person == 0:
                frame[:] = found
    frames[frames[..., -1] <= 0] = np.nan
    return _Body(frames[:, None, :, :-1], fps)


def _floats(file: IO[bytes], shape: tuple[int, ...], path: Path) -> NDArray[np.float32]:
    array = np.empty(shape, np.float32)
    if array.size:
        view = array.reshape(-1).view(np.uint8).data
        if file.readinto(view) != len(view):  # type: ignore[attr-defined]
            raise ClipError(f"{path}: is cut off; copy the file again")
    return array


def _exactly(file: IO[bytes], count: int, path: Path) -> bytes:
    data = file.read(count)
    if len(data) < count:
        raise ClipError(f"{path}: is cut off; copy the file again")
    return data


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
            f"{path}: has no {' and no '.join(missing)}; signlet needs the output of MediaPipe "
            "Holistic"
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
        problem = "appears twice" if repeated else f"has the format {component.format}, not XYZC"
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
        raise ClipError(f"{path}: contains {people} people, but not {whom}")
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
