"""Probe a video without decoding it: a path in, `VideoFacts` from header and packets out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from signlet.clip.span import USUAL_FPS, believed_rate
from signlet.video.opening import opened

_LOOKED_AT = 240
"""Packets to read to find the time between two pictures."""
_MOST_PACKETS = 5_000_000
"""Those after them, two days into a recording, are not counted."""
_KNOWN_FILES = 64
_NEAR = 0.25
"""Distances of pictures are usual up to this share away from the median."""
_LEAST_STEP = 1e-6
_NO_HEADER = {
    *("mpegts", "mpeg", "mpegvideo", "m4v", "gif", "apng", "nut", "yuv4mpegpipe", "ogg", "dv"),
    *("h261", "h263", "h264", "hevc", "vvc", "av1", "obu", "mjpeg", "ivf", "vc1", "dirac"),
}
"""ffmpeg's names of formats whose length it takes from the data in the file."""
_SEEKABLE = {"mov", "matroska", "mpegts", "avi", "flv", "asf"}
"""Those that store a time for each picture; of others ffmpeg guesses some."""


@dataclass(frozen=True)
class VideoFacts:
    """The facts on a video file, known without decoding.

    frames: pictures that it shows, exact for most files, else an estimate.
    fps: usual rate of its pictures; None if its times give no plausible rate.
    seconds: how long it says it is, from the first picture to the end of the last; 0 if its
    header does not tell. exact: that is the length of the pictures, not of sound beside them.
    listed: the header lists every picture.
    timed: its pictures have times that can be used. seekable: each has a time of its own,
    which stays the same wherever reading begins.
    """

    frames: int
    fps: float | None
    seconds: float
    exact: bool
    listed: bool
    timed: bool
    seekable: bool

    @property
    def step(self) -> float:
        """Usual seconds from one picture to the next."""
        return 1 / (self.fps or USUAL_FPS)


def survey(path: Path) -> VideoFacts:
    """Facts of a file. Raises ClipError if it is not a video or is missing."""
    return _surveyed(path, state_of(path))


def picture_times(path: Path) -> tuple[float, ...]:
    """Times of the pictures that a file shows, sorted, in seconds by its own clock.

    Read off its packets; empty if one of them has none. Raises ClipError as `survey` does.
    """
    return _times_in(path, state_of(path))


def state_of(path: Path) -> tuple[int, ...]:
    """Return a key that changes with the file; () for a missing one, which opening then reports."""
    try:
        about = path.stat()
    except OSError:
        return ()
    return about.st_dev, about.st_ino, about.st_size, about.st_mtime_ns


@lru_cache(_KNOWN_FILES)
def _surveyed(path: Path, state: tuple[int, ...]) -> VideoFacts:
    with opened(path) as (container, stream):
        shown = _visible(container, stream)
        length = _length(container, stream)
        listed = _is_listed(container, stream)
        exact = listed or len(container.streams) == 1
        names = set(container.format.name.split(","))
        header = believed_rate(stream.average_rate or stream.guessed_rate or 0)
        times = [_time(packet) for packet in islice(_shown_packets(container, stream), _LOOKED_AT)]
    fps, timed = _rate(times, header)
    frames = shown or round(length * (fps or USUAL_FPS))
    if len(times) < _LOOKED_AT:  # that were all
        frames = len(times)
    told = names.isdisjoint(_NO_HEADER)
    return VideoFacts(
        frames=frames or count_packets(path),
        fps=fps,
        seconds=round(length, 3) if told else 0.0,
        exact=exact and told,
        listed=listed,
        timed=timed,
        seekable=timed and not names.isdisjoint(_SEEKABLE),
    )


@lru_cache(4)
def _times_in(path: Path, state: tuple[int, ...]) -> tuple[float, ...]:
    with opened(path) as (container, stream):
        times = [_time(packet) for packet in _shown_packets(container, stream)]
    known = [time for time in times if time is not None]
    return tuple(sorted(known)) if len(known) == len(times) else ()


def count_packets(path: Path) -> int:
    """Pictures that a file shows, by its packets, which needs no decoding and is quick."""
    with opened(path) as (container, stream):
        return sum(1 for _ in _shown_packets(container, stream))


def _is_listed(container: Any, stream: Any) -> bool:
    """Return True if the header lists every picture, as that of MP4 and AVI does."""
    names = container.format.name.split(",")
    if "mov" in names:
        return 0 < stream.frames <= len(stream.index_entries)
    return "avi" in names and stream.frames > 0


def _visible(container: Any, stream: Any) -> int | None:
    """Pictures by the header, without those that an edit list hides; None if it is silent."""
    if _is_listed(container, stream) and "mov" in container.format.name:
        return sum(not entry.is_discard for entry in stream.index_entries) or None
    return stream.frames or None


def _length(container: Any, stream: Any) -> float:
    """Seconds from the first picture to the end of the last, as ffmpeg has them; 0 unknown."""
    seconds = (container.duration or 0) / 1e6
    if "matroska" in container.format.name:  # names the end by its clock, not the length
        start = float((stream.start_time or 0) * stream.time_base)
        tag = _clock(stream.metadata.get("DURATION", ""))
        seconds = min(seconds or tag, tag or seconds)
        return seconds - start if seconds > start > 0 else seconds
    if stream.duration and stream.duration > 0:
        seconds = float(stream.duration * stream.time_base)
    if "avi" in container.format.name and stream.frames and stream.average_rate:
        seconds = max(seconds, float(stream.frames / stream.average_rate))
    return max(seconds, 0.0)


def _clock(text: str) -> float:
    """Seconds of "00:01:02.000000000", 0 if it is something else."""
    try:
        hours, minutes, seconds = (float(part) for part in text.split(":"))
    except ValueError:
        return 0.0
    return hours * 3600 + minutes * 60 + seconds


def _shown_packets(container: Any, stream: Any) -> Iterator[Any]:
    """Packets whose pictures are shown, as far as the file can be read."""
    import av

    packets = container.demux(stream)
    for _ in range(_MOST_PACKETS):
        try:
            packet = next(packets, None)
        except (av.FFmpegError, OSError, ValueError):
            return
        if packet is None:
            return
        if packet.size and not packet.is_discard and not _is_hidden(packet, stream):
            yield packet


def _is_hidden(packet: Any, stream: Any) -> bool:
    """VP8 stores pictures that only help to make others; a bit of the first byte tells."""
    return stream.codec_context.name.startswith(("vp8", "libvpx")) and not _first_byte(packet) & 16


def _first_byte(packet: Any) -> int:
    return int(memoryview(packet)[0])


def _time(packet: Any) -> float | None:
    return None if packet.pts is None else float(packet.pts * packet.time_base)


def _rate(times: list[float | None], header: float | None) -> tuple[float | None, bool]:
    """(usual rate, whether the times can be used) out of the first packets' times."""
    known = sorted(time for time in times if time is not None)
    if len(times) < 2:
        return header, bool(known)
    steps = np.diff(known)
    steps = steps[steps > _LEAST_STEP]
    if 2 * len(known) < len(times) or not len(steps):
        return header if known else None, False  # without any time, the rate is ffmpeg's guess
    fps = usual_rate(steps)
    return fps, fps is not None


def usual_rate(steps: NDArray[np.float64]) -> float | None:
    """Pictures a second out of the seconds between them; None if no camera is that quick.

    It is that of the mean of the steps near the median: pauses do not count, and times that a
    file rounds to milliseconds even out.
    """
    middle = float(np.median(steps)) if len(steps) else 0.0
    if middle <= _LEAST_STEP:
        return None
    near = steps[np.abs(steps - middle) <= _NEAR * middle]
    return believed_rate(round(1 / float(near.mean() if len(near) else middle), 3))
