"""Units of a table's times: refuse times in frames or milliseconds that were read as seconds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import median

from signlet.clip.span import USUAL_FPS, Span, believed_rate
from signlet.errors import SignletError
from signlet.sources.files import read_clip
from signlet.sources.source import ClipRef
from signlet.text.install import needs
from signlet.video.suffixes import is_video

_RECORDINGS = 3
"""Number of recordings to open: a unit is that of the whole table."""
_LONG = 20.0
"""Seconds; no sign takes as long."""


def refuse_behind(refs: Sequence[ClipRef], table: Path) -> None:
    """Raise SignletError if most stretches are behind their recordings, or end far behind.

    Only whole numbers and long stretches are suspected, so that other tables cost nothing. Of
    the suspected, the stretches of the first recordings that can be opened are looked at.
    """
    spans = [(ref.path, ref.span) for ref in refs if ref.span and ref.span.unit == "seconds"]
    if not _suspicious([span for _, span in spans]):
        return
    lengths = _lengths(dict.fromkeys(path for path, _ in spans))
    seen = [(path, span) for path, span in spans if path in lengths]
    behind = [(path, span) for path, span in seen if _is_behind(span, lengths[path])]
    if 2 * len(behind) <= len(seen):
        return
    path, span = behind[0]
    raise SignletError(
        f"{table}: {len(behind)} of {len(seen)} clips start or end long after their recordings, "
        f"such as {span} of {path.name}, which lasts {lengths[path]:.1f}; start and end are in "
        "seconds, but these look like milliseconds (divide by 1,000) or frames (call the "
        "columns start_frame and end_frame)"
    )


def _suspicious(spans: Sequence[Span]) -> bool:
    ends = [number for span in spans for number in (span.start, span.end) if number is not None]
    whole = all(number.is_integer() for number in ends)
    closed = [span.length for span in spans if span.end is not None]
    return bool(spans) and (whole or bool(closed and median(closed) > _LONG))


def _is_behind(span: Span, seconds: float) -> bool:
    """Tables round times, and a recording may be cut off: an end is far behind at the double."""
    return span.start >= seconds or (span.end is not None and span.end > 2 * seconds + 1)


def _lengths(paths: Iterable[Path]) -> dict[Path, float]:
    """Seconds of the first recordings that can be opened. Reading reports errors later."""
    found: dict[Path, float] = {}
    for path in paths:
        if len(found) == _RECORDINGS:
            break
        try:
            frames, fps = measured(path)
        except SignletError:
            continue
        if frames:
            found[path] = frames / (believed_rate(fps) or USUAL_FPS)
    return found


def measured(path: Path) -> tuple[int, float | None]:
    """Frames of a recording, and frames a second, None if unknown; no video is decoded.

    Raises ClipError, and SignletError if the extra that reads it is missing.
    """
    if not is_video(path):
        clip = read_clip(path)
        return len(clip.frames), clip.fps
    try:
        from signlet.video.frames import video_facts

        facts = video_facts(path)
    except ImportError as error:
        raise SignletError(f"{path}: {needs('reading videos', 'video', error)}") from error
    return facts.frames, facts.fps
