"""Clips in the competition's Parquet schema. 94,477 of them are packed, so this is quick.

One row is one landmark of one frame: `frame`, `type`, `landmark_index`, `x`, `y`, `z`; a
landmark that was not found is empty or NaN. Other columns (`row_id`) are never decoded.
What the rows say they are is checked in every file: rows in another order than the
canonical one are sorted, and a frame with a landmark missing or twice is refused.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from signlet.clip import MAX_FRAMES, Clip, validated
from signlet.errors import ClipError
from signlet.files import parquet_pages
from signlet.files.regular import open_regular, size_of
from signlet.files.thrift import Structure
from signlet.printable import shortened
from signlet.sources import row_order
from signlet.sources.arrays import FPS_KEY, checked_fps
from signlet.sources.row_order import Ints

_COORDINATES = ("x", "y", "z")
_LABELS = ("type", "landmark_index")
_COLUMNS = ("frame", *_LABELS, *_COORDINATES)
_NUMBERED = ("frame", *_COORDINATES)

_INTEGERS = ("INT32", "INT64")
_NUMBERS = (*_INTEGERS, "FLOAT", "DOUBLE", "FIXED_LEN_BYTE_ARRAY")
_KINDS = {
    "frame": (_INTEGERS, "integers"),
    "landmark_index": (_INTEGERS, "integers"),
    "type": (("BYTE_ARRAY",), "text such as 'face'"),
}
"""The storage types allowed for each column. A number stored as text could have any length."""
_WIDEST = 16
"""Bytes of a number of fixed length."""
_MOST_BYTES = 512 << 20
"""The largest clip allowed has 11 million rows of 44 bytes at most."""
_SLACK = 1 << 20
"""Bytes that a page may have beyond what its rows need."""
_SCHEMA, _MOST_COLUMNS = 2, 1000
"""Field numbers of the list of columns, and of their groups, in the footer."""

_Stretch = tuple[int, bytes]
"""Most bytes before the first byte of column x."""
_CHECKED: dict[int, tuple[int, list[_Stretch]]] = {}
"""Rows of a file -> its rows a frame, and its label columns as they stand in the file, for
files whose rows were decoded, checked and found canonical.

Files of equal length by the same writer have the same bytes there: `type` and
`landmark_index` say nothing else. Comparing them is as sure as decoding them and saves a
tenth of the time.
"""
_MAX_CHECKED, _MAX_BYTES = 1024, 1 << 16


def read_parquet(path: Path) -> Clip:
    """Read and check one file; see `read_clip`."""
    about = _footer(path)
    # Not read_table, whose data set machinery takes as long as a short clip, and OSFile, not a
    # path, which is looked up in the file systems first.
    with pa.OSFile(os.fsencode(path)) as source, pq.ParquetFile(source, pre_buffer=False) as file:
        columns, rows = _columns(file, path)
        _judge_pages(about, columns, _NUMBERED, rows, path)
        table = _table(file, columns, _NUMBERED)
        frame, values = _integers(table, "frame", path), _coordinates(table, path)
        points, (fps, wrong) = _known_points(file, columns, source), _fps(file)
    if not (points and row_order.frames_in_order(frame, points)):
        values, points = _in_order(about, frame, values, path)
    frames, remarks = validated(values.reshape(-1, points, 3), str(path))
    return Clip(frames, path.stem, fps=fps, remarks=remarks + wrong)


def _footer(path: Path) -> Structure:
    """Read the footer: the description of the columns, checked before pyarrow reads the file.

    Raises ClipError if this is not a file, or where it claims too much memory.
    """
    with open_regular(path) as file:
        if (size := size_of(file)) > _MOST_BYTES:
            raise ClipError(f"{path}: is larger than {_MOST_BYTES >> 20} MB; cut it to one sign")
        try:
            about = parquet_pages.footer(file, size)
        except parquet_pages.TooLargeError:
            raise ClipError(
                f"{path}: has very many row groups; write it again in larger ones"
            ) from None
        except ValueError as error:
            raise ClipError(f"{path}: is damaged, its end {error}; copy the file again") from None
    columns = about.get(_SCHEMA)
    if isinstance(columns, list) and len(columns) > _MOST_COLUMNS:
        listed = len(columns)
        raise ClipError(f"{path}: has {listed:,} columns; it needs {', '.join(_COLUMNS)}")
    return about


def _judge_pages(
    about: Structure, columns: dict[str, int], names: tuple[str, ...], rows: int, path: Path
) -> None:
    """Raise ClipError if decoding a column would take far more memory than its rows do."""
    wanted, most = {columns[name] for name in names}, _SLACK + rows * _WIDEST * 2
    try:
        chunks = [chunk for chunk in parquet_pages.chunks(about) if chunk.column in wanted]
        chunks = [c for c in chunks if c.text or not c.cheap or c.packed > _SLACK]
        if not chunks:
            return  # nearly always
        with open_regular(path) as file:
            for chunk in chunks:
                parquet_pages.judge_pages(file, chunk, most)
    except parquet_pages.TooLargeError:
        raise ClipError(f"{path}: unpacks to far more than its rows need; write it again") from None
    except ValueError as error:
        raise ClipError(f"{path}: is damaged, it {error}; copy the file again") from None


def _in_order(
    about: Structure, frame: Ints, values: NDArray[np.float32], path: Path
) -> tuple[NDArray[np.float32], int]:
    """(rows, 3) values in canonical order, and rows a frame, after decoding the labels."""
    with (
        pa.OSFile(os.fsencode(path)) as source,
        pq.ParquetFile(source, pre_buffer=False, read_dictionary=["type"]) as file,
    ):
        columns, rows = _columns(file, path)
        _judge_pages(about, columns, _LABELS, rows, path)
        table = _table(file, columns, _LABELS)
        index, codes = _integers(table, "landmark_index", path), _type_codes(table, path)
        points = row_order.canonical_points(frame, index, codes)
        if points:
            _remember(file, columns, source, points)
            return values, points
    order, points = row_order.sorted_rows(frame, index, codes, path)
    return values[order], points


def _fps(file: Any) -> tuple[float | None, tuple[str, ...]]:
    """Frame rate in the file's metadata, where `write_clip` puts it."""
    return checked_fps((file.metadata.metadata or {}).get(FPS_KEY.encode()))


def _columns(file: Any, path: Path) -> tuple[dict[str, int], int]:
    """Number of each column that is needed, and how many rows there are."""
    names = file.schema.names
    missing = [name for name in _COLUMNS if names.count(name) != 1]
    if missing:
        raise ClipError(
            f"{path}: must have the column {missing[0]} once; it needs {', '.join(_COLUMNS)}"
        )
    about = file.metadata
    groups = sum(about.row_group(group).num_rows for group in range(about.num_row_groups))
    rows = max(about.num_rows, groups)  # a damaged file tells two numbers
    if rows > MAX_FRAMES * max(row_order.ROWS):
        raise ClipError(
            f"{path}: has {rows} rows, more than {MAX_FRAMES} frames; cut it into single signs"
        )
    numbers = {name: names.index(name) for name in _COLUMNS}
    for name, number in numbers.items():
        _judge_column(file.schema.column(number), name, path)
    return numbers, rows


def _judge_column(column: Any, name: str, path: Path) -> None:
    """Raise ClipError if reading a column would give anything but a number, or word, a row."""
    if column.path != name or column.max_repetition_level:
        raise ClipError(f"{path}: column {name} contains lists or groups; write one value per row")
    kinds, what = _KINDS.get(name, (_NUMBERS, "numbers"))
    if column.physical_type not in kinds or column.length > _WIDEST:
        kind = column.logical_type.type
        told = column.physical_type if kind == "NONE" else kind
        raise ClipError(f"{path}: column {name} has type {told.lower()}; write {what}")


def _known_points(file: Any, columns: dict[str, int], source: Any) -> int | None:
    """Rows a frame where the labels are those of a checked file, else None.

    They are looked for where writers put them, just before x. The place is asked only of
    columns that were read: pyarrow ends the process over a damaged entry.
    """
    points, labels = _CHECKED.get(file.metadata.num_rows, (0, []))
    if not (points and _labels_before_x(file, columns)):
        return None
    x, _ = _span(file, columns["x"])
    known = all(x > back and source.read_at(len(b), x - back) == b for back, b in labels)
    return points if known else None


def _remember(file: Any, columns: dict[str, int], source: Any, points: int) -> None:
    if not _labels_before_x(file, columns) or len(_CHECKED) >= _MAX_CHECKED:
        return
    x, _ = _span(file, columns["x"])
    spans = [_span(file, columns[name]) for name in _LABELS]
    if 0 < x - spans[0][0] <= _MAX_BYTES:
        labels = [(x - start, source.read_at(end - start, start)) for start, end in spans]
        _CHECKED[file.metadata.num_rows] = points, labels


def _labels_before_x(file: Any, columns: dict[str, int]) -> bool:
    first = columns["type"]
    adjacent = (columns["landmark_index"], columns["x"]) == (first + 1, first + 2)
    return adjacent and file.metadata.num_row_groups == 1


def _span(file: Any, column: int) -> tuple[int, int]:
    """First byte of a column and the byte after its last."""
    chunk = file.metadata.row_group(0).column(column)
    start = chunk.dictionary_page_offset or chunk.data_page_offset
    return start, start + chunk.total_compressed_size


def _table(file: Any, columns: dict[str, int], names: tuple[str, ...]) -> Any:
    return file.reader.read_all(column_indices=[columns[n] for n in names], use_threads=False)


def _array(table: Any, name: str) -> Any:
    column = table.column(name)
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def _labels(table: Any, name: str, path: Path) -> Any:
    array = _array(table, name)
    if array.null_count:
        raise ClipError(f"{path}: column {name} has empty cells; fill them in")
    return array


def _integers(table: Any, name: str, path: Path) -> Ints:
    array = _labels(table, name, path)
    if not pa.types.is_integer(array.type):
        raise ClipError(f"{path}: column {name} has type {array.type}; write integers")
    values: Ints = array.to_numpy()
    return values


def _type_codes(table: Any, path: Path) -> Ints:
    """(rows,) position of each row's type among the canonical four."""
    array = _labels(table, "type", path)
    if not pa.types.is_dictionary(array.type):
        raise ClipError(f"{path}: column type has type {array.type}; write text such as 'face'")
    names = array.dictionary.to_pylist()
    unknown = [name for name in names if name not in row_order.TYPES]
    if unknown:
        word, known = shortened(unknown[0]), ", ".join(row_order.TYPES)
        raise ClipError(f"{path}: column type contains {word!r}; allowed: {known}")
    codes = np.array([row_order.TYPES.index(name) for name in names], np.int32)
    return codes[array.indices.to_numpy()]


def _coordinates(table: Any, path: Path) -> NDArray[np.float32]:
    """(rows, 3) float32, empty cells NaN."""
    values = np.empty((table.num_rows, 3), np.float32)
    with np.errstate(over="ignore"):  # what does not fit becomes infinite, which is refused later
        for i, name in enumerate(_COORDINATES):
            array = _array(table, name)
            if not (pa.types.is_floating(array.type) or pa.types.is_integer(array.type)):
                raise ClipError(f"{path}: column {name} has type {array.type}; write numbers")
            values[:, i] = array.to_numpy(zero_copy_only=False)
    return values
