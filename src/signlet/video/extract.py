"""Videos to landmarks: one at a time or many at once, each only once."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from signlet.clip import MAX_FRAMES, Clip
from signlet.errors import ClipError
from signlet.video import cache
from signlet.video.extraction import Extraction
from signlet.video.extractors import Choice, Extractor, identity, label, opened
from signlet.video.frames import read_frames, refuse_long
from signlet.video.picture import Image

HOLISTIC = Choice()
_SAMPLE = 8
"""Brightness is that of every so many pixels, down and across."""
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)


@dataclass(frozen=True)
class Found:
    """An extraction and how it came about.

    cached: it was in the cache. problem: why the cache could not be written, else None.
    """

    extraction: Extraction
    cached: bool
    problem: str | None = None


def extract_clip(path: str | Path, choice: Choice = HOLISTIC) -> Clip:
    """Landmarks of a video, from the cache where the same file was extracted before.

    Returns a clip named after the file, frames (T, 543, 3) float32, NaN = not found: all
    frames of the video, as recorded; fps is that of the middle distance of two frames.
    Raises ClipError in one line where the video cannot be read or is too long for a sign,
    SignletError where the extra `video` is not installed.
    """
    path = Path(path)
    found = find(path, choice)
    if found.problem:
        _warn_once(found.problem)
    return found.extraction.clip(path.stem)


def find(path: Path, choice: Choice, tick: Callable[[], None] | None = None) -> Found:
    """Look into the cache, else extract and keep; `tick` is called after every frame."""
    key = cache.content_key(path, identity(choice))
    stored = cache.load(key)
    if stored is not None:
        return Found(stored, cached=True)
    refuse_long(path)
    extraction = run(path, opened(choice), label(choice), tick)
    return Found(extraction, cached=False, problem=cache.store(key, extraction))


def run(
    path: Path, extractor: Extractor, name: str, tick: Callable[[], None] | None = None
) -> Extraction:
    """Decode a video and extract every frame, without any cache.

    extractor: forgets what it saw before. name: what to call it in the result.
    Raises ClipError.
    """
    extractor.forget()
    frames: list[NDArray[np.float32]] = []
    times: list[float] = []
    brightness: list[float] = []
    for picture in read_frames(path):
        if len(frames) == MAX_FRAMES:
            raise ClipError(
                f"{path}: has more than {MAX_FRAMES:,} frames; cut it into single signs"
            )
        frames.append(extractor(picture.image))
        times.append(picture.time)
        brightness.append(_brightness(picture.image))
        if tick:
            tick()
    height, width = picture.image.shape[:2]
    return Extraction(
        frames=np.stack(frames),
        times=np.array(times),
        width=width,
        height=height,
        brightness=round(float(np.mean(brightness)), 4),
        extractor=name,
    )


def _brightness(image: Image) -> float:
    return float(image[::_SAMPLE, ::_SAMPLE].mean((0, 1)) @ _LUMA) / 255


_warned = False


def _warn_once(problem: str) -> None:
    global _warned
    if not _warned:
        print(f"signlet: {problem}", file=sys.stderr)
    _warned = True
