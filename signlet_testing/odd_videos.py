"""Videos of every kind, and ones that are odd: cut, broken off, with wrong times."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
WIDTH, HEIGHT, BITS = 64, 48, 10

KINDS: dict[str, tuple[str, str | None, dict[str, str]]] = {
    ".mp4": ("libx264", "mp4", {"movflags": "faststart"}),
    ".mov": ("libx264", "mov", {"movflags": "faststart"}),
    ".m4v": ("libx264", "mp4", {"movflags": "frag_keyframe+empty_moov"}),
    ".3gp": ("libx264", "3gp", {"movflags": "faststart"}),
    ".mkv": ("libx264", "matroska", {}),
    ".webm": ("libvpx-vp9", "webm", {}),
    ".live.webm": ("libvpx-vp9", "webm", {"live": "1"}),
    ".avi": ("mpeg4", "avi", {}),
    ".divx": ("mpeg4", "avi", {}),
    ".ts": ("libx264", "mpegts", {}),
    ".m2ts": ("libx264", "mpegts", {"mpegts_m2ts_mode": "1"}),
    ".flv": ("flv", "flv", {}),
    ".wmv": ("wmv2", "asf", {}),
}
"""Ending -> codec, container and its options: those whose files tell how long they should be."""
OTHERS: dict[str, tuple[str, str | None, dict[str, str]]] = {
    ".3g2": ("libx264", "3g2", {}),
    ".mpg": ("mpeg2video", "mpeg", {}),
    ".mpeg": ("mpeg1video", "mpeg", {}),
    ".vob": ("mpeg2video", "vob", {}),
    ".m2v": ("mpeg2video", None, {}),
    ".asf": ("wmv2", "asf", {}),
    ".mts": ("libx264", "mpegts", {}),
    ".f4v": ("libx264", "f4v", {}),
    ".gif": ("gif", "gif", {}),
    ".apng": ("apng", "apng", {"plays": "0"}),
    ".rm": ("rv20", "rm", {}),
    ".wtv": ("mpeg2video", "wtv", {}),
    ".mxf": ("mpeg2video", "mxf", {}),
    ".nut": ("libx264", "nut", {}),
    ".ivf": ("libvpx", "ivf", {}),
    ".y4m": ("rawvideo", "yuv4mpegpipe", {}),
    ".h264": ("libx264", "h264", {}),
}
"""The same for those whose files do not, or not always."""
_FORMATS = {"gif": "rgb8", "apng": "rgb24"}


def numbered(number: int) -> Image:
    """A picture that holds a number, which `number_of` finds again."""
    image = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    for bit in range(BITS):
        if number >> bit & 1:
            image[_place(bit)] = 255
    return image


def number_of(image: Image) -> int:
    """The number in such a picture, however it was compressed."""
    return sum(1 << bit for bit in range(BITS) if image[_place(bit)].mean() > 128)


def _place(bit: int) -> tuple[slice, slice]:
    down, across = divmod(bit, 5)
    return slice(down * 24, down * 24 + 24), slice(across * 12, across * 12 + 12)


def write(
    path: Path,
    count: int,
    kind: str | None = None,
    *,
    rate: int = 25,
    keyframes: int = 12,
    reordered: int = 0,
    start: float = 0.0,
    picture: Callable[[int], Image] = numbered,
    options: dict[str, str] | None = None,
) -> Path:
    """Pictures of a number each. kind: an ending, None for the file's own; start: seconds."""
    codec, container_format, usual = (KINDS | OTHERS)[kind or path.suffix]
    given = {**usual, **(options or {})}
    with av.open(str(path), "w", format=container_format, options=given) as container:
        stream = container.add_stream(codec, rate=rate)
        stream.width, stream.height = picture(0).shape[1::-1]
        stream.pix_fmt = _FORMATS.get(codec, "yuv420p")
        stream.codec_context.gop_size = keyframes
        stream.codec_context.max_b_frames = reordered
        for number in range(count):
            frame = av.VideoFrame.from_ndarray(picture(number), format="rgb24")
            frame.pts, frame.time_base = number + round(start * rate), Fraction(1, rate)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def noise(number: int) -> Image:
    """A picture that compresses badly, so that all pictures of a file take as many bytes."""
    return np.random.default_rng(number).integers(0, 255, (HEIGHT, WIDTH, 3), dtype=np.uint8)


def copied(
    source: Path,
    path: Path,
    change: Callable[[int, Any], bool],
    *,
    seek: float = 0.0,
    options: dict[str, str] | None = None,
    extra: Callable[[Any], None] | None = None,
) -> Path:
    """Copy packets without encoding again; `change` sees each one and says whether to keep it."""
    with av.open(str(source)) as old, av.open(str(path), "w", options=options or {}) as new:
        stream = old.streams.video[0]
        target = new.add_stream_from_template(stream)
        old.seek(int(seek / stream.time_base), stream=stream)
        packets = [packet for packet in old.demux(stream) if packet.dts is not None]
        for number, packet in enumerate(packets):
            if change(number, packet):
                packet.stream = target
                new.mux(packet)
        if extra:
            extra(new)
    return path


def cut_without_encoding(source: Path, path: Path, start: float, end: float) -> Path:
    """Cut like ffmpeg -ss START -to END -c copy: an edit list hides the lead-in."""

    def change(number: int, packet: Any) -> bool:
        shift = round(start / packet.time_base)
        keep = packet.pts < round(end / packet.time_base)
        packet.pts, packet.dts = packet.pts - shift, packet.dts - shift
        return keep

    return copied(source, path, change, seek=start)


def with_times(path: Path, milliseconds: Sequence[int]) -> Path:
    """A file (.mkv, .webm) whose pictures have these times, in the order given."""
    even = write(path.with_suffix(".even" + path.suffix), len(milliseconds), path.suffix)

    def change(number: int, packet: Any) -> bool:
        packet.time_base = Fraction(1, 1000)
        packet.pts = packet.dts = milliseconds[number]
        return True

    return copied(even, path, change)
