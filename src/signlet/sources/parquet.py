"""Clips in the competition's Parquet schema. 94,477 of them are packed, so this is quick.

One row is one landmark of one frame: `frame`, `type`, `landmark_index`, `x`, `y`, `z`; a
landmark that was not found is empty or NaN. Other columns (`row_id`) are never decoded.
What the rows say they are is compared with the canonical order; rows in any other order
are sorted by it, and a frame with a landmark missing or twice is refused.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from signlet.clip import MAX_FRAMES, Clip, validated
from signlet.errors import ClipError
from signlet.landmarks import IRIS_FACE, NUM_RAW, RAW_PARTS
from signlet.sources.arrays import checked_fps

FPS_METADATA = b"signlet.fps"
"""Optional key of the file's metadata; the competition's schema has no place for it."""

Ints = NDArray[np.integer[Any]]

_PARTS = {name: part.stop - part.start for name, part in RAW_PARTS.items()}
_REFINED = {**_PARTS, "face": IRIS_FACE}
_KEYS, _COORDINATES = ("frame", "landmark_index"), ("x", "y", "z")
_COLUMNS = [*_KEYS, "type", *_COORDINATES]


def _layout(sizes: dict[str, int]) -> tuple[Ints, Ints]:
    """Type code and landmark_index of each row of one frame."""
    codes = np.repeat(np.arange(len(sizes), dtype=np.int32), list(sizes.values()))
    return codes, np.concatenate([np.arange(n, dtype=np.int16) for n in sizes.values()])


_LAYOUTS = {sum(sizes.values()): _layout(sizes) for sizes in (_PARTS, _REFINED)}
"""Rows a frame (543, or 553 with a face of 478 points) -> codes and indices."""


def read_parquet(path: Path) -> Clip:
    """Read and check one file; see `read_clip`."""
    table = _read_table(path)
    frame, index = (_integers(table, name, path) for name in _KEYS)
    codes = _type_codes(table, path)
    values = _coordinates(table, path)
    points = next((n for n in _LAYOUTS if _is_canonical(frame, index, codes, n)), 0)
    if not points:
        points = _points(index, codes)
        values = values[_sorted_rows(frame, index, codes, points, path)]
    frames = validated(values.reshape(-1, points, 3), str(path))
    fps = checked_fps((table.schema.metadata or {}).get(FPS_METADATA))
    return Clip(frames, path.stem, fps=fps)


def _read_table(path: Path) -> Any:
    # Not read_table, whose data set machinery takes as long as a short clip, and OSFile, not a
    # path, which is looked up in the file systems first.
    with (
        pa.OSFile(str(path)) as source,
        pq.ParquetFile(source, read_dictionary=["type"], pre_buffer=False) as file,
    ):
        rows = file.metadata.num_rows
        if rows > MAX_FRAMES * max(_LAYOUTS):
            raise ClipError(
                f"{path}: has {rows} rows, more than {MAX_FRAMES} frames; cut it into single signs"
            )
        table = file.read(columns=_COLUMNS, use_threads=False)
    missing = [name for name in _COLUMNS if name not in table.column_names]
    if missing:
        raise ClipError(
            f"{path}: lacks the columns {', '.join(missing)}; needed are {', '.join(_COLUMNS)}"
        )
    return table


def _column(table: Any, name: str, path: Path) -> Any:
    column = table.column(name)
    if column.null_count:
        raise ClipError(f"{path}: column {name} has empty cells; fill them in")
    return column


def _integers(table: Any, name: str, path: Path) -> Ints:
    column = _column(table, name, path)
    if not pa.types.is_integer(column.type):
        raise ClipError(f"{path}: column {name} has type {column.type}; write integers")
    values: Ints = column.to_numpy()
    return values


def _type_codes(table: Any, path: Path) -> Ints:
    """(rows,) position of each row's type among the canonical four."""
    column = _column(table, "type", path)
    if not pa.types.is_dictionary(column.type):
        raise ClipError(f"{path}: column type has type {column.type}; write text such as 'face'")
    array = column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
    names, indices = array.dictionary.to_pylist(), array.indices.to_numpy()
    canonical = list(_PARTS)
    if names == canonical:
        return np.asarray(indices)
    unknown = [name for name in names if name not in canonical]
    if unknown:
        raise ClipError(
            f"{path}: column type holds {unknown[0]!r}; allowed are {', '.join(canonical)}"
        )
    return np.array([canonical.index(name) for name in names], np.int32)[indices]


def _coordinates(table: Any, path: Path) -> NDArray[np.float32]:
    """(rows, 3) float32, empty cells NaN."""
    values = np.empty((table.num_rows, 3), np.float32)
    with np.errstate(over="ignore"):  # what does not fit becomes infinite, which is refused later
        for i, name in enumerate(_COORDINATES):
            column = table.column(name)
            if not (pa.types.is_floating(column.type) or pa.types.is_integer(column.type)):
                raise ClipError(f"{path}: column {name} has type {column.type}; write numbers")
            values[:, i] = column.to_numpy()
    return values


def _is_canonical(frame: Ints, index: Ints, codes: Ints, points: int) -> bool:
    """Whether all rows are there, in order: frames increasing, the layout's rows in each."""
    if len(frame) % points:
        return False
    want_codes, want_index = _LAYOUTS[points]
    by_frame = frame.reshape(-1, points)
    first = by_frame[:, 0]
    return bool(
        (index.reshape(-1, points) == want_index).all()
        and (codes.reshape(-1, points) == want_codes).all()
        and (by_frame == first[:, None]).all()
        and (first[1:] > first[:-1]).all()
    )


def _points(index: Ints, codes: Ints) -> int:
    refined = bool((index[codes == 0] >= _PARTS["face"]).any())
    return NUM_RAW + refined * (IRIS_FACE - _PARTS["face"])


def _sorted_rows(frame: Ints, index: Ints, codes: Ints, points: int, path: Path) -> Ints:
    """(rows,) order that brings the rows into the canonical one; ClipError where none does."""
    sizes = np.bincount(_LAYOUTS[points][0])
    beyond = np.flatnonzero((index < 0) | (index >= sizes[codes]))
    if len(beyond):
        row = beyond[0]
        part = list(_PARTS)[codes[row]]
        raise ClipError(
            f"{path}: {part} of frame {frame[row]} has landmark_index {index[row]}; "
            f"allowed are 0 to {sizes[codes[row]] - 1}"
        )
    position = (np.cumsum(sizes) - sizes)[codes] + index
    order: Ints = np.lexsort((position, frame))
    _check_complete(frame[order], position[order], points, path)
    return order


def _check_complete(frame: Ints, position: Ints, points: int, path: Path) -> None:
    numbers, counts = np.unique(frame, return_counts=True)
    wrong = np.flatnonzero(counts != points)
    if len(wrong):
        raise ClipError(
            f"{path}: frame {numbers[wrong[0]]} has {counts[wrong[0]]} rows instead of {points}; "
            "write every landmark of every frame, empty where it was not found"
        )
    twice = np.flatnonzero((position.reshape(-1, points) != np.arange(points)).any(1))
    if len(twice):
        raise ClipError(
            f"{path}: frame {numbers[twice[0]]} holds a landmark twice and lacks another; "
            "write every landmark once"
        )
