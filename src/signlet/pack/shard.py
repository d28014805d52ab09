"""One shard: some clips of a source read, preprocessed and written. Runs in worker processes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
import pyarrow as pa
import torch
from numpy.typing import NDArray
from torch import Tensor

from signlet.clip import Clip, require_landmarks
from signlet.errors import ClipError
from signlet.files.atomic import replacing
from signlet.landmarks import NUM_SELECTED, RAW_PARTS
from signlet.pack.layout import SHARD_SCHEMA
from signlet.pack.tables import write_table
from signlet.preprocess import Preprocess
from signlet.printable import printable
from signlet.sources import ClipRef, Source

_TOGETHER = 32
"""Clips preprocessed in one call: with more the caches are full, with fewer the calls cost too
much. Which clips are together does not change a bit of the result."""

Row = dict[str, Any]


@dataclass(frozen=True)
class Shard:
    """The two files of a shard. It is finished when the table exists."""

    folder: Path
    number: int

    @property
    def frames(self) -> Path:
        """Frames back to back without a header."""
        return self.folder / f"{self.number:06}.frames"

    @property
    def table(self) -> Path:
        """One row a clip, `layout.SHARD_SCHEMA`."""
        return self.folder / f"{self.number:06}.parquet"


def write_shard(
    source: Source, refs: Sequence[ClipRef], shard: Shard, max_len: int, dtype: str
) -> int:
    """Pack some clips into one shard; returns how many were given.

    A clip that cannot be read or holds no landmark becomes a row with a reason. Both files
    are replaced whole, the table last. Raises SignletError if they cannot be written.
    """
    rows: list[Row] = []
    with _one_thread(), torch.inference_mode():
        preprocess = Preprocess(max_len)
        with replacing(shard.frames, durable=False) as path, path.open("wb") as file:
            for start in range(0, len(refs), _TOGETHER):
                few = refs[start : start + _TOGETHER]
                rows += _pack_few(source, few, preprocess, dtype, file)
    write_table(shard.table, pa.Table.from_pylist(rows, SHARD_SCHEMA), durable=False)
    return len(refs)


@contextmanager
def _one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _pack_few(
    source: Source, refs: Sequence[ClipRef], preprocess: Preprocess, dtype: str, file: IO[bytes]
) -> list[Row]:
    rows: list[Row] = []
    frames, lengths = preprocess.normalise_clips(_readable(source, refs, rows))
    kept = iter(lengths.tolist())
    for row in rows:
        row["length"] = 0 if row["reason"] else next(kept)
    file.write(frames.numpy().astype(dtype, copy=False).data)
    return rows


def _readable(source: Source, refs: Sequence[ClipRef], rows: list[Row]) -> Iterator[Tensor]:
    """Frames of the clips that can be packed, one at a time; a row for every clip."""
    labels = {sign: label for label, sign in enumerate(source.signs)}
    for ref in refs:
        row = _row(ref, labels)
        rows.append(row)
        try:
            clip = source.read(ref)
            row |= _measures(clip)
        except ClipError as error:
            row["reason"] = str(error)
        else:
            yield torch.from_numpy(clip.frames)


def _row(ref: ClipRef, labels: dict[str, int]) -> Row:
    return {
        "name": ref.name,
        "path": printable(str(ref.path)),
        "sign": ref.sign,
        "signer": ref.signer,
        "label": -1 if ref.sign is None else labels[ref.sign],
        "split": ref.split,
        "reason": None,
    }


def _measures(clip: Clip) -> Row:
    """Length, frame rate and missing rates. Raises ClipError if nothing was found."""
    missing = np.isnan(clip.frames[:, :, 0])
    shares = {f"missing_{part}": _share(missing[:, rows]) for part, rows in RAW_PARTS.items()}
    if min(shares.values()) == 1:
        require_landmarks(clip.frames, clip.name)
    kept = {"raw_frames": len(clip.frames), "fps": clip.fps, "remarks": list(clip.remarks)}
    return {**kept, **shares}


def _share(missing: NDArray[np.bool_]) -> float:
    # Counting is quick on contiguous memory only.
    return float(np.count_nonzero(np.ascontiguousarray(missing)) / missing.size)


def frame_bytes(dtype: str) -> int:
    """Bytes of one frame."""
    return NUM_SELECTED * 3 * np.dtype(dtype).itemsize
