"""A packed data set in, batches of frames (B, T, 100, 3) and mask (B, T) out."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from signlet import landmarks
from signlet.errors import SignletError
from signlet.files.regular import require_regular
from signlet.pack import layout
from signlet.pack.layout import Header
from signlet.pack.tables import read_table
from signlet.printable import printable

_NAN = float("nan")
_FILLED = ("name", "offset", "length", "label", "raw_frames")
"""Columns of the index that every clip has a value in."""


@dataclass(frozen=True, eq=False)
class PackedSet:
    """Clips after `Preprocess.normalise`, memory-mapped, with their index.

    path: its directory.
    frames: (F, 100, 3) float32 or float16, the kept frames of all clips back to back,
        normalised; NaN = not found.
    offsets, lengths: (N,) int64, first frame and number of frames of each clip; length is
        1 to max_len.
    labels: (N,) int64 class of each clip, -1 unknown.
    index, skipped: tables with the columns of `layout.INDEX_SCHEMA` and `SKIPPED_SCHEMA`.
    """

    path: Path
    header: Header
    frames: NDArray[Any] = field(repr=False)
    offsets: NDArray[np.int64] = field(repr=False)
    lengths: NDArray[np.int64] = field(repr=False)
    labels: NDArray[np.int64] = field(repr=False)
    index: Any = field(repr=False)
    skipped: Any = field(repr=False)
    _tensors: tuple[Tensor, Tensor, Tensor] = field(repr=False)

    @classmethod
    def open(cls, path: str | Path) -> PackedSet:
        """Open a directory that `pack` has finished; frames are not read yet.

        Raises SignletError if it is not one, unfinished, damaged, or of another layout.
        """
        path = Path(path)
        header = _header(path)
        index = _table(path / layout.INDEX, layout.INDEX_SCHEMA)
        skipped = _table(path / layout.SKIPPED, layout.SKIPPED_SCHEMA)
        names = ("offset", "length", "label")
        if any(index[name].null_count for name in _FILLED):
            raise layout.damaged(path / layout.INDEX)
        offsets, lengths, labels = (np.array(index[name].to_numpy()) for name in names)
        _check(path, header, len(skipped), offsets, lengths, labels)
        frames = _map(path / layout.FRAMES, header)
        tensors = torch.from_numpy(frames), torch.from_numpy(offsets), torch.from_numpy(lengths)
        return cls(path, header, frames, offsets, lengths, labels, index, skipped, tensors)

    def __len__(self) -> int:
        """Number of clips."""
        return len(self.lengths)

    @cached_property
    def names(self) -> list[str]:
        """(N) names of the clips, one printable line each."""
        return list(map(printable, self.index["name"].to_pylist()))

    @cached_property
    def signers(self) -> list[str]:
        """(N) signers or signer groups, "" = unknown."""
        return [printable(signer or "") for signer in self.index["signer"].to_pylist()]

    @cached_property
    def splits(self) -> list[str]:
        """(N) "train", "val" or "test", as published; "" = in none."""
        return [split or "" for split in self.index["split"].to_pylist()]

    @property
    def signs(self) -> tuple[str, ...]:
        """Label order: a sign's position is its class."""
        return self.header.settings.signs

    def clips_of_signs(self) -> NDArray[np.int64]:
        """(K,) how many clips of each sign there are."""
        return np.bincount(self.labels[self.labels >= 0], minlength=len(self.signs))

    @property
    def max_len(self) -> int:
        """Most frames a clip has."""
        return self.header.settings.max_len

    @property
    def source(self) -> str:
        """Name of the source the clips came from."""
        return self.header.settings.source

    @property
    def device(self) -> torch.device:
        """The device that holds the frames."""
        return self._tensors[0].device

    @property
    def nbytes(self) -> int:
        """Bytes of all frames."""
        return int(self.frames.nbytes)

    def to(self, device: torch.device | str) -> PackedSet:
        """The same set whose batches come from (and are on) a device; all frames are copied."""
        frames, offsets, lengths = (tensor.to(device) for tensor in self._tensors)
        return replace(self, _tensors=(frames, offsets, lengths))

    def batch(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Gather clips.

        rows: (B,) int64 positions in the index, any order, repeats allowed.
        Returns frames (B, max_len, 100, 3) float32, NaN if not found or padding, and mask
        (B, max_len) bool, True if a frame is; both on the device of the set.
        """
        frames, offsets, lengths = self._tensors
        rows = rows.to(frames.device, non_blocking=True)
        slot = torch.arange(self.max_len, device=frames.device)
        length = lengths[rows].unsqueeze(1)
        mask = slot < length
        index = offsets[rows].unsqueeze(1) + torch.minimum(slot, length - 1)
        gathered = frames.flatten(1).index_select(0, index.flatten()).float()
        gathered += torch.where(mask, 0.0, _NAN).flatten().unsqueeze(1)  # NaN in the padding
        return gathered.view(*mask.shape, landmarks.NUM_SELECTED, 3), mask


def _header(path: Path) -> Header:
    if not (path / layout.HEADER).exists():
        if (path / layout.SHARDS).exists():
            problem = "packing was not finished; run the same pack command again to continue"
        else:
            problem = (
                f"is not a packed set ({layout.HEADER} is missing); make one with signlet pack"
            )
        raise SignletError(f"{path}: {problem}")
    header = layout.read_header(path / layout.HEADER)
    if header.settings.schema != landmarks.SCHEMA:
        raise SignletError(
            f"{path}: has landmarks of {header.settings.schema}, but this version of signlet "
            f"uses {landmarks.SCHEMA}; pack the clips again into a new directory"
        )
    return header


def _table(path: Path, schema: Any) -> Any:
    try:
        table = read_table(path)
    except Exception as error:  # pyarrow raises nearly anything for a damaged file
        raise layout.damaged(path) from error
    if table.schema.remove_metadata() != schema:
        raise layout.damaged(path)
    return table


def _check(
    path: Path,
    header: Header,
    skipped: int,
    offsets: NDArray[np.int64],
    lengths: NDArray[np.int64],
    labels: NDArray[np.int64],
) -> None:
    """Raise SignletError if header and index disagree."""
    settings = header.settings
    sound = (
        (len(lengths), skipped, int(lengths.sum())) == (header.clips, header.skipped, header.frames)
        and len(lengths) > 0
        and lengths.min() >= 1
        and lengths.max() <= settings.max_len
        and (offsets == np.cumsum(lengths) - lengths).all()
        and labels.min() >= -1
        and labels.max() < len(settings.signs)
    )
    if not sound:
        raise layout.damaged(path / layout.INDEX)


def _map(path: Path, header: Header) -> NDArray[Any]:
    """Frames, copy on write: torch warns about tensors of read-only memory."""
    try:
        require_regular(path)
        frames: Any = np.load(path, mmap_mode="c", allow_pickle=False)
        size = path.stat().st_size - frames.offset
    except Exception as error:  # numpy evaluates the header, which raises nearly anything
        raise layout.damaged(path) from error
    shape = (header.frames, landmarks.NUM_SELECTED, 3)
    right = frames.shape == shape and frames.dtype == header.settings.dtype
    if not right or size != frames.nbytes or not frames.flags.c_contiguous:
        raise layout.damaged(path)
    return frames
