"""Clips in JSON, as people save the results of MediaPipe's landmarkers, frame by frame.

A frame is an object with lists of points under the parts' names, in Python's spelling or in
JavaScript's (`left_hand_landmarks`, `leftHandLandmarks`, `left_hand`); a point is {"x", "y", "z"}
or [x, y, z]. A part that was not found is empty, null or missing. The file holds a list of
frames, {"frames": [...], "fps": 30}, or for each part the list of its frames.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from signlet.clip import MAX_FRAMES, Clip, validated
from signlet.clip.points import joined, points_of
from signlet.errors import ClipError
from signlet.files.json_pieces import Pieces
from signlet.files.regular import open_regular, size_of
from signlet.landmarks import RAW_PARTS
from signlet.sources.arrays import checked_fps

_PARTS = {part.replace("_", ""): part for part in RAW_PARTS}
_MOST_BYTES = 1 << 30
_NO_FRAMES = "is not a list of frames; write one object for each frame"

Points = NDArray[np.float32]
"""(points, 3) of a part in one frame."""
Frame = dict[str, Points | None]
"""Part, as in RAW_PARTS -> its points, None if it was not found."""


@dataclass
class _Content:
    """The content of a file. frames: by number. fps: as written there. table: True if each object
    of a list holds words, as rows of a table do."""

    frames: list[Frame] = field(default_factory=list)
    fps: Any = None
    table: bool = False


def read_landmark_json(path: Path) -> Clip:
    """One file; see `read_clip`. Raises ClipError naming the frame that is wrong.

    It is read frame by frame: its text may be a gigabyte.
    """
    with open_regular(path) as file:
        if size_of(file) > _MOST_BYTES:
            raise ClipError(f"{path}: is larger than {_MOST_BYTES >> 20} MB; cut it to one sign")
        content = _content(Pieces(file, path), path)
    parts = sorted({part for frame in content.frames for part in frame})
    if not {"left_hand", "right_hand"} & set(parts):
        if content.table:
            raise ClipError(
                f"{path}: seems to be a table of clips, not a clip; name its columns: --columns "
                "path=HEADING,sign=HEADING"
            )
        raise ClipError(
            f"{path}: contains no hands; expected a list of frames with leftHandLandmarks, "
            "rightHandLandmarks, poseLandmarks and faceLandmarks"
        )
    blocks = {part: _block(content.frames, part, path) for part in parts}
    fps, wrong = checked_fps(content.fps)
    del content
    found, remarks = validated(joined(blocks, str(path)), str(path))
    return Clip(found, path.stem, fps=fps, remarks=remarks + wrong)


def _content(pieces: Pieces, path: Path) -> _Content:
    first = pieces.next()
    if first == "[":
        content = _listed(pieces, path)
    elif first == "{":
        content = _object(pieces, path)
    else:
        pieces.value()
        raise ClipError(f"{path}: {_NO_FRAMES}")
    pieces.end()
    if not content.frames:
        raise ClipError(f"{path}: has 0 frames; 1 to {MAX_FRAMES:,} are allowed")
    return content


def _listed(pieces: Pieces, path: Path) -> _Content:
    """A list of frames."""
    content = _Content(table=True)

    def add(frame: Any, number: int) -> Frame:
        if not isinstance(frame, dict):
            raise ClipError(f"{path}: {_NO_FRAMES}")
        content.table &= any(isinstance(cell, str) for cell in frame.values())
        return _frame(frame, f"{path}: frame {number}")

    content.frames = _each(pieces, add, path)
    return content


def _each(pieces: Pieces, made: Callable[[Any, int], Any], path: Path) -> list[Any]:
    """Apply `made` to each value of a list and its number, at most as many as a clip has frames."""
    found = []
    for number, item in enumerate(pieces.items()):
        if number == MAX_FRAMES:
            raise ClipError(
                f"{path}: has more than {MAX_FRAMES:,} frames; 1 to {MAX_FRAMES:,} are allowed; "
                "cut it into single signs"
            )
        found.append(made(item, number))
    return found


def _object(pieces: Pieces, path: Path) -> _Content:
    """{"frames": [...], "fps": 30}, or lists of frames by part, or one frame."""
    content, listed = _Content(), None
    lists: dict[str, list[Points | None]] = {}
    single: Frame = {}
    for key in pieces.names():
        part, is_list = _part(key), pieces.next() == "["
        if key == "frames" and is_list:
            listed = _listed(pieces, path).frames
        elif part and is_list:
            found = _each(pieces, _taker(part, path), path)
            if found and isinstance(found[0], tuple):
                _put(single, part, _whole(found, part, f"{path}: frame 0"), str(path))
            elif part in lists:
                raise ClipError(f"{path}: has {part} twice; keep one of them")
            else:
                lists[part] = found
        elif part:
            _put(single, part, _found(pieces.value(), part, f"{path}: frame 0"), str(path))
        elif key == "fps":
            content.fps = pieces.value()
        else:
            pieces.value()
    content.frames = _turned(lists, single, path) if listed is None else listed
    return content


def _taker(part: str, path: Path) -> Callable[[Any, int], Any]:
    """A point of the only frame as a tuple, else the points of a frame."""

    def take(item: Any, number: int) -> Any:
        where = f"{path}: frame {number}"
        return _place(item, part, where) if _is_point(item) else _found(item, part, where)

    return take


def _turned(lists: dict[str, list[Points | None]], single: Frame, path: Path) -> list[Frame]:
    """Lists of frames by part -> a list of frames; what holds one frame -> that frame."""
    filled = {part: frames for part, frames in lists.items() if frames}
    one: Frame = dict.fromkeys(lists) | single
    if any(points is not None for points in single.values()) or not filled:
        if any(len(frames) > 1 for frames in filled.values()):
            raise ClipError(f"{path}: {_NO_FRAMES}")
        return [one | {part: frames[0] for part, frames in filled.items()}]
    length = max(map(len, filled.values()))
    rows = {part: filled.get(part, []) for part in {**one, **filled}}
    return [{p: f[i] if i < len(f) else None for p, f in rows.items()} for i in range(length)]


def _frame(frame: Mapping[str, Any], where: str) -> Frame:
    found: Frame = {}
    for key, value in frame.items():
        if part := _part(key):
            _put(found, part, _found(value, part, where), where)
    return found


def _put(frame: Frame, part: str, points: Points | None, where: str) -> None:
    if points is not None and frame.get(part) is not None:
        raise ClipError(f"{where}: has {part} twice; keep one of them")
    frame[part] = points if points is not None else frame.get(part)


def _part(key: str) -> str | None:
    """ "leftHandLandmarks" -> "left_hand"; None for anything else, world landmarks among it."""
    plain = re.sub(r"[^a-z]", "", key[:60].lower())
    return _PARTS.get(re.sub(r"(?:landmarks?|points|keypoints)$", "", plain))


def _found(value: Any, part: str, where: str) -> Points | None:
    """Points of a part in a frame; of lists for several people the first, Tasks has no more."""
    for _ in range(4):  # an object that holds a list of people, at most
        if isinstance(value, dict):
            value = value.get("landmark", value.get("landmarks"))
        if not isinstance(value, list):
            return None
        if not value or _is_point(value[0]) or not isinstance(value[0], list):
            break
        value = value[0]
    return _whole(value, part, where) if value else None


def _is_point(value: Any) -> bool:
    if isinstance(value, dict):
        return "x" in value
    return isinstance(value, list) and bool(value) and not isinstance(value[0], list | dict)


def _whole(points: list[Any], part: str, where: str) -> Points:
    allowed = points_of(part)
    if len(points) not in allowed:
        raise ClipError(
            f"{where}: {part} has {len(points)} points; expected "
            f"{' or '.join(map(str, allowed))}, the same number in each frame, or none"
        )
    with np.errstate(over="ignore"):  # what is infinite then is refused later
        return np.array([_place(point, part, where) for point in points], np.float32)


def _place(point: Any, part: str, where: str) -> tuple[float, float, float]:
    try:
        if isinstance(point, dict):
            return float(point["x"]), float(point["y"]), float(point.get("z", 0))
        return float(point[0]), float(point[1]), float(point[2]) if len(point) > 2 else 0.0
    except (TypeError, ValueError, KeyError, IndexError, OverflowError):
        raise ClipError(f"{where}: a point of {part} is not x, y, z; extract it again") from None


def _block(frames: list[Frame], part: str, path: Path) -> NDArray[np.float32]:
    """(T, points, 3) of a part, NaN in frames where it was not found."""
    there = {n: points for n, frame in enumerate(frames) if (points := frame.get(part)) is not None}
    lengths = {len(points): number for number, points in there.items()}
    if len(lengths) > 1:
        few, many = sorted(lengths)
        raise ClipError(
            f"{path}: frame {lengths[many]}: {part} has {many} points; frame {lengths[few]} has "
            f"{few}; write the same number in each frame, or none"
        )
    count = max(lengths, default=points_of(part)[0])
    block = np.full((len(frames), count, 3), np.nan, np.float32)
    for number, points in there.items():
        block[number] = points
    return block
