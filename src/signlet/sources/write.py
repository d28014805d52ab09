"""Write a clip to a file: whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import numpy as np

from signlet.clip import Clip
from signlet.errors import SignletError
from signlet.landmarks import NUM_RAW, RAW_PARTS
from signlet.sources.arrays import FPS_KEY, KEY


def write_clip(clip: Clip, path: str | Path) -> None:
    """Write landmarks and frame rate to `.npz` or to `.parquet` in the competition's schema.

    Sign and signer are not in the file: sources take them from its place or from a table.
    `read_clip` gives the same frames back, bit for bit. Directories are made as needed.
    Raises SignletError for another ending or where the file cannot be written; a file
    that was there before is then untouched.
    """
    path = Path(path)
    writer = _WRITERS.get(path.suffix.lower())
    if writer is None:
        raise SignletError(f"{path}: clips are written as {' or '.join(_WRITERS)}; choose one")
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as file:
            writer(clip, file)
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise SignletError(f"{path}: cannot be written ({error.strerror or error})") from error
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def _write_npz(clip: Clip, file: IO[bytes]) -> None:
    arrays: dict[str, Any] = {KEY: clip.frames}
    if clip.fps is not None:
        arrays[FPS_KEY] = np.float64(clip.fps)
    np.savez_compressed(file, **arrays)


def _write_parquet(clip: Clip, file: IO[bytes]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    from signlet.sources.parquet import FPS_METADATA

    count = len(clip.frames)
    names = [(part, i) for part, rows in RAW_PARTS.items() for i in range(rows.stop - rows.start)]
    values = clip.frames.reshape(-1, 3).astype(np.float64)
    columns = {
        "frame": np.repeat(np.arange(count, dtype=np.int16), NUM_RAW),
        "row_id": [f"{t}-{part}-{i}" for t in range(count) for part, i in names],
        "type": [part for part, _ in names] * count,
        "landmark_index": np.tile(np.array([i for _, i in names], np.int16), count),
        **{name: pa.array(values[:, c], from_pandas=True) for c, name in enumerate("xyz")},
    }
    metadata = {} if clip.fps is None else {FPS_METADATA: repr(clip.fps).encode()}
    pq.write_table(pa.table(columns).replace_schema_metadata(metadata), file)


_WRITERS: dict[str, Callable[[Clip, IO[bytes]], None]] = {
    ".npz": _write_npz,
    ".parquet": _write_parquet,
}
