"""Videos to landmarks: a clip, many files, or all videos of a source; each only once."""

from __future__ import annotations

import sys
from pathlib import Path

from rich.console import Console

from signlet.clip import Clip
from signlet.sources.files import VIDEO_SUFFIXES
from signlet.sources.source import ClipRef, Source
from signlet.video import cache
from signlet.video.extractors import Choice
from signlet.video.many import Outcome, extract_many
from signlet.video.record import Row
from signlet.video.show import print_findings
from signlet.video.single import HOLISTIC, find
from signlet.video.summary import Summary, kinds_of, summarise

__all__ = ["Outcome", "ensure_extracted", "extract_clip", "extract_many"]


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


def _row(ref: ClipRef, outcome: Outcome) -> Row:
    return Row(
        ref.name,
        signer=ref.signer or "",
        quality=outcome.quality,
        error=outcome.error or "",
        warnings=kinds_of(outcome.quality),
    )


_warned: set[str] = set()


def _warn_once(problem: str) -> None:
    if not _warned:
        print(f"signlet: {problem}", file=sys.stderr)
    _warned.add(problem)


def ensure_extracted(source: Source, jobs: int = -1, console: Console | None = None) -> Summary:
    """Put the landmarks of all videos of a source into the cache, so that reading is quick.

    jobs: worker processes, -1 for one per core. console: where to show a bar, if it is a
    terminal, and then what is wrong with the recordings.
    Returns a row for each video, in the order of the source; none where it holds no video,
    and none where the cache cannot be written, which its `problem` then says: videos are then
    extracted when they are read.
    Raises SignletError as `extract_many` does.
    """
    refs = {ref.path: ref for ref in source.refs() if ref.path.suffix.lower() in VIDEO_SUFFIXES}
    if not refs:
        return Summary()
    problem = cache.unwritable()
    if problem:
        _warn_once(problem)
        return Summary(problem=problem)
    outcomes = extract_many(list(refs), jobs, console)
    for problem in (one.problem for one in outcomes if one.problem):
        _warn_once(problem)
    summary = summarise([_row(refs[one.path], one) for one in outcomes])
    if console:
        print_findings(summary, console)
    return summary
