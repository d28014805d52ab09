"""Inputs of a live view: a camera, video or landmark file in, `LiveFrame`s out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from signlet.clip import Clip, advised
from signlet.clip.remarks import NO_RATE
from signlet.clip.span import USUAL_FPS
from signlet.errors import ClipError
from signlet.files.missing_path import exists, not_found_message
from signlet.live.latest import Latest
from signlet.sources import LETTERS, read_named
from signlet.sources.files import ENDINGS, SUFFIXES
from signlet.video.suffixes import is_video

Image = NDArray[np.uint8]
_NO_RATE = f"{{}}: has no frame rate; signlet assumes {USUAL_FPS:g} frames a second"


@dataclass(frozen=True)
class LiveFrame:
    """One frame of a camera, a video or a file of landmarks.

    landmarks: (543, 3) float32, NaN = not found. time: seconds from the start.
    image: (height, width, 3) uint8 RGB, None if there are landmarks only.
    """

    landmarks: NDArray[np.float32]
    time: float
    image: Image | None = None


@dataclass(frozen=True)
class Input:
    """An opened source. name: for people. live: it does not wait for us, as a camera.

    dropped: tells how many pictures were left out because others were newer.
    notes: what was assumed, or repaired in the file. remarks: what turned out to be wrong with
    a video, once it was read.
    """

    name: str
    frames: Iterator[LiveFrame]
    live: bool = False
    dropped: Callable[[], int] = lambda: 0
    notes: tuple[str, ...] = ()
    remarks: Callable[[], tuple[str, ...]] = tuple


@contextmanager
def open_input(source: str) -> Iterator[Input]:
    """Open a camera by its number, a video or file of landmarks by its path, or a letter by name.

    Raises SignletError if the camera is missing, ClipError if the file cannot be read.
    """
    if source.isdecimal():
        with _camera(int(source)) as opened:
            yield opened
        return
    path = Path(source)
    if is_video(path):
        with _video(path) as opened:
            yield opened
        return
    if not exists(path) and not source.startswith(LETTERS):
        raise ClipError(not_found_message(path, "file, and it is not the number of a camera"))
    if path.suffix.lower() not in SUFFIXES and not source.startswith(LETTERS):
        raise ClipError(
            f"{source}: is not the number of a camera, and not a video or landmark file; these "
            "end in "
            f"{ENDINGS}"
        )
    yield _landmarks(source, path)


def _landmarks(source: str, path: Path) -> Input:
    clip = read_named(source)
    notes = [f"{source}: {advised(remark)}" for remark in clip.remarks]
    if clip.fps is None and NO_RATE not in clip.remarks:
        notes.append(_NO_RATE.format(source))
    return Input(
        path.name if path.exists() else source, iter(live_frames(clip)), notes=tuple(notes)
    )


def live_frames(clip: Clip) -> Iterator[LiveFrame]:
    """A clip frame by frame."""
    fps = clip.fps or USUAL_FPS
    return (LiveFrame(frame, number / fps) for number, frame in enumerate(clip.frames))


@contextmanager
def _video(path: Path) -> Iterator[Input]:
    from signlet.video.extractors import Choice, started
    from signlet.video.frames import Pictures, video_facts

    facts = video_facts(path)  # an invalid file is refused before MediaPipe is loaded
    unknown = facts.fps is None and facts.frames > 1
    pictures = Pictures(path)

    def remarks() -> tuple[str, ...]:
        return tuple(one for one in pictures.remarks() if one != NO_RATE)

    with started(Choice()) as find:
        frames = (LiveFrame(find(f.image), f.time, f.image) for f in pictures)
        notes = (_NO_RATE.format(path),) * unknown
        yield Input(path.name, frames, notes=notes, remarks=remarks)


@contextmanager
def _camera(index: int) -> Iterator[Input]:
    from signlet.video.extractors import Choice, started
    from signlet.video.frames import open_camera

    name = f"camera {index}"
    with ExitStack() as opened:
        pictures = opened.enter_context(open_camera(index))
        find = opened.enter_context(started(Choice()))
        newest = opened.enter_context(Latest(pictures, name))
        frames = (LiveFrame(find(f.image), f.time, f.image) for f in newest)
        yield Input(name, frames, live=True, dropped=lambda: newest.dropped)
