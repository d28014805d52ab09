"""Kaggle's "Google - American Sign Language Fingerspelling Recognition": landmarks of phrases.

    train.csv, supplemental_metadata.csv       path, file_id, sequence_id, participant_id, phrase
    train_landmarks/, supplemental_landmarks/  .parquet of many sequences: sequence_id, frame,
                                               x_face_0 ... z_right_hand_20

A clip is a phrase, spelt letter by letter, and its "sign" the phrase: there are hardly two of
one. It is for looking at and for recognising, not for training a model of single signs.
"""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from signlet.clip import Clip, validated
from signlet.errors import ClipError, SignletError
from signlet.files import parquet_pages
from signlet.files.missing_path import exists
from signlet.files.regular import open_regular, size_of
from signlet.landmarks import NUM_RAW, RAW_PARTS
from signlet.sources.datasets.layout import Layout, Listing
from signlet.sources.source import ClipRef, read_ref
from signlet.sources.tables import read_rows

_TABLES = {"train.csv": "train_landmarks", "supplemental_metadata.csv": "supplemental_landmarks"}
_COLUMNS = ("path", "sequence_id", "phrase")
_SEQUENCE = "sequence_id"
_COORDINATES = [
    (f"{letter}_{part}_{row - rows.start}", row, axis)
    for part, rows in RAW_PARTS.items()
    for row in range(rows.start, rows.stop)
    for axis, letter in enumerate("xyz")
]
"""Name of each column, row of its landmark, and 0, 1 or 2 for x, y or z."""
_MOST_ROWS, _WIDEST, _SLACK = 1_000_000, 32, 1 << 20
"""Rows of a group, which are read together, and the bytes that a page may take for each row."""


def known_by(root: Path) -> str | None:
    """The folder of landmarks beside a table."""
    for table, folder in _TABLES.items():
        if (root / table).is_file() and (root / folder).is_dir():
            return f"its {table} beside {folder}"
    return None


def clips(root: Path) -> Listing:
    """All sequences, those of one file together."""
    listing = Listing()
    there = [root / table for table in _TABLES if (root / table).is_file()]
    if not there:
        raise SignletError(f"{root}: holds no train.csv; give the folder of the competition")
    for table in there:
        rows = read_rows(table, _COLUMNS)
        files = {row["path"]: exists(root / row["path"]) for row in rows}
        for row in sorted(rows, key=lambda row: row["path"]):
            path = root / row["path"] if files[row["path"]] else None
            name = f"{Path(row['path']).stem}/{row[_SEQUENCE]}"
            listing.add(name, path, row["phrase"], row.get("participant_id"))
    return listing


def read(ref: ClipRef) -> Clip:
    """One sequence. Raises ClipError."""
    return read_ref(ref, lambda path: _sequence(path, ref.name.rpartition("/")[2]))


def _sequence(path: Path, number: str) -> Clip:
    groups = [i for i, ids in enumerate(_ids(path, path.stat().st_mtime_ns)) if number in ids]
    if not groups:
        raise ClipError(f"{path}: holds no sequence {number}; copy the file again")
    tables = [_group(path, group, path.stat().st_mtime_ns) for group in groups]
    parts = [frames[ids == number] for ids, frames in tables]
    frames, remarks = validated(np.concatenate(parts), f"{path}: sequence {number}")
    return Clip(frames, number, remarks=remarks)


@lru_cache(maxsize=8)
def _ids(path: Path, _: int) -> list[set[str]]:
    """Sequences in each row group of a file."""
    file = _judged(path)
    if _SEQUENCE not in file.schema_arrow.names:
        raise ClipError(f"{path}: has no column {_SEQUENCE}; copy the file again")
    read = (file.read_row_group(i, columns=[_SEQUENCE]) for i in range(file.num_row_groups))
    return [set(map(str, table[_SEQUENCE].to_pylist())) for table in read]


@lru_cache(maxsize=1)
def _group(path: Path, group: int, _: int) -> tuple[NDArray[Any], NDArray[np.float32]]:
    """Sequence (T,) and landmarks (T, 543, 3) of all frames of a row group, in their order.

    The last one is kept: the sequences of a file are read one after the other.
    """
    file = _judged(path)
    names = set(file.schema_arrow.names)
    frames = np.full((file.metadata.row_group(group).num_rows, NUM_RAW, 3), np.nan, np.float32)
    ids, done = [], 0
    for batch in file.iter_batches(row_groups=[group], use_threads=False):
        part = frames[done : done + len(batch)]
        for name, row, axis in _COORDINATES:
            if name in names:
                part[:, row, axis] = batch[name].to_numpy(zero_copy_only=False)
        ids += [str(one) for one in batch[_SEQUENCE].to_pylist()]
        done += len(batch)
    return np.array(ids), frames


def _judged(path: Path) -> Any:
    """A file that is open to be read. Raises ClipError if that would take too much memory."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    with open_regular(path) as opened:
        try:
            about = parquet_pages.footer(opened, size_of(opened))
            for chunk in parquet_pages.chunks(about):
                if chunk.rows > _MOST_ROWS:
                    raise ClipError(f"{path}: has {chunk.rows:,} frames in a group of rows; cut it")
                parquet_pages.judge_pages(opened, chunk, _SLACK + chunk.rows * _WIDEST)
        except ValueError as error:
            raise ClipError(f"{path}: is damaged, it {error}; copy the file again") from None
    return pq.ParquetFile(pa.OSFile(os.fsencode(path)))


LAYOUT = Layout("asl-fingerspelling", known_by, clips, read)
