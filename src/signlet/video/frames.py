"""Pictures of a video file, upright, with their times."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from signlet.clip import MAX_FRAMES
from signlet.clip.remarks import BEYOND, CUT, DAMAGED, MENDED, NO_RATE
from signlet.clip.span import Span
from signlet.errors import ClipError
from signlet.video.camera import open_camera
from signlet.video.decoding import Decoding
from signlet.video.opening import unreadable
from signlet.video.picture import VideoFrame, shape_of, turn, upright
from signlet.video.probe import VideoFacts, count_packets, survey
from signlet.video.stretch import Stretch
from signlet.video.suffixes import VIDEO_SUFFIXES
from signlet.video.truncation import Ending, ending

__all__ = [
    "VIDEO_SUFFIXES",
    "Pictures",
    "VideoFacts",
    "VideoFrame",
    "expected_frames",
    "open_camera",
    "read_frames",
    "refuse_long",
    "video_facts",
]

_AGAIN = 5.0
"""Seconds at the end that are decoded again, where its last picture is in doubt."""
_LEAST, _STEPS, _SHARE = 0.1, 2.5, 0.05
"""Seconds, usual steps, and share of the whole that may be missing at the end of a file."""


class Pictures:
    """The pictures of a video that are shown, once, and then what is to be said of the file.

    span: the stretch that is wanted, None for all. Rotation and mirroring that the file asks
    for are applied, pixels made square, and pictures with a side above LONG_SIDE scaled down
    to it. Times rise, and count in seconds from the first picture; a file without any that can
    be used is taken to have 25 pictures a second, or what its header says. Pictures that an
    edit list hides are left out, and so are those that cannot be decoded.
    """

    def __init__(self, path: str | Path, span: Span | None = None) -> None:
        self._path, self._span = Path(path), span
        self._stretch: Stretch | None = None

    def __iter__(self) -> Iterator[VideoFrame]:
        """Decode. Raises ClipError if the file is missing or no video, or nothing is shown."""
        self._stretch = stretch = Stretch(self._path, survey(self._path), self._span)
        first, size = None, None
        for frame, time in stretch.frames():
            first = time if first is None else first
            size = size or shape_of(frame, stretch.decoding.shape)
            try:
                image = upright(frame, size, turn(frame))
            except Exception as error:  # whatever ffmpeg makes of an odd one, or of little memory
                raise ClipError(
                    unreadable(self._path, error, f" at {time - first:.1f} s")
                ) from error
            yield VideoFrame(image, time - first)

    def remarks(self) -> tuple[str, ...]:
        """Return the remarks on the file after its last picture: CUT, DAMAGED, ..."""
        stretch = self._stretch
        if stretch is None:
            return ()
        decoding, facts = stretch.decoding, stretch.facts
        found = {
            CUT: _is_cut(stretch),
            DAMAGED: decoding.damaged(),
            NO_RATE: facts.fps is None and facts.frames > 1,
            MENDED: stretch.clock.mended or (facts.fps is not None and not facts.timed),
            BEYOND: stretch.missing() > max(_LEAST, 1.5 * facts.step),
        }
        return tuple(remark for remark, holds in found.items() if holds)


def read_frames(path: str | Path, span: Span | None = None) -> Iterator[VideoFrame]:
    """Decode a video, one picture at a time, as `Pictures` does.

    Raises ClipError naming the file where it is missing, no video, or holds no picture.
    """
    return iter(Pictures(path, span))


def video_facts(path: str | Path) -> VideoFacts:
    """Length and rate without decoding. Raises ClipError as `read_frames` does."""
    return survey(Path(path))


def refuse_long(path: str | Path, span: Span | None = None) -> VideoFacts:
    """As `video_facts`. Raises ClipError if a video is not a single sign, before decoding."""
    path = Path(path)
    facts = survey(path)
    frames = expected_frames(path, span)
    if frames > MAX_FRAMES and (span is not None or count_packets(path) > MAX_FRAMES):
        what = "has" if span is None else f"{span}:"
        raise ClipError(
            f"{path}: {what} about {frames:,} frames; at most {MAX_FRAMES:,} are allowed; "
            "cut it into single signs"
        )
    return facts


def expected_frames(path: Path, span: Span | None = None) -> int:
    """Frames of a video, or of a stretch of it, without decoding; of some files an estimate."""
    facts = survey(path)
    rows = slice(0, None) if span is None else span.rows(facts.fps)
    stop = facts.frames if rows.stop is None else min(rows.stop, facts.frames)
    return int(max(0, stop - rows.start))


def _is_cut(stretch: Stretch) -> bool:
    """Return True if the end of the recording is missing, by one rule for all kinds of files.

    It is where the last picture is damaged, or where the pictures end earlier than the file
    says. A file with a complete structure may be shorter than it says; where a file has no
    length, its structure alone decides.
    """
    decoding, facts = stretch.decoding, stretch.facts
    if not decoding.last or stretch.span is not None:
        return False
    if decoding.broken:
        return True
    missing = facts.seconds - _length(stretch) if facts.seconds and facts.timed else None
    is_much = (missing or 0) > max(_LEAST, _STEPS * facts.step, _SHARE * facts.seconds)
    if facts.listed and missing is not None:
        return is_much
    built: Ending = "unknown"
    with suppress(OSError):
        built = ending(stretch.path)
    if built == "broken":
        return missing is None or missing > 1.5 * facts.step
    if built == "doubtful":
        return _ends_badly(decoding)
    return built == "unknown" and facts.exact and is_much


def _ends_badly(decoding: Decoding) -> bool:
    """Return True if a part of the last picture is damaged; decodes the last seconds again."""
    seek = None if decoding.end is None else decoding.end - _AGAIN
    again = Decoding(decoding.path, seek, careful=True)
    try:
        for _ in again.frames():
            pass
    except ClipError:
        return True
    return again.broken


def _length(stretch: Stretch) -> float:
    """Seconds from the first picture to the end of the last, by the file's clock."""
    decoding, clock = stretch.decoding, stretch.clock
    if decoding.end is None or clock.origin is None:
        return stretch.length
    return max(decoding.end - clock.origin, stretch.length)
