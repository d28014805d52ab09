"""A video as a clip, through the cache."""

from __future__ import annotations

from pathlib import Path

from signlet.clip import Clip
from signlet.clip.span import Span
from signlet.text.terminal import tell
from signlet.video.extractors import Choice
from signlet.video.single import HOLISTIC, find


def extract_clip(path: str | Path, choice: Choice = HOLISTIC, span: Span | None = None) -> Clip:
    """Landmarks of a video, from the cache where the same file was extracted before.

    span: the stretch that is wanted, None for all; nothing else is looked at.
    Returns a clip named after the file, frames (T, 543, 3) float32, NaN = not found: all
    frames of the video, as recorded; fps is that of the middle distance of two frames, None
    if the file has no plausible rate. `remarks` name what is wrong with the file.
    Raises ClipError in one line where the video cannot be read or is too long for a sign,
    SignletError if the extra `video` is not installed.
    """
    path = Path(path)
    found = find(path, choice, span=span)
    if found.problem:
        warn_once(found.problem)
    return found.extraction.clip(path.stem)


_warned: set[str] = set()


def warn_once(problem: str) -> None:
    """Say on stderr why landmarks are not kept, the first time in this process."""
    if not _warned:
        tell(problem)
    _warned.add(problem)
