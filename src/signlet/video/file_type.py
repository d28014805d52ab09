"""File types by content: the first bytes in, video or another kind out. Needs no library."""

from __future__ import annotations

import stat
import struct
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from signlet.errors import SignletError
from signlet.files import archives
from signlet.files.regular import blocked, open_regular

HEAD = 1 << 16
"""Bytes that are looked at."""
_WALK = 4096
"""Blocks of a file that are stepped over, at most, in search of the one that decides."""

_STILL_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"mif1", b"avif", b"jp2 ", b"jpx ", b"crx ")
_ANIMATED = {
    b"WEBP": "an animated WebP, which is not read; save it as a GIF or MP4",
    b"avis": "an animated AVIF, which is not read; save it as a GIF or MP4",
    b"msf1": "an animated HEIF, which is not read; save it as a GIF or MP4",
}
"""Moving pictures that ffmpeg does not read as such, with the remedy."""
_WEBP_MOVES = 2
"""Bit of the flags of a WebP."""
_SOUND_BRANDS = (b"M4A ", b"M4B ", b"M4P ")
BOXES = (b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot", b"styp", b"moof")
"""Kinds of boxes that an MP4 or MOV begins with."""
_ASF = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
_ASF_VIDEO = bytes.fromhex("c0ef19bc4d5bcf11a8fd00805f5c442b")
_WTV = bytes.fromhex("b7d800203749da11a64e0007e95ead8d")
_MXF = bytes.fromhex("060e2b34020501010d010201")
_OGG_VIDEO = (b"\x80theora", b"OVP80", b"BBCD\0", b"\x01video\0")
_TRACKS, _TRACK_IS_VIDEO = bytes.fromhex("1654ae6b"), b"\x83\x81\x01"
_PACKETS = (188, 192, 204)
"""Lengths of the packets of a transport stream, each of which begins with G."""

Box = tuple[bytes, int, int]
"""Part of an MP4 or MOV: its kind, and where its content starts and ends."""

_BEGINNINGS: tuple[tuple[bytes, str], ...] = (
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"\x89PNG\r\n\x1a\n", "a PNG picture"),
    (b"GIF8", "a GIF picture that does not move"),
    (b"BM", "a BMP picture"),
    (b"II*\0", "a TIFF picture"),
    (b"MM\0*", "a TIFF picture"),
    (b"%PDF", "a PDF"),
    (b"ID3", "sound"),
    (b"fLaC", "sound"),
    (b"OggS", "sound"),
    (_ASF, "sound"),
    (b"\x1aE\xdf\xa3", "sound"),
    (b"PK\x03\x04", "a zip archive, as .npz files are"),
    (b"PAR1", "a Parquet table"),
    (b"\x93NUMPY", "a NumPy array"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"Rar!", "a RAR archive"),
    (b"\x7fELF", "a program"),
    (b"MZ", "a program"),
)


def begins_as_video(path: Path) -> bool:
    """Return True if a file begins like a video. Raises OSError if it cannot be read."""
    about = path.stat()  # of size 0 the system may make it up as it is read, and wait for more
    if about.st_size == 0 or not stat.S_ISREG(about.st_mode):
        return False
    with path.open("rb") as file:
        return holds_video(file)


def holds_video(file: BinaryIO) -> bool:
    """`begins_as_video` of an open file, which must be one that can go to any place in it."""
    head = file.read(HEAD)
    kind = next((test for begins, test in _VIDEOS if begins(head)), None)
    return kind is not None and kind(head, file)


def what_else(path: Path) -> str | None:
    """Return the kind of a file that is not a video, with its article; None if unknown."""
    try:
        with open_regular(path) as file:
            head = file.read(HEAD)
    except (OSError, SignletError):
        return None
    return what_begins(head)


def what_begins(head: bytes) -> str | None:
    """`what_else` of a file's first HEAD bytes."""
    if not head.strip(b"\0"):
        return "empty" if not head else "nothing but zeros"
    if head[4:8] == b"ftyp":
        brand = head[8:12]
        if brand in _STILL_BRANDS:
            return "a picture"
        return "sound" if brand in _SOUND_BRANDS else _ANIMATED.get(brand)
    if head[:4] == b"RIFF":
        moves = head[12:16] == b"VP8X" and bool(head[20:21]) and head[20] & _WEBP_MOVES
        webp = _ANIMATED[b"WEBP"] if moves else "a WebP picture"
        return {b"WEBP": webp, b"WAVE": "sound"}.get(head[8:12])
    if head[0] == 0xFF and head[1:2] > b"\xe0":
        return next((what for begin, what in _BEGINNINGS if head.startswith(begin)), "sound")
    found = next((what for begin, what in _BEGINNINGS if head.startswith(begin)), None)
    return found or ("text" if _is_text(head) else None)


def landmark_ending(path: Path) -> str | None:
    """Return the right ending for a file of landmarks, by its content; None for other files.

    Raises OSError if it cannot be read. A pipe or a device is none, and is not opened.
    """
    if blocked(path):
        return None
    with path.open("rb") as file:
        head = file.read(8)
    if head.startswith(b"PK\x03\x04"):
        try:
            with archives.opened(path) as archive:
                names = archive.namelist()
        except SignletError:
            return None
        return ".npz" if names and all(name.endswith(".npy") for name in names) else None
    endings = {b"\x93NUMPY": ".npy", b"PAR1": ".parquet"}
    return next((end for begin, end in endings.items() if head.startswith(begin)), None)


def _is_text(head: bytes) -> bool:
    try:
        text = head[: HEAD - 4].decode("utf-8", "strict" if len(head) < HEAD else "ignore")
    except UnicodeDecodeError:
        return False
    return all(letter.isprintable() or letter.isspace() for letter in text)


# --- kinds: how the head tells, and what makes sure that pictures move -----------------------
Test = Callable[[bytes, BinaryIO], bool]


def _yes(head: bytes, file: BinaryIO) -> bool:
    return True


def _starts(*beginnings: bytes) -> Callable[[bytes], bool]:
    return lambda head: head.startswith(beginnings)


def _holds(*marks: bytes) -> Test:
    return lambda head, file: any(mark in head for mark in marks)


def _riff(kind: bytes) -> Callable[[bytes], bool]:
    return lambda head: head[:4] == b"RIFF" and head[8:12] == kind


def transport_packets(head: bytes) -> tuple[int, int] | None:
    """(where the first packet begins, their length) of a transport stream; None if it is not one.

    Five packets in a row begin alike; a part may stand before the first of them.
    """
    if _is_text(head):  # lines of one length may look like that
        return None
    for length in _PACKETS:
        for first in range(length):
            if head[first : first + 4 * length + 1 : length] == b"GGGGG":
                return first, length
    return None


def _has_picture_track(head: bytes, file: BinaryIO) -> bool:
    """Of Matroska; where the list of tracks is further back it may have one."""
    at = head.find(_TRACKS)
    return at < 0 or _TRACK_IS_VIDEO in head[at:]


def _is_movie(head: bytes, file: BinaryIO) -> bool:
    """Of MP4 and its kin: no still picture, no sound alone; whole or broken off."""
    brand = head[8:12] if head[4:8] == b"ftyp" else None
    if brand is not None and brand in _STILL_BRANDS + _SOUND_BRANDS:
        return False
    handlers = _handlers(file)
    if handlers is None:  # no table of tracks: broken off, or only called like a box
        return brand is not None or head[4:8] in (b"mdat", b"moof", b"styp")
    return b"vide" in handlers


def _handlers(file: BinaryIO) -> set[bytes] | None:
    """Kinds of the tracks in a movie's `moov`, None if there is none."""
    size = file.seek(0, 2)
    movie = next((box for box in _boxes(file, 0, size) if box[0] == b"moov"), None)
    if movie is None:
        return None
    found = set()
    for kind, *track in _boxes(file, *movie[1:]):
        for inner, *media in _boxes(file, *track) if kind == b"trak" else ():
            for name, start, _ in _boxes(file, *media) if inner == b"mdia" else ():
                if name == b"hdlr":
                    file.seek(start + 8)
                    found.add(file.read(4))
    return found


def _boxes(file: BinaryIO, start: int, end: int) -> list[Box]:
    """The boxes between two places of a file."""
    found: list[Box] = []
    while start + 8 <= end and len(found) < _WALK:
        box = box_at(file, start, end)
        if box is None:
            break
        found.append(box)
        start = box[2]
    return found


def box_at(file: BinaryIO, start: int, end: int) -> Box | None:
    """The box that begins at a place, cut off where what it is in ends; None for no box."""
    file.seek(start)
    head = file.read(16)
    if len(head) < 8:
        return None
    (size,), kind, body = struct.unpack(">I", head[:4]), head[4:8], start + 8
    if size == 1 and len(head) == 16:
        (size,), body = struct.unpack(">Q", head[8:]), start + 16
    stop = end if size == 0 else min(start + size, end)
    return None if stop < body else (kind, body, stop)


def _gif_moves(head: bytes, file: BinaryIO) -> bool:
    """Return True if a second picture follows the first one."""
    if len(head) < 13:
        return False
    file.seek(13 + _colours(head[10]))
    pictures = 0
    for _ in range(_WALK):
        mark = file.read(1)
        if mark == b",":
            pictures += 1
            about = file.read(9)
            if pictures == 2 or len(about) < 9:
                return pictures == 2
            file.seek(_colours(about[8]) + 1, 1)
        elif mark == b"!":
            file.read(1)
        else:
            return False
        while length := file.read(1):
            if length == b"\0":
                break
            file.seek(length[0], 1)
    return False


def _colours(flags: int) -> int:
    """Bytes of a GIF's table of colours."""
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _png_moves(head: bytes, file: BinaryIO) -> bool:
    return b"acTL" in head.partition(b"IDAT")[0]


_VIDEOS: tuple[tuple[Callable[[bytes], bool], Test], ...] = (
    (lambda head: head[4:8] in BOXES, _is_movie),
    (_starts(b"\x1aE\xdf\xa3"), _has_picture_track),
    (_riff(b"AVI "), _yes),
    (_starts(_ASF), _holds(_ASF_VIDEO)),
    (_starts(b"OggS"), _holds(*_OGG_VIDEO)),
    (_starts(b"FLV\x01"), _yes),
    (_starts(b"\0\0\x01\xba", b"\0\0\x01\xb3", b"\0\0\x01\xb0"), _yes),  # MPEG-1, -2, -4
    (_starts(b"\0\0\0\x01\x67", b"\0\0\0\x01\x09", b"\0\0\0\x01\x40\x01"), _yes),  # H.264, H.265
    (_starts(b".RMF"), _holds(b"video/")),
    (
        _starts(b"\x1f\x07\x00", b"DKIF", b"YUV4MPEG2 ", b"nut/multimedia container", _MXF, _WTV),
        _yes,
    ),
    (_starts(b"GIF8"), _gif_moves),
    (_starts(b"\x89PNG\r\n\x1a\n"), _png_moves),
    (lambda head: transport_packets(head) is not None, _yes),
)
"""Tests of a kind of file: of its first bytes, and of whether it holds moving pictures."""
