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
from signlet.landmarks import NUM_RAW, RAW_PARTS
from signlet.sources.datasets.layout import Layout, Listing
from signlet.sources.source import ClipRef, read_ref
from signlet.sources.tables import read_rows

_TABLES = {"train.csv": "train_landmarks", "supplemental_metadata.csv": "supplemental_landmarks"}
_COLUMNS = ("path", "sequence_id", "phrase")
_SEQUENCE = "sequence_id"


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
        files = {row["path"]: (root / row["path"]).is_file() for row in rows}
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
    import pyarrow as pa
    import pyarrow.parquet as pq

    file = pq.ParquetFile(pa.OSFile(os.fsencode(path)))
    if _SEQUENCE not in file.schema_arrow.names:
        raise ClipError(f"{path}: has no column {_SEQUENCE}; copy the file again")
    read = (file.read_row_group(i, columns=[_SEQUENCE]) for i in range(file.num_row_groups))
    return [set(map(str, table[_SEQUENCE].to_pylist())) for table in read]


@lru_cache(maxsize=1)
def _group(path: Path, group: int, _: int) -> tuple[NDArray[Any], NDArray[np.float32]]:
    """Sequence (T,) and landmarks (T, 543, 3) of all frames of a row group, in their order.

    The last one is kept: the sequences of a file are read one after the other.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    file = pq.ParquetFile(pa.OSFile(os.fsencode(path)))
    names = file.schema_arrow.names
    frames = np.full((file.metadata.row_group(group).num_rows, NUM_RAW, 3), np.nan, np.float32)
    table = file.read_row_group(group)
    for part, rows in RAW_PARTS.items():
        for row in range(rows.start, rows.stop):
            for axis, letter in enumerate("xyz"):
                name = f"{letter}_{part}_{row - rows.start}"
                if name in names:
                    frames[:, row, axis] = table[name].to_numpy()
    ids = np.array([str(one) for one in table[_SEQUENCE].to_pylist()])
    return ids, frames


LAYOUT = Layout("asl-fingerspelling", known_by, clips, read)
