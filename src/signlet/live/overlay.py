"""A recognised clip as a video: skeleton and sign over the recording."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from signlet.clip import Clip, advised
from signlet.clip.span import USUAL_FPS
from signlet.live.inputs import LiveFrame, live_frames
from signlet.live.panel import Panel
from signlet.live.record import recording
from signlet.live.view import Turned, picture
from signlet.recognition.recogniser import Prediction
from signlet.stream import SignEvent
from signlet.stream.recogniser import TOP
from signlet.video.suffixes import is_video


def write_overlay(out: Path, path: Path, clip: Clip, said: Prediction, model: str) -> None:
    """Write what was recognised in a clip as a video; `path` is where the clip came from.

    Raises SignletError if it cannot be written, ClipError if the video cannot be read.
    """
    end = len(clip.frames) / (clip.fps or USUAL_FPS)
    event = SignEvent(said.sign, 0.0, end, said.confidence, tuple(said.top(TOP)))
    note = next(map(advised, clip.unanswerable()), None)
    with recording(out) as recorder:
        for frame in _live_frames(path, clip):
            panel = Panel(model, path.name, (event,), None, float(int(frame.time)), note=note)
            recorder.add(picture(frame, panel, Turned()), frame.time)


def _live_frames(path: Path, clip: Clip) -> Iterator[LiveFrame]:
    """A video's pictures with the landmarks found in each; landmarks alone have none."""
    if not is_video(path):
        yield from live_frames(clip)
        return
    from signlet.video.frames import read_frames

    for frame, taken in zip(clip.frames, read_frames(path), strict=False):
        yield LiveFrame(frame, taken.time, taken.image)
