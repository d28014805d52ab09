"""Pictures of a video file, upright, with their times."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from signlet.clip import MAX_FRAMES
from signlet.errors import ClipError
from signlet.video.camera import open_camera
from signlet.video.needs import needs_video
from signlet.video.picture import VideoFrame, shape_of, turn, upright
from signlet.video.suffixes import VIDEO_SUFFIXES

__all__ = [
    "VIDEO_SUFFIXES",
    "VideoFacts",
    "VideoFrame",
    "open_camera",
    "read_frames",
    "refuse_long",
    "video_facts",
]

_MAX_SIDE = 16_384
"""Pictures larger than this, in pixels a side, are no sign video and would fill the memory."""
_USUAL_RATE = 30.0
"""Frames a second where a file tells neither times nor a rate."""


@dataclass(frozen=True)
class VideoFacts:
    """What a file says of itself. frames: an estimate, exact for most files. fps: its rate."""

    frames: int
    fps: float

    @property
    def seconds(self) -> float:
        """Its length, about."""
        return round(self.frames / self.fps, 3)


def read_frames(path: str | Path) -> Iterator[VideoFrame]:
    """Decode a video, one picture at a time.

    Rotation and mirroring that the file asks for are applied, pixels made square, and pictures
    with a side above LONG_SIDE scaled down to it. Times are those of the file, in seconds from
    the first picture; a file without any is taken to have the rate in its header.
    Raises ClipError naming the file where it is missing, no video, empty or damaged.
    """
    path = Path(path)
    count = 0
    with _opened(path) as (container, stream):
        rate, first, size = _rate(stream), None, None
        for frame in _decoded(container, stream, path):
            time = float(frame.time) if frame.time is not None else count / rate
            first = time if first is None else first
            size = size or shape_of(frame, _pixel_shape(stream))
            yield VideoFrame(upright(frame, size, turn(frame)), time - first)
            count += 1
    if not count:
        raise ClipError(f"{path}: holds no picture that can be decoded; copy or record it again")


def video_facts(path: str | Path) -> VideoFacts:
    """Length and rate without decoding. Raises ClipError as `read_frames` does."""
    path = Path(path)
    with _opened(path) as (container, stream):
        rate = _rate(stream)
        frames = stream.frames or _by_duration(container, stream, rate)
        return VideoFacts(frames or _count_packets(container, stream, path), rate)


def refuse_long(path: str | Path) -> VideoFacts:
    """As `video_facts`. Raises ClipError where a video is no single sign, before decoding."""
    facts = video_facts(path)
    if facts.frames > MAX_FRAMES:
        raise ClipError(
            f"{path}: has about {facts.frames:,} frames, allowed are {MAX_FRAMES:,}; "
            "cut it into single signs"
        )
    return facts


def require_file(path: Path) -> None:
    """Raise ClipError where there is no file; needs no package, so it is said first."""
    if not path.is_file():
        problem = "is a directory" if path.is_dir() else "there is no such file"
        raise ClipError(f"{path}: {problem}; check the path")


@contextmanager
def _opened(path: Path) -> Iterator[tuple[Any, Any]]:
    require_file(path)
    with needs_video(path):
        import av
    try:
        container = av.open(str(path))
    except (av.FFmpegError, OSError, ValueError) as error:
        raise ClipError(_unreadable(path, error)) from error
    with container:
        yield container, _video_stream(container, path)


def _video_stream(container: Any, path: Path) -> Any:
    if not container.streams.video:
        raise ClipError(f"{path}: holds no video; give a file with pictures")
    stream = container.streams.video[0]
    try:
        sides = stream.width, stream.height
    except AttributeError:  # a codec that this build of PyAV has no decoder for
        raise ClipError(f"{path}: its codec is not known here; convert it to H.264") from None
    if max(sides) > _MAX_SIDE:
        raise ClipError(
            f"{path}: pictures of {sides[0]} x {sides[1]} are too large; scale the video down"
        )
    return stream


def _decoded(container: Any, stream: Any, path: Path) -> Iterator[Any]:
    import av

    frames = container.decode(stream)
    count = 0
    while True:
        try:
            frame = next(frames, None)
        except (av.FFmpegError, OSError, ValueError) as error:
            after = f" after {count} frames" if count else ""
            raise ClipError(_unreadable(path, error, after)) from error
        if frame is None:
            return
        count += 1
        yield frame


def _unreadable(path: Path, error: Exception, after: str = "") -> str:
    why = getattr(error, "strerror", None) or " ".join(str(error).split()) or type(error).__name__
    return f"{path}: cannot be decoded{after} ({why}); copy or record the video again"


def _rate(stream: Any) -> float:
    rate = float(stream.average_rate or stream.guessed_rate or 0)
    return rate if 0 < rate < 1000 else _USUAL_RATE


def _by_duration(container: Any, stream: Any, rate: float) -> int:
    if stream.duration and stream.time_base:
        return round(float(stream.duration * stream.time_base) * rate)
    return round((container.duration or 0) / 1e6 * rate)


def _count_packets(container: Any, stream: Any, path: Path) -> int:
    """Recordings of a browser tell no length; counting needs no decoding and is quick."""
    import av

    try:
        return sum(packet.size > 0 for packet in container.demux(stream))
    except (av.FFmpegError, OSError, ValueError) as error:
        raise ClipError(_unreadable(path, error)) from error


def _pixel_shape(stream: Any) -> float:
    """Width of a pixel over its height; 1 where the file tells nothing sensible."""
    ratio = float(stream.sample_aspect_ratio or 1)
    return ratio if 0.2 < ratio < 5 else 1.0
