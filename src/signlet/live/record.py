"""Pictures into an MP4 file, with the times at which they were taken."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from signlet.errors import SignletError
from signlet.files.atomic import replacing
from signlet.text.install import needs

SUFFIXES = (".mp4", ".mov", ".mkv")
_TICKS = 1000
"""Times are kept in this many parts of a second."""


class Recorder:
    """Takes pictures of one size; made by `recording`."""

    def __init__(self, container: Any) -> None:
        self._container, self._stream, self._last = container, None, -1

    def add(self, image: NDArray[np.uint8], time: float) -> None:
        """Append a picture (height, width, 3) uint8 RGB, taken at `time` seconds."""
        import av

        stream = self._stream or self._open(image)
        height, width = stream.height, stream.width
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image[:height, :width]), "rgb24")
        self._last = frame.pts = max(self._last + 1, round(time * _TICKS))
        frame.time_base = Fraction(1, _TICKS)
        self._container.mux(stream.encode(frame))

    def _open(self, image: NDArray[np.uint8]) -> Any:
        height, width = image.shape[:2]
        stream = self._container.add_stream(
            "libx264", rate=30, options={"crf": "20", "preset": "veryfast"}
        )
        stream.width, stream.height = width // 2 * 2, height // 2 * 2  # H.264 wants even sides
        stream.pix_fmt = "yuv420p"
        stream.codec_context.time_base = Fraction(1, _TICKS)
        self._stream = stream
        return stream

    def close(self, path: Path) -> None:
        """Write what the encoder still holds. Raises SignletError if there was no picture."""
        if self._stream is None:
            raise SignletError(f"{path}: there was no picture to write")
        self._container.mux(self._stream.encode(None))


@contextmanager
def recording(path: Path) -> Iterator[Recorder]:
    """Write a video; it appears when the block ends, and not at all where it fails.

    Raises SignletError if the name has another ending, PyAV is missing, or it cannot be
    written.
    """
    check_name(path)
    import av

    with replacing(path) as temporary, av.open(str(temporary), "w") as container:
        recorder = Recorder(container)
        yield recorder
        recorder.close(path)


def check_name(path: Path) -> None:
    """Raise SignletError if no video can be written under this name."""
    if path.suffix.lower() not in SUFFIXES:
        raise SignletError(f"{path}: give a name that ends in {', '.join(SUFFIXES)}")
    try:
        import av  # noqa: F401
    except ImportError as error:
        raise SignletError(f"{path}: {needs('writing videos', 'video', error)}") from None
