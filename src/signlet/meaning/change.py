"""Corrections of landmarks: an array whose numbers mean something else in, (T, 543, 3) out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from signlet.clip import validated
from signlet.clip.array_like import plain
from signlet.errors import SignletError
from signlet.landmarks import IRIS_FACE, LEFT_HAND, MIRROR, NUM_RAW, POSE, RAW_PARTS, RIGHT_HAND
from signlet.meaning import undo
from signlet.meaning.filled_frames import repeats

Frames = NDArray[np.float32]
_SIZES = {part: rows.stop - rows.start for part, rows in RAW_PARTS.items()}
_REFINED = NUM_RAW + IRIS_FACE - _SIZES["face"]


@dataclass(frozen=True)
class Change:
    """The way to read an array, in the order of the steps.

    order: parts as they are in the array, None for face, left_hand, pose, right_hand.
    axes: coordinates as they are in the array, "xyz" unless told.
    pixels: width and height of the picture whose pixels x and y count; z counts pixels of its
        width, too.
    span: numbers at the edges of the picture, left and top, right and bottom: (-1, 1), (0, 100).
        z counts as x does where it looks so.
    zeros_missing: a point at x = 0, y = 0 was not found.
    sort_frames: frames were put in the order of their numbers as text: 0, 1, 10, 11, 2.
    flip_x, flip_y, flip_z: the coordinate ran the other way. without_z: z is set to 0.
    swap_hands, swap_pose: left and right of them are swapped.
    mirror: the whole picture was a mirror image: x turned and all sides exchanged.
    one_hand: where both hands hold the same points, only that at its wrist of the pose is there.
    filled_missing: a hand that stands still to the last digit or moves in a straight line, while
        the rest does not, was not found.
    drop_repeats: frames that are the one before are left out, so that fewer are given back.
    """

    order: tuple[str, ...] | None = None
    axes: str = "xyz"
    pixels: tuple[float, float] | None = None
    span: tuple[float, float] | None = None
    zeros_missing: bool = False
    sort_frames: bool = False
    flip_x: bool = False
    flip_y: bool = False
    flip_z: bool = False
    without_z: bool = False
    swap_hands: bool = False
    swap_pose: bool = False
    mirror: bool = False
    one_hand: bool = False
    filled_missing: bool = False
    drop_repeats: bool = False

    def __post_init__(self) -> None:
        """Raises SignletError if one of them cannot be."""
        if self.order is not None and sorted(self.order) != sorted(RAW_PARTS):
            given = ",".join(self.order)
            raise SignletError(
                f"--order {given}: name each of {', '.join(RAW_PARTS)} once, in the order of "
                "your array"
            )
        if sorted(self.axes) != ["x", "y", "z"]:
            raise SignletError(f"--axes {self.axes}: name x, y and z once, such as zxy")
        if self.pixels is not None and not all(0 < n < 1e6 for n in self.pixels):
            size = "x".join(f"{n:g}" for n in self.pixels)
            raise SignletError(f"--pixels {size}: give width and height of the picture: 640x480")
        if self.span is not None and not -1e6 < self.span[0] < self.span[1] < 1e6:
            raise SignletError(f"{_span(self.span)}: give the lower number first: --span=-1,1")
        if self.span is not None and self.pixels is not None:
            raise SignletError("--pixels and --span: mean the same; give only one of them")

    def flags(self) -> str:
        """As the command line has it: "--flip-y --swap-hands"; "" if nothing is changed."""
        return " ".join(self._flags())

    def _flags(self) -> Iterator[str]:
        if self.order is not None:
            yield f"--order {','.join(self.order)}"
        if self.axes != "xyz":
            yield f"--axes {self.axes}"
        if self.pixels is not None:
            yield f"--pixels {self.pixels[0]:g}x{self.pixels[1]:g}"
        if self.span is not None:
            yield _span(self.span)
        for name in _SWITCHES:
            if getattr(self, name):
                yield f"--{name.replace('_', '-')}"

    def __call__(self, array: ArrayLike, name: str = "array") -> Frames:
        """(T, 543, 3) float32 that mean what they should; the array itself is not changed.

        array: (T, 543, 3), or (T, 553, 3) with a face of 478 points. name: for messages.
        Raises ClipError if it has another shape.
        """
        frames = self._in_order(array, name)[..., [self.axes.index(axis) for axis in "xyz"]]
        if self.zeros_missing:
            frames[(frames[..., :2] == 0).all(-1)] = np.nan
        if self.pixels is not None:
            width, height = self.pixels
            frames = frames / np.array([width, height, width], np.float32)
        if self.span is not None:
            frames = undo.from_span(frames, *self.span)
        if self.sort_frames:
            frames = frames[by_number(len(frames))]
        for column, turned in enumerate((self.flip_x, self.flip_y)):
            if turned:
                frames[..., column] = reversed_(frames[..., column])
        if self.flip_z:
            frames[..., 2] = -frames[..., 2]
        if self.without_z:
            frames[..., 2] = np.where(np.isnan(frames[..., 0]), np.nan, 0)
        return np.ascontiguousarray(self._seen(self._with_sides(frames)))

    def _seen(self, frames: Frames) -> Frames:
        """Only what was seen."""
        if self.one_hand:
            frames = undo.without_twin(frames)
        if self.drop_repeats:
            frames = frames[~repeats(frames)]
        return undo.without_filled(frames) if self.filled_missing else frames

    def _in_order(self, array: ArrayLike, name: str) -> Frames:
        """A copy in the usual order of the parts."""
        raw = plain(array, name)
        if self.order is None or raw.ndim != 3:
            return validated(raw, name)[0].copy()
        validated(raw, name)
        sizes = dict(_SIZES)
        if raw.shape[1] == _REFINED:
            sizes["face"] = IRIS_FACE
        ends = np.cumsum([sizes[part] for part in self.order])
        lies = {
            part: raw[:, end - sizes[part] : end][:, : _SIZES[part]]
            for part, end in zip(self.order, ends, strict=True)
        }
        return validated(np.concatenate([lies[part] for part in RAW_PARTS], axis=1), name)[0]

    def _with_sides(self, frames: Frames) -> Frames:
        if self.swap_hands:
            swapped = frames.copy()
            swapped[:, LEFT_HAND] = frames[:, RIGHT_HAND]
            swapped[:, RIGHT_HAND] = frames[:, LEFT_HAND]
            frames = swapped
        if self.swap_pose:
            swapped = frames.copy()
            swapped[:, POSE] = frames[:, MIRROR[POSE]]
            frames = swapped
        if self.mirror:
            frames = frames[:, MIRROR]
            frames[..., 0] = reversed_(frames[..., 0])
        return frames


_SWITCHES = tuple(field.name for field in fields(Change) if field.type == "bool")
NOTHING = Change()


def _span(span: tuple[float, float]) -> str:
    return f"--span={span[0]:g},{span[1]:g}"


def reversed_(values: Frames) -> Frames:
    """A coordinate that runs the other way: 1 - x, or -x where it was counted below 0."""
    found = values[~np.isnan(values)]
    below = len(found) > 0 and float(np.median(found)) < 0
    return -values if below else 1 - values


def by_number(count: int) -> NDArray[np.int64]:
    """Rows that put frames in order which were sorted by their numbers as text."""
    return np.argsort(sorted(range(count), key=str), kind="stable")


def together(changes: Sequence[Change]) -> Change:
    """Several changes joined into one; each changes something different."""
    given = {
        field.name: value
        for change in changes
        for field in fields(Change)
        if (value := getattr(change, field.name)) != field.default
    }
    return replace(NOTHING, **given)
