"""Join the shards of a pack into the finished set."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import IO, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from signlet import landmarks
from signlet.errors import SignletError
from signlet.files.atomic import replacing, write_text
from signlet.pack import layout
from signlet.pack.layout import Header, Settings
from signlet.pack.resume import discard
from signlet.pack.shard import Shard, frame_bytes
from signlet.pack.tables import read_table, write_table
from signlet.version import __version__


def merge(shards: list[Shard], out: Path, settings: Settings) -> None:
    """Write one index and one file of frames out of all shards; the header last.

    Raises SignletError if not one clip could be packed (only `skipped.parquet` stays),
    the disk is full or a shard is damaged.
    """
    table = _concatenate(shards, settings.dtype)
    packed = pc.is_null(table["reason"])
    skipped = table.filter(pc.invert(packed)).select(layout.SKIPPED_SCHEMA.names)
    write_table(out / layout.SKIPPED, skipped)
    index = _index(table.filter(packed))
    if not len(index):
        discard(out / layout.SHARDS)
        raise SignletError(
            f"not one of the {len(table)} clips could be packed; the first: "
            f"{skipped['reason'][0].as_py()} (all reasons: {out / layout.SKIPPED})"
        )
    frames = pc.sum(index["length"]).as_py()
    with replacing(out / layout.FRAMES) as path, path.open("wb") as file:
        _write_frames(shards, frames, settings.dtype, file)
    write_table(out / layout.INDEX, index)
    header = Header(settings, __version__, len(index), len(skipped), frames)
    write_text(out / layout.HEADER, layout.as_json(header))


def _bytes(table: Any, dtype: str) -> int:
    """Of the frames of a shard."""
    return int(pc.sum(table["length"]).as_py()) * frame_bytes(dtype)


def _concatenate(shards: list[Shard], dtype: str) -> Any:
    tables = []
    for shard in shards:
        try:
            table = read_table(shard.table)
            sound = table.schema.equals(layout.SHARD_SCHEMA)
            sound = sound and _bytes(table, dtype) == shard.frames.stat().st_size
        except Exception:  # pyarrow raises nearly anything for a damaged file
            sound = False
        if not sound:
            raise SignletError(f"{shard.table}: is damaged; delete it and pack again")
        tables.append(table)
    return pa.concat_tables(tables)


def _index(table: Any) -> Any:
    lengths = table["length"].to_numpy()
    offsets = pa.array(np.cumsum(lengths) - lengths, pa.int64())
    return table.append_column("offset", offsets).select(layout.INDEX_SCHEMA.names)


def _write_frames(shards: list[Shard], frames: int, dtype: str, file: IO[bytes]) -> None:
    header = {"descr": np.dtype(dtype).str, "fortran_order": False}
    shape = (frames, landmarks.NUM_SELECTED, 3)
    np.lib.format.write_array_header_1_0(file, {**header, "shape": shape})
    start = file.tell()
    for shard in shards:
        with shard.frames.open("rb") as part:
            shutil.copyfileobj(part, file, 1 << 20)
    if file.tell() - start != frames * frame_bytes(dtype):
        raise SignletError(f"{shards[0].folder}: its shards are damaged; delete it and pack again")
