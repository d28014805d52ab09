"""Write a clip to a file: whole or not at all."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import IO, Any

import numpy as np

from signlet.clip import Clip
from signlet.errors import SignletError
from signlet.files.atomic import replacing
from signlet.landmarks import NUM_RAW, RAW_PARTS
from signlet.sources.arrays import EXTRACTOR_KEY, FPS_KEY, KEY


def write_clip(clip: Clip, path: str | Path, extractor: str | None = None) -> None:
    """Write landmarks to `.npz`, or to `.parquet` in the competition's schema.

    extractor: name and version of what found the landmarks, kept beside them if given.
    The frame rate is kept too, in `.parquet` in the file's metadata. Sign and signer are in
    neither: sources take them from the file's place or from a table.
    `read_clip` gives the same frames back, bit for bit. Directories are made as needed.
    Raises SignletError for another ending or where the file cannot be written; a file
    that was there before is then untouched.
    """
    path = Path(path)
    writer = _WRITERS.get(path.suffix.lower())
    if writer is None:
        raise SignletError(f"{path}: clips are written as {' or '.join(_WRITERS)}; choose one")
    with replacing(path, durable=False) as temporary, temporary.open("wb") as file:
        writer(clip, file, extractor)


def _write_npz(clip: Clip, file: IO[bytes], extractor: str | None) -> None:
    arrays: dict[str, Any] = {KEY: clip.frames}
    if extractor is not None:
        arrays[EXTRACTOR_KEY] = np.array(extractor)
    if clip.fps is not None:
        arrays[FPS_KEY] = np.float64(clip.fps)
    # Whole, before it is written: an archive that a full disk cuts off complains when it is freed.
    whole = BytesIO()
    np.savez_compressed(whole, **arrays)
    file.write(whole.getbuffer())


def _write_parquet(clip: Clip, file: IO[bytes], extractor: str | None) -> None:
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    count = len(clip.frames)
    names = [(part, i) for part, rows in RAW_PARTS.items() for i in range(rows.stop - rows.start)]
    values = clip.frames.reshape(-1, 3).astype(np.float64)
    frame = pa.array(np.repeat(np.arange(count, dtype=np.int16), NUM_RAW))
    row = pa.array(np.tile(np.arange(NUM_RAW), count))
    point = pa.array([f"{part}-{i}" for part, i in names]).take(row)
    columns = {
        "frame": frame,
        "row_id": pc.binary_join_element_wise(frame.cast(pa.string()), point, "-"),
        "type": pa.array([part for part, _ in names]).take(row),
        "landmark_index": pa.array(np.array([i for _, i in names], np.int16)).take(row),
        **{name: pa.array(values[:, c], from_pandas=True) for c, name in enumerate("xyz")},
    }
    known = {FPS_KEY: clip.fps, EXTRACTOR_KEY: extractor}
    about = {key: str(value) for key, value in known.items() if value is not None}
    pq.write_table(pa.table(columns, metadata=about or None), file)


_WRITERS: dict[str, Callable[[Clip, IO[bytes], str | None], None]] = {
    ".npz": _write_npz,
    ".parquet": _write_parquet,
}
