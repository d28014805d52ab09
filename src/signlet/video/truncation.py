"""Truncated files: a path in, whole, cut off or unknown out, by the file's format. No library."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, Literal

from signlet.files.regular import blocked
from signlet.video.file_type import transport_packets

Ending = Literal["whole", "broken", "doubtful", "unknown"]

_STEPS = 2_000_000
"""Parts of a file that are stepped over, at most."""
_SEGMENT = 0x18538067
_LAST_PACKETS = 4000
"""Packets of a transport stream at its end that are looked at."""


def ending(path: Path) -> Ending:
    """Return whether a file is complete.

    "unknown" where it is of a kind whose parts do not tell how long it should be, "doubtful"
    where the last part seems to go on, which one in 200 whole files has too.
    Raises OSError if it cannot be read.
    """
    if blocked(path):
        return "unknown"
    with path.open("rb") as file:
        head = file.read(1024)
        size = file.seek(0, 2)
        check = next((check for begins, check in _KINDS if begins(head)), None)
        if check is None:
            return "unknown"
        try:
            return check(file, head, size)
        except (struct.error, IndexError):  # the file ends within a part's head
            return "broken"


def _read(file: BinaryIO, at: int, count: int) -> bytes:
    file.seek(at)
    data = file.read(count)
    if len(data) < count:
        raise IndexError
    return data


def _parts(ends: Iterator[int], size: int) -> Ending:
    """Judge by the end of the last part."""
    at = 0
    for _, at in zip(range(_STEPS), ends, strict=False):
        if at > size:
            return "broken"
    return "whole" if at == size else "unknown"


def _movie(file: BinaryIO, head: bytes, size: int) -> Ending:
    def ends() -> Iterator[int]:
        at = 0
        while at + 8 <= size:
            length, _ = struct.unpack(">I4s", _read(file, at, 8))
            if length == 1:
                (length,) = struct.unpack(">Q", _read(file, at + 8, 8))
            if length == 0:  # to the end of the file
                length = size - at
            if length < 8:
                return
            at += length
            yield at

    return _parts(ends(), size)


def _riff(file: BinaryIO, head: bytes, size: int) -> Ending:
    def ends() -> Iterator[int]:
        at = 0
        while at + 8 <= size:
            kind, length = struct.unpack("<4sI", _read(file, at, 8))
            if kind != b"RIFF" or length in (0, 0xFFFFFFFF):  # recorded without going back
                return
            at += 8 + length
            yield at

    return _parts(ends(), size)


def _flash(file: BinaryIO, head: bytes, size: int) -> Ending:
    def ends() -> Iterator[int]:
        at = int.from_bytes(head[5:9], "big") + 4
        while at < size:
            kind, *length = _read(file, at, 4)
            if kind & 0x1F not in (8, 9, 18):  # no sound, picture or data
                raise IndexError
            at += 15 + int.from_bytes(bytes(length), "big")
            yield at

    return _parts(ends(), size)


def _matroska(file: BinaryIO, head: bytes, size: int) -> Ending:
    return _parts(_elements(file, size), size)


def _elements(file: BinaryIO, size: int) -> Iterator[int]:
    """Ends of elements; it enters the recording, and elements without a length.

    A corrupt part, such as zeros where a copy stopped, counts as its end.
    """
    at, until = 0, size
    while at < until:
        kind, start, length = _element(file, at)
        if kind is None:
            raise IndexError
        if length is None:
            at = start
            continue
        at = start + length
        if kind == _SEGMENT and at <= size:
            at, until = start, at
            continue
        yield at
    yield size


def _element(file: BinaryIO, at: int) -> tuple[int | None, int, int | None]:
    """(kind, where its content starts, how long that is; None if it does not tell).

    The kind is None if there is no element.
    """
    width = 9 - _read(file, at, 1)[0].bit_length()
    if width > 4:
        return None, at, None
    kind = int.from_bytes(_read(file, at, width), "big")
    at += width
    width = 9 - _read(file, at, 1)[0].bit_length()
    if width > 8:
        return None, at, None
    length = int.from_bytes(_read(file, at, width), "big") & ((1 << 7 * width) - 1)
    unknown = length == (1 << 7 * width) - 1
    return kind, at + width, None if unknown else length


def _windows(file: BinaryIO, head: bytes, size: int) -> Ending:
    """The size stands in the object "file properties"."""
    at = head.find(bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365"))
    (told,) = struct.unpack("<Q", head[at + 40 : at + 48]) if at >= 0 else (0,)
    if not told:
        return "unknown"
    return "broken" if told > size else "whole"


def _ogg(file: BinaryIO, head: bytes, size: int) -> Ending:
    """The last page must be whole, and says that it is the last."""
    start = max(0, size - (1 << 17))
    tail = _read(file, start, size - start)
    page = tail[tail.rfind(b"OggS") :]
    segments = page[26]
    if len(page) < 27 + segments + sum(page[27 : 27 + segments]):
        return "broken"
    return "whole" if page[5] & 4 else "unknown"


def _gif(file: BinaryIO, head: bytes, size: int) -> Ending:
    return "whole" if _read(file, size - 1, 1) == b";" else "broken"


def _transport(file: BinaryIO, head: bytes, size: int) -> Ending:
    first, length = transport_packets(head) or (0, 1)
    before = 4 if length == 192 else 0  # the packets of a camera begin with a time
    if (size - first + before) % length:
        return "broken"
    start = max(first, size - length * _LAST_PACKETS - before)
    tail = _read(file, start - (start - first) % length, size - start)
    packets = [tail[at : at + 188] for at in range(0, len(tail), length)]
    return "doubtful" if _goes_on(packets) else "unknown"


def _goes_on(packets: Sequence[bytes]) -> bool:
    """Return True if a picture or sound seems unfinished: the last packet of each is filled up."""
    streams, filled = set(), {}
    for packet in packets:
        if len(packet) < 188:
            continue
        number, extra = int.from_bytes(packet[1:3], "big") & 0x1FFF, 0
        filled[number] = False
        if packet[3] & 0x20:  # a field before the content: a clock or two, and what fills up
            clocks = 6 * (packet[5] >> 4 & 1) + 6 * (packet[5] >> 3 & 1)
            extra = packet[4] + 1
            filled[number] = packet[4] == 0 or packet[4] > 1 + clocks
        if packet[1] & 0x40 and packet[4 + extra :].startswith(b"\0\0\1"):
            streams.add(number)
    return not all(filled[number] for number in streams)


Check = Callable[[BinaryIO, bytes, int], Ending]
_KINDS: tuple[tuple[Callable[[bytes], bool], Check], ...] = (
    (lambda head: head[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"), _movie),
    (lambda head: head.startswith(b"\x1aE\xdf\xa3"), _matroska),
    (lambda head: head[:4] == b"RIFF" and head[8:12] == b"AVI ", _riff),
    (lambda head: head.startswith(b"FLV"), _flash),
    (lambda head: head.startswith(bytes.fromhex("3026b2758e66cf11")), _windows),
    (lambda head: head.startswith(b"OggS"), _ogg),
    (lambda head: head.startswith(b"GIF8"), _gif),
    (lambda head: transport_packets(head) is not None, _transport),
)
