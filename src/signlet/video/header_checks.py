"""Checks of MP4 and MOV headers: refuse impossible sample counts before ffmpeg allocates them.

A track may say in twelve bytes that it has millions of samples of one size, and ffmpeg makes a list
of them. Needs no library.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from signlet.errors import ClipError
from signlet.files.regular import open_regular, size_of
from signlet.video.file_type import BOXES, Box, box_at

_MOST_PICTURES = 5_000_000
"""Of a track: two days at 25 a second."""
_MOST_BOXES = 1_000_000
_INSIDE = (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"moof", b"traf")
"""Boxes that hold boxes, on the way to the numbers of samples."""
_RAW = (
    *(b"sowt", b"twos", b"in24", b"in32", b"fl32", b"fl64", b"raw ", b"lpcm", b"ulaw", b"alaw"),
    *(b"NONE", b"ipcm", b"fpcm"),
)
"""Kinds of sound whose samples are not listed one by one."""


def refuse_claims(path: Path) -> None:
    """Raise ClipError if an MP4 or MOV claims more than any recording, or than its size."""
    with open_regular(path) as file:
        if file.read(8)[4:] not in BOXES:
            return
        size, sound = size_of(file), b""
        for kind, start, end in _boxes(file, size, path):  # type: ignore[arg-type]
            file.seek(start)
            data = file.read(min(20, end - start))
            if kind == b"stsd":
                sound = data[12:16]
            elif kind in (b"stsz", b"stz2", b"trun") and len(data) >= 8:
                _judge(kind, data, size, sound in _RAW, path)


def _judge(kind: bytes, data: bytes, size: int, raw: bool, path: Path) -> None:
    """data: of a list of samples, from its version on."""
    at = 4 if kind == b"trun" else 8
    (count,) = struct.unpack(">I", data[at : at + 4].ljust(4, b"\0"))
    (each,) = struct.unpack(">I", data[4:8]) if kind == b"stsz" else (0,)
    if (count > _MOST_PICTURES and not raw) or count * each > size:
        raise ClipError(
            f"{path}: claims to hold {count:,} pictures or pieces of sound in {size:,} bytes; copy "
            "or record the video again"
        )


def _boxes(file: BinaryIO, size: int, path: Path) -> Iterator[Box]:
    """All boxes of a file, and those in them, as they stand there."""
    ends = [size]
    at = 0
    for _ in range(_MOST_BOXES):
        while ends and at + 8 > ends[-1]:
            at = ends.pop()
        if not ends:
            return
        box = box_at(file, at, ends[-1])
        if box is None:
            at = ends.pop()
            continue
        yield box
        kind, start, end = box
        if kind in _INSIDE:
            ends.append(end)
            at = start
        else:
            at = end
    raise ClipError(f"{path}: has more than {_MOST_BOXES:,} parts; convert the video")
