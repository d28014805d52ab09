"""Clips in JSON, as people save the results of MediaPipe's landmarkers, frame by frame.

A frame is an object with lists of points under the parts' names, in Python's spelling or in
JavaScript's (`left_hand_landmarks`, `leftHandLandmarks`, `left_hand`); a point is {"x", "y", "z"}
or [x, y, z]. A part that was not found is empty, null or missing. The file holds a list of
frames, {"frames": [...], "fps": 30}, or for each part the list of its frames.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from signlet.clip import MAX_FRAMES, Clip, validated
from signlet.errors import ClipError
from signlet.landmarks import IRIS_FACE, RAW_PARTS
from signlet.sources.arrays import checked_fps
from signlet.sources.points import joined
from signlet.sources.rows import read_json

_PARTS = {part.replace("_", ""): part for part in RAW_PARTS}
_MOST_BYTES = 1 << 30

Points = list[Any]
Frame = dict[str, Points]
"""Part, as in RAW_PARTS -> its points, [] where it was not found."""


def read_landmark_json(path: Path) -> Clip:
    """One file; see `read_clip`. Raises ClipError naming the frame that is wrong."""
    if path.stat().st_size > _MOST_BYTES:
        raise ClipError(f"{path}: is larger than {_MOST_BYTES >> 20} MB; cut it to one sign")
    content = read_json(path)
    frames = _frames(content, path)
    parts = sorted({part for frame in frames for part in frame})
    if not {"left_hand", "right_hand"} & set(parts):
        if _is_table(content):
            raise ClipError(
                f"{path}: is no clip but a table of clips, it seems; tell what its columns are "
                "called: --columns path=HEADING,sign=HEADING"
            )
        raise ClipError(
            f"{path}: holds no hands; expected a list of frames with leftHandLandmarks, "
            "rightHandLandmarks, poseLandmarks and faceLandmarks"
        )
    blocks = {part: _block(frames, part, path) for part in parts}
    found, remarks = validated(joined(blocks, str(path)), str(path))
    told = content.get("fps") if isinstance(content, dict) else None
    fps, wrong = (None, ()) if told is None else checked_fps(told)
    return Clip(found, path.stem, fps=fps, remarks=remarks + wrong)


def _is_table(content: Any) -> bool:
    """Whether it is a list of objects that each tell something in words."""
    rows = content if isinstance(content, list) else []
    return bool(rows) and all(
        isinstance(row, dict) and any(isinstance(cell, str) for cell in row.values())
        for row in rows
    )


def _frames(content: Any, path: Path) -> list[Frame]:
    if isinstance(content, dict) and isinstance(content.get("frames"), list):
        content = content["frames"]
    if isinstance(content, dict):
        content = _turned(content)
    if not (isinstance(content, list) and all(isinstance(frame, dict) for frame in content)):
        raise ClipError(f"{path}: is no list of frames; write one object for each frame")
    if not 0 < len(content) <= MAX_FRAMES:
        raise ClipError(f"{path}: has {len(content)} frames, allowed are 1 to {MAX_FRAMES:,}")
    return [_frame(frame) for frame in content]


def _turned(content: Mapping[str, Any]) -> Any:
    """Lists of frames by part -> a list of frames; what holds one frame -> that frame."""
    lists = {key: value for key, value in content.items() if _part(key) and value}
    if not lists or any(_is_point(first) for first in map(_first, lists.values())):
        return [content]
    length = max(map(len, lists.values()))
    return [{k: v[i] if i < len(v) else None for k, v in lists.items()} for i in range(length)]


def _first(value: Any) -> Any:
    return value[0] if isinstance(value, list) else value


def _frame(frame: Mapping[str, Any]) -> Frame:
    return {part: _points(value) for key, value in frame.items() if (part := _part(key))}


def _part(key: str) -> str | None:
    """ "leftHandLandmarks" -> "left_hand"; None for anything else, world landmarks among it."""
    plain = re.sub(r"[^a-z]", "", key.lower())
    return _PARTS.get(re.sub(r"(?:landmarks?|points|keypoints)$", "", plain))


def _points(value: Any) -> Points:
    """Points of a part in a frame; of lists for several people the first, Tasks has no more."""
    if isinstance(value, dict):
        value = value.get("landmark", value.get("landmarks"))
    if not isinstance(value, list):
        return []
    if value and not _is_point(value[0]) and isinstance(value[0], list):
        return _points(value[0])
    return value


def _is_point(value: Any) -> bool:
    if isinstance(value, dict):
        return "x" in value
    return isinstance(value, list) and bool(value) and not isinstance(value[0], list | dict)


def _block(frames: list[Frame], part: str, path: Path) -> NDArray[np.float64]:
    """(T, points, 3) of a part, NaN in frames where it was not found."""
    usual = RAW_PARTS[part].stop - RAW_PARTS[part].start
    lengths = {len(frame[part]) for frame in frames if frame.get(part)} or {usual}
    allowed = (usual, IRIS_FACE) if part == "face" else (usual,)
    block = np.full((len(frames), max(lengths), 3), np.nan)
    for number, frame in enumerate(frames):
        points = frame.get(part)
        if not points:
            continue
        if len(lengths) > 1 or len(points) not in allowed:
            raise ClipError(
                f"{path}: frame {number}: {part} has {len(points)} points; expected "
                f"{' or '.join(map(str, allowed))}, as many in each frame, or none"
            )
        try:
            block[number] = [_place(point) for point in points]
        except (TypeError, ValueError, KeyError, IndexError, OverflowError):
            raise ClipError(
                f"{path}: frame {number}: a point of {part} is not x, y, z; extract it again"
            ) from None
    return block


def _place(point: Any) -> tuple[float, float, float]:
    if isinstance(point, dict):
        return float(point["x"]), float(point["y"]), float(point.get("z", 0))
    return float(point[0]), float(point[1]), float(point[2]) if len(point) > 2 else 0.0
