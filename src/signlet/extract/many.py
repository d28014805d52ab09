"""Many videos: in several processes, one bad video stopping none."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from joblib import effective_n_jobs

from signlet.clip.span import Span
from signlet.errors import ClipError, SignletError
from signlet.extract.files import write_extraction
from signlet.running.bars import Bars, Step, bars_for
from signlet.running.temporary import sweep_below
from signlet.running.workers import delayed_here, in_processes
from signlet.video import cache
from signlet.video.extractors import Choice, identity
from signlet.video.frames import expected_frames
from signlet.video.needs import needs_video, unless_other
from signlet.video.quality import VideoQuality, video_quality
from signlet.video.single import HOLISTIC, find


@dataclass(frozen=True)
class Outcome:
    """The result for one video, or a stretch of one.

    quality: None if it could not be extracted; error then says why, in one line.
    cached: it had been extracted before. problem: why it is not kept for next time.
    """

    path: Path
    quality: VideoQuality | None = None
    error: str | None = None
    cached: bool = False
    problem: str | None = None
    span: Span | None = None


def extract_many(
    paths: Sequence[Path],
    jobs: int = -1,
    progress: Bars | bool = False,
    *,
    choice: Choice = HOLISTIC,
    spans: Sequence[Span | None] | None = None,
    outs: Sequence[Path] | None = None,
    done: Callable[[Outcome], None] | None = None,
) -> list[Outcome]:
    """Extract videos into the cache, and into files if they are named.

    paths: a video may come several times, for several stretches of it. jobs: worker processes,
    -1 for one per core. progress: True shows a bar where the output is a terminal; or
    `signlet.running.bars.Bars`. spans: for each video the stretch that is wanted, None for all
    of it. outs: for each video a file to write, whole or not at all. done: called with each
    outcome as it comes.
    Returns the outcomes in the order of the paths; a video that cannot be read is one of them.
    Raises SignletError if no video could be extracted at all: nothing installed, no such
    model, a place that cannot be written to.
    """
    if jobs == 0 or jobs < -1:
        raise SignletError(f"--jobs {jobs}: give 1 or more, or -1 for one per core")
    with unless_other(paths):
        known = identity(choice)
    sweep_below(cache.cache_folder(), 1)
    nothing = [None] * len(paths)
    clips = list(zip(paths, nothing if spans is None else spans, strict=True))
    work = list(zip(clips, nothing if outs is None else outs, strict=True))
    fresh = _fresh(clips, known)
    if fresh:
        with unless_other(paths), needs_video(paths[0]):  # before any worker starts
            import av  # noqa: F401
    workers = min(effective_n_jobs(jobs), fresh)
    found: dict[Piece, Outcome] = {}
    with bars_for(progress)("extracting landmarks", len(work)) as advance:
        way = _in_processes if workers > 1 else _here
        for outcome in way(work, choice, workers, advance):
            found[outcome.path, outcome.span] = outcome
            if done:
                done(outcome)
    return [found[clip] for clip in clips]


Piece = tuple[Path, Span | None]
"""A video and the stretch of it that is wanted."""
Work = Sequence[tuple[Piece, Path | None]]


def _fresh(clips: Sequence[Piece], known: str) -> int:
    """Count the clips that are not in the cache."""
    return sum(not _is_stored(*clip, known) for clip in clips)


def _is_stored(path: Path, span: Span | None, known: str) -> bool:
    try:
        return cache.has(cache.content_key(path, known, span))
    except ClipError:
        return True  # its outcome is known at once, too


def _here(work: Work, choice: Choice, workers: int, advance: Step) -> Iterator[Outcome]:
    for clip, out in work:
        moved = _Moved(clip, advance)
        yield extract_one(clip, out, choice, moved.tick)
        moved.finish()


class _Moved:
    """Moves the bar on by a part of a video with every frame."""

    def __init__(self, clip: Piece, advance: Step) -> None:
        self._clip, self._advance = clip, advance
        self._step, self._so_far = 0.0, 0.0

    def tick(self) -> None:
        self._step = self._step or 1 / max(1, expected_frames(*self._clip))
        step = min(self._step, 1 - self._so_far)
        self._so_far += step
        self._advance(step)

    def finish(self) -> None:
        self._advance(1 - self._so_far)


def _in_processes(work: Work, choice: Choice, workers: int, advance: Step) -> Iterator[Outcome]:
    calls = (delayed_here(extract_one)(clip, out, choice) for clip, out in work)
    for outcome in in_processes(calls, workers, "finished videos are kept", batch_size=1):
        advance(1)
        yield outcome


def extract_one(
    clip: Piece, out: Path | None, choice: Choice, tick: Callable[[], None] | None = None
) -> Outcome:
    """Extract one video or stretch into the cache and, if it is named, into a file."""
    path, span = clip
    try:
        found = find(path, choice, tick, span)
    except ClipError as error:
        return Outcome(path, error=str(error), span=span)
    if out is not None:
        write_extraction(found.extraction, out)
    return Outcome(path, video_quality(found.extraction), None, found.cached, found.problem, span)
