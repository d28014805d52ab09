"""Pictures of a camera, by OpenCV."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from signlet.errors import SignletError
from signlet.running.silence import silent
from signlet.video.needs import needs_video
from signlet.video.picture import VideoFrame

_MISSES = 50
"""If this many pictures in a row are missing, the camera is gone."""
_PAUSE = 0.02
"""Seconds to wait after a picture that did not come."""


@contextmanager
def open_camera(index: int = 0) -> Iterator[Iterator[VideoFrame]]:
    """Pictures of a camera as they come, until the block is left.

    index: 0 for the first camera. Times are seconds since the camera was opened; single
    pictures that do not come are left out.
    Raises SignletError if the camera is missing, or when it stops giving pictures.
    """
    with needs_video(f"camera {index}"):
        import cv2
    with silent():  # OpenCV tells on stderr of every way in which it tried
        capture = cv2.VideoCapture(index)
    try:
        if not capture.isOpened():
            raise SignletError(
                f"camera {index}: cannot be opened; plug it in, close programs that use it, "
                "allow access to it, or give another number"
            )
        yield _pictures(capture, index)
    finally:
        capture.release()


def _pictures(capture: Any, index: int) -> Iterator[VideoFrame]:
    import cv2

    start, missed = time.monotonic(), 0
    while missed < _MISSES:
        found, image = capture.read()
        if found:
            missed = 0
            yield VideoFrame(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), time.monotonic() - start)
        else:
            missed += 1
            time.sleep(_PAUSE)
    raise SignletError(f"camera {index}: sends no more pictures; plug it in again")
