"""One video to landmarks: out of the cache, or decoded and looked at frame by frame."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from signlet.clip import MAX_FRAMES
from signlet.clip.span import Span
from signlet.errors import ClipError
from signlet.files.regular import require_regular
from signlet.video import cache
from signlet.video.extraction import Extraction
from signlet.video.extractors import Choice, Extractor, identity, label, opened
from signlet.video.frames import Pictures, refuse_long
from signlet.video.needs import unless_other
from signlet.video.picture import Image

HOLISTIC = Choice()
_LARGE = 1 << 30
_SAMPLE = 8
"""Brightness is measured at every pixel of this step, down and across."""
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)


@dataclass(frozen=True)
class Found:
    """An extraction and how it came about.

    cached: it was in the cache. problem: why the cache could not be written, else None.
    """

    extraction: Extraction
    cached: bool
    problem: str | None = None


def find(
    path: Path,
    choice: Choice,
    tick: Callable[[], None] | None = None,
    span: Span | None = None,
) -> Found:
    """Look into the cache, else extract and keep; `tick` is called after every frame.

    span: the stretch that is wanted, None for the whole video.
    """
    require_regular(path)  # needs no package, so it is checked first
    if path.stat().st_size > _LARGE:
        refuse_long(path, span)  # reading all of it for its key may take minutes
    with unless_other([path]):
        known = identity(choice)
    key = cache.content_key(path, known, span)
    stored = cache.load(key)
    if stored is not None:
        return Found(stored, cached=True)
    promised = refuse_long(path, span).seconds
    extraction = run(path, opened(choice), label(choice), tick, span)
    extraction = replace(extraction, promised=promised if span is None else 0.0)
    return Found(extraction, cached=False, problem=cache.store(key, extraction))


def run(
    path: Path,
    extractor: Extractor,
    name: str,
    tick: Callable[[], None] | None = None,
    span: Span | None = None,
) -> Extraction:
    """Decode a video, or a stretch of it, and extract every frame, without any cache.

    extractor: forgets what it saw before. name: what to call it in the result.
    Raises ClipError.
    """
    extractor.forget()
    pictures = Pictures(path, span)
    frames: list[NDArray[np.float32]] = []
    times: list[float] = []
    brightness: list[float] = []
    for picture in pictures:
        if len(frames) == MAX_FRAMES:
            raise ClipError(
                f"{path}: has more than {MAX_FRAMES:,} frames; cut it into single signs"
            )
        frames.append(_look(extractor, picture.image, path))
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
        remarks=pictures.remarks(),
    )


def _look(extractor: Extractor, image: Image, path: Path) -> NDArray[np.float32]:
    try:
        return extractor(image)
    except (RuntimeError, ValueError) as error:
        opened.cache_clear()  # a graph that has failed gives nothing any more
        reason = str(error).strip().splitlines()[0][:120]
        raise ClipError(
            f"{path}: MediaPipe failed on a picture ({reason}); convert the video"
        ) from error


def _brightness(image: Image) -> float:
    return float(image[::_SAMPLE, ::_SAMPLE].mean((0, 1)) @ _LUMA) / 255
