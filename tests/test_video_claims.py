"""Videos that claim more than they hold, and damaged ones: one line, at once."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("av")

from PIL import Image

from signlet.errors import ClipError
from signlet.video.frames import Pictures, refuse_long
from signlet.video.header_checks import refuse_claims
from signlet_testing.mutations import mutate
from signlet_testing.videos import write_video

MANY = 50_000_000


def box(kind: bytes, *inside: bytes) -> bytes:
    content = b"".join(inside)
    return struct.pack(">I4s", 8 + len(content), kind) + content


def movie(table: bytes, handler: bytes = b"vide", codec: bytes = b"avc1") -> bytes:
    described = box(b"stsd", bytes(7) + b"\1", box(codec, bytes(70)))
    stored = box(b"minf", box(b"stbl", described, table))
    media = box(b"mdia", box(b"hdlr", bytes(8), handler), stored)
    return box(b"ftyp", b"isom", bytes(4)) + box(b"moov", box(b"trak", media))


def sizes(count: int, each: int = 0) -> bytes:
    return box(b"stsz", struct.pack(">III", 0, each, count))


def fragment(count: int) -> bytes:
    run = box(b"trun", struct.pack(">II", 0, count))
    return box(b"ftyp", b"isom", bytes(4)) + box(b"moof", box(b"traf", run))


@pytest.mark.parametrize(
    "content",
    [
        movie(sizes(MANY, 1)),
        movie(sizes(MANY)),
        movie(sizes(1000, 1 << 30)),
        movie(box(b"stz2", struct.pack(">III", 0, 8, MANY))),
        movie(sizes(MANY), b"soun", b"mp4a"),
        movie(sizes(MANY, 4), b"soun", b"sowt"),
        fragment(MANY),
        movie(sizes(1)) + fragment((1 << 32) - 1),
        box(b"free", bytes(40)) + movie(sizes(MANY, 1)),
    ],
)
def test_more_than_any_recording_or_than_the_file_is_refused(
    content: bytes, tmp_path: Path
) -> None:
    (tmp_path / "a.mp4").write_bytes(content)
    with pytest.raises(ClipError, match=r"a\.mp4: claims to hold"):
        refuse_long(tmp_path / "a.mp4")


def test_what_a_file_can_hold_is_believed(tmp_path: Path) -> None:
    path = tmp_path / "a.mov"
    for content in (movie(sizes(10, 4)), movie(sizes(6_000_000, 0), b"soun", b"lpcm"), b"", b"\0"):
        path.write_bytes(content)
        refuse_claims(path)


@pytest.mark.parametrize("size", [(16_000, 16_000), (20_000, 13_000), (17_000, 10), (9000, 4200)])
def test_pictures_larger_than_8k_are_refused(size: tuple[int, int], tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (2, 8, 8, 3), np.uint8)
    first, second = (Image.fromarray(one).quantize(16) for one in noise)
    out = io.BytesIO()
    first.save(out, "GIF", save_all=True, append_images=[second], duration=40)
    content = bytearray(out.getvalue())
    content[6:10] = struct.pack("<HH", *size)
    (tmp_path / "a.gif").write_bytes(content)
    with pytest.raises(ClipError, match="are too large"):
        list(Pictures(tmp_path / "a.gif"))


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".avi"])
def test_damaged_videos(suffix: str, tmp_path: Path) -> None:
    pictures = list(np.random.default_rng(0).integers(0, 255, (5, 64, 64, 3), np.uint8))
    codec = "mpeg4" if suffix == ".avi" else "libx264"
    data = write_video(tmp_path / f"whole{suffix}", pictures, codec=codec).read_bytes()
    path, read = tmp_path / f"a{suffix}", 0
    for seed in range(60):
        path.write_bytes(mutate(data, np.random.default_rng(seed)))
        try:
            refuse_long(path)
            shown = Pictures(path)
            read += sum(1 for _ in shown) > 0
            shown.remarks()
        except ClipError as error:
            message = str(error)
        else:
            message = str(path)
        assert str(path) in message
        assert message.isprintable()
    assert 0 < read < 60
