"""The pictures of a video file that can be decoded, and how the file held up."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from signlet.errors import ClipError
from signlet.video.opening import opened, unreadable


@dataclass
class Decoding:
    """One pass over a file, from a keyframe or the start of the file on.

    seek: seconds by the file's clock at or before which to begin; None for the start.
    careful: damaged pictures do not count as decoded.
    broken: the last picture could not be decoded, or what follows cannot be read.
    end: when the last picture that was shown ends, by the file's clock; None if it has no
    times. last: whether the file's end was reached. shape: width of a pixel over its height.
    """

    path: Path
    seek: float | None = None
    careful: bool = False
    broken: bool = field(default=False, init=False)
    end: float | None = field(default=None, init=False)
    last: bool = field(default=False, init=False)
    shape: float = field(default=1.0, init=False)
    _bad: list[int] = field(default_factory=list, init=False)
    _shown: int = field(default=0, init=False)
    _error: Exception | None = field(default=None, init=False)

    def frames(self) -> Iterator[Any]:
        """PyAV's frames in the order in which they are shown; none where seeking fails.

        Raises ClipError if the file cannot be opened or no picture decoded.
        """
        count = 0
        with opened(self.path) as (container, stream):
            self.shape = _pixel_shape(stream)
            if self.careful:
                options = stream.codec_context.options
                stream.codec_context.options = {**options, "err_detect": "explode"}
            if self.seek is not None and not _sought(container, stream, self.seek):
                return
            for frame in self._decoded(container, stream):
                count += 1
                if frame.pts is not None:
                    self._shown = max(self._shown, frame.pts) if count > 1 else frame.pts
                    self.end = float((self._shown + (frame.duration or 0)) * frame.time_base)
                yield frame
        self.last = True
        if not count and self.seek is None:
            raise ClipError(self._nothing())

    def _decoded(self, container: Any, stream: Any) -> Iterator[Any]:
        import av

        for packet in self._packets(container, stream):
            try:
                frames = packet.decode()
            except (av.FFmpegError, OSError, ValueError) as error:
                self._error = self._error or error
                self._spoilt(packet.pts)
                continue
            if packet.size:
                self.broken = packet.is_corrupt
            for frame in frames:
                if frame.is_corrupt:
                    self._spoilt(frame.pts)
                else:
                    yield frame

    def damaged(self) -> bool:
        """True if pictures before the last one shown could not be decoded."""
        return any(time < self._shown for time in self._bad)

    def _spoilt(self, pts: int | None) -> None:
        self.broken = True
        if pts is not None:
            self._bad.append(pts)

    def _packets(self, container: Any, stream: Any) -> Iterator[Any]:
        import av

        packets = container.demux(stream)
        while True:
            try:
                packet = next(packets, None)
            except (av.FFmpegError, OSError, ValueError) as error:
                self._error = self._error or error
                self.broken = True
                return
            if packet is None:
                return
            yield packet

    def _nothing(self) -> str:
        if self._error:
            return unreadable(self.path, self._error)
        return f"{self.path}: contains no picture that can be decoded; copy or record it again"


def _sought(container: Any, stream: Any, seconds: float) -> bool:
    import av

    try:
        container.seek(int(seconds / stream.time_base), stream=stream)
    except (av.FFmpegError, OSError, ValueError, OverflowError):
        return False
    return True


def _pixel_shape(stream: Any) -> float:
    """Width of a pixel over its height; 1 where the file tells nothing sensible."""
    ratio = float(stream.sample_aspect_ratio or 1)
    return ratio if 0.2 < ratio < 5 else 1.0
