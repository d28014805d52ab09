"""A clip: raw landmarks in, validated frames (T, 543, 3) with name, sign and signer out."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from signlet.clip.array_like import plain
from signlet.clip.points import in_a_row
from signlet.clip.remarks import NO_HAND, NO_RATE
from signlet.clip.sentinels import ADVICE, TAKEN, without_numbers
from signlet.clip.shapes import MAX_FRAMES, require_frames, shape_advice
from signlet.clip.span import believed_rate
from signlet.errors import ClipError, ClipWarning
from signlet.files.npy import shown
from signlet.landmarks import IRIS_FACE, LEFT_HAND, NUM_RAW, RIGHT_HAND
from signlet.printable import printable

_RATE_ADVICE = (
    "write `fps` into the landmark file (.npz), or convert the video; a table's stretches can be "
    "given as start_frame,end_frame"
)
_HANDS_ADVICE = "so the answer means nothing; record the clip again with the hands in the picture"
_FACE_POINTS = 468
_REFINED_RAW = NUM_RAW + IRIS_FACE - _FACE_POINTS


@dataclass(frozen=True)
class Clip:
    """Landmarks of one recording.

    frames: (T, 543, 3) float32, x right, y down as fractions of the image, z in the scale
        of x; NaN is "not found".
    name: identifies the clip within its source; unique there; one printable line.
    sign: gloss of the sign, None if unknown.
    signer: who signs, or a group of signers that must stay together; None if unknown.
    fps: frames per second, None if unknown.
    remarks: what signlet repaired in it, or what looks wrong; a phrase each, equal for
        clips with the same trouble, so that a set's clips can be counted by it.
    """

    frames: NDArray[np.float32] = field(repr=False)
    name: str = "clip"
    sign: str | None = None
    signer: str | None = None
    fps: float | None = None
    remarks: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Raises ClipError for invalid frames; an invalid rate becomes unknown."""
        object.__setattr__(self, "name", printable(self.name))
        if wrong := _no_frames(self.frames):
            raise ClipError(f"{self.name}: landmarks {wrong}; use Clip.from_array")
        rate = believed_rate(self.fps)
        if rate is None and self.fps is not None and NO_RATE not in self.remarks:
            object.__setattr__(self, "remarks", (*self.remarks, NO_RATE))
        object.__setattr__(self, "fps", rate)

    @classmethod
    def from_array(
        cls,
        array: ArrayLike,
        name: str = "clip",
        sign: str | None = None,
        signer: str | None = None,
        fps: float | None = None,
    ) -> Clip:
        """Check raw landmarks and wrap them; an array that is already right is not copied.

        array: (T, 543, 3) of any real dtype, or (T, 553, 3) whose face has 478 points (the
            ten iris points are cut), or (T, 1662) or (T, 258) as the tutorials write it; an
            array, a masked one, a tensor, or lists. NaN, None or masked means not found, and so
            does one number, or one place, for all points of a part (face, hand, pose) in a
            frame: then `remarks` and a ClipWarning say so.
        fps: frames a second; an impossible one becomes unknown, with a warning, too.
        Raises ClipError naming the clip, the problem and the remedy.
        """
        frames, remarks = validated(array, name)
        clip = cls(frames, name, sign, signer, fps, remarks)
        warn_of(clip.remarks)
        return clip

    def hand_frames(self) -> NDArray[np.bool_]:
        """(T,) bool: frames in which at least one hand landmark was found."""
        left, right = self.frames[:, LEFT_HAND, 0], self.frames[:, RIGHT_HAND, 0]
        found: NDArray[np.bool_] = ~np.isnan(left).all(1) | ~np.isnan(right).all(1)
        return found

    def unanswerable(self) -> tuple[str, ...]:
        """Remarks that an answer for this clip means nothing; () if it may be trusted."""
        return () if self.hand_frames().any() else (NO_HAND,)


def validated(array: ArrayLike, name: str) -> tuple[NDArray[np.float32], tuple[str, ...]]:
    """(T, 543, 3) float32 out of what a user gave, and remarks on it; see `Clip.from_array`."""
    raw = plain(array, name)
    if raw.ndim == 2:
        raw = in_a_row(raw, name)
    require_shape(raw.shape, name)
    with np.errstate(over="ignore"):
        frames = (
            _cut(raw) if raw.shape[1] == _REFINED_RAW else np.ascontiguousarray(raw, np.float32)
        )
    if np.isinf(frames).any():
        raise ClipError(f"{name}: holds infinite values; {ADVICE}")
    frames, remark = without_numbers(frames)
    return frames, () if remark is None else (remark,)


def _cut(raw: NDArray[Any]) -> NDArray[np.float32]:
    """(T, 553, 3) -> (T, 543, 3), without the points of the iris."""
    frames = np.empty((len(raw), NUM_RAW, 3), np.float32)
    frames[:, :_FACE_POINTS], frames[:, _FACE_POINTS:] = raw[:, :_FACE_POINTS], raw[:, IRIS_FACE:]
    return frames


def require_shape(shape: tuple[int, ...], name: str) -> None:
    """Raise ClipError if a clip cannot have landmarks of this shape, or this many frames."""
    if len(shape) != 3 or shape[2] != 3 or shape[1] not in (NUM_RAW, _REFINED_RAW):
        raise ClipError(f"{name}: landmarks have shape {shown(shape)}; {shape_advice(shape)}")
    require_frames(shape[0], name)


def _no_frames(frames: object) -> str:
    """Return why this is not the frames of a clip; "" if it is, whatever the number of frames."""
    if not isinstance(frames, np.ndarray):
        return f"are a {type(frames).__name__}, not a numpy array"
    if isinstance(frames, np.ma.MaskedArray):  # whose mask nothing here would look at
        return "are a masked array"
    if frames.dtype != np.float32 or not frames.dtype.isnative:
        return f"have type {str(frames.dtype)[:60]}, not float32"
    if frames.shape[1:] != (NUM_RAW, 3):
        return f"have shape {shown(frames.shape)}, not (frames, {NUM_RAW}, 3)"
    if len(frames) > MAX_FRAMES:
        return f"have {len(frames)} frames; at most {MAX_FRAMES} are allowed"
    return "hold infinite values" if np.isinf(frames).any() else ""


def warn_of(remarks: Iterable[str]) -> None:
    """Say remarks on a clip as ClipWarnings, at the line outside signlet that brought it.

    Its name is left out: so Python says a remark once for that line, not for every clip.
    """
    for remark in remarks:
        warnings.warn(advised(remark), ClipWarning, stacklevel=_outside())


def advised(remark: str) -> str:
    """A remark with what can be done about it, where that is known here."""
    if remark == NO_RATE:
        return f"{remark}; {_RATE_ADVICE}"
    if remark == NO_HAND:
        return f"{remark}, {_HANDS_ADVICE}"
    return f"{remark}; {ADVICE}" if remark.endswith(TAKEN) else remark


def _outside() -> int:
    """Return the `stacklevel` of `warnings.warn` for the first line outside signlet."""
    level, frame = 1, sys._getframe(1)
    while frame.f_back and frame.f_globals.get("__name__", "").partition(".")[0] == "signlet":
        level, frame = level + 1, frame.f_back
    return level


def require_landmarks(frames: NDArray[np.float32], name: str) -> None:
    """Raise ClipError if not a single landmark was found in (T, 543, 3)."""
    if not len(frames):
        raise ClipError(f"{name}: has 0 frames; record it again")
    if np.isnan(frames).all():
        raise ClipError(f"{name}: no landmark was found in any frame; record or extract it again")
