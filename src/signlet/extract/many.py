"""Many videos: in several processes, with a progress bar, one bad video stopping none."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path

from joblib import Parallel, effective_n_jobs, parallel_config
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from signlet.errors import ClipError, SignletError
from signlet.extract.files import write_extraction
from signlet.video import cache
from signlet.video.extractors import Choice, identity
from signlet.video.frames import video_facts
from signlet.video.quality import VideoQuality, measure
from signlet.video.single import HOLISTIC, find
from signlet.workers import delayed_here


@dataclass(frozen=True)
class Outcome:
    """What came of one video.

    quality: None where it could not be extracted; error then says why, in one line.
    cached: it had been extracted before. problem: why it is not kept for next time.
    """

    path: Path
    quality: VideoQuality | None = None
    error: str | None = None
    cached: bool = False
    problem: str | None = None


def extract_many(
    paths: Sequence[Path],
    jobs: int = -1,
    progress: Console | None = None,
    *,
    choice: Choice = HOLISTIC,
    outs: Sequence[Path] | None = None,
    done: Callable[[Outcome], None] | None = None,
) -> list[Outcome]:
    """Extract videos into the cache, and into files if they are named.

    jobs: worker processes, -1 for one per core. progress: where to show a bar, if it is a
    terminal. outs: for each video a file to write, whole or not at all. done: called with
    each outcome as it comes.
    Returns the outcomes in the order of the paths; a video that cannot be read is one of them.
    Raises SignletError where no video could be extracted at all: nothing installed, no such
    model, a place that cannot be written to.
    """
    if jobs == 0 or jobs < -1:
        raise SignletError(f"--jobs {jobs}: give 1 or more, or -1 for one per core")
    known = identity(choice)
    files: Sequence[Path | None] = outs if outs is not None else [None] * len(paths)
    work = list(zip(paths, files, strict=True))
    workers = min(effective_n_jobs(jobs), _fresh(paths, known))
    found: dict[Path, Outcome] = {}
    with _bar(progress) as bar:
        line = bar.add_task("extracting landmarks", total=len(work))
        way = _in_processes if workers > 1 else _here
        for outcome in way(work, choice, workers, lambda share: bar.advance(line, share)):
            found[outcome.path] = outcome
            if done:
                done(outcome)
    return [found[path] for path in paths]


Work = Sequence[tuple[Path, Path | None]]
Advance = Callable[[float], None]


def _fresh(paths: Sequence[Path], known: str) -> int:
    """How many of the videos are not in the cache, counted up to what decides."""
    return sum(not _is_stored(path, known) for path in paths)


def _is_stored(path: Path, known: str) -> bool:
    try:
        return cache.has(cache.content_key(path, known))
    except ClipError:
        return True  # its outcome is known at once, too


def _here(work: Work, choice: Choice, workers: int, advance: Advance) -> Iterator[Outcome]:
    for path, out in work:
        moved = _Moved(path, advance)
        yield extract_one(path, out, choice, moved.tick)
        moved.finish()


class _Moved:
    """Moves the bar on by a part of a video with every frame."""

    def __init__(self, path: Path, advance: Advance) -> None:
        self._path, self._advance = path, advance
        self._step, self._so_far = 0.0, 0.0

    def tick(self) -> None:
        self._step = self._step or 1 / max(1, video_facts(self._path).frames)
        step = min(self._step, 1 - self._so_far)
        self._so_far += step
        self._advance(step)

    def finish(self) -> None:
        self._advance(1 - self._so_far)


def _in_processes(work: Work, choice: Choice, workers: int, advance: Advance) -> Iterator[Outcome]:
    calls = (delayed_here(extract_one)(path, out, choice) for path, out in work)
    try:
        with parallel_config("loky", n_jobs=workers, inner_max_num_threads=1):
            for outcome in Parallel(return_as="generator_unordered", batch_size=1)(calls):
                advance(1)
                yield outcome
    except BrokenProcessPool:
        raise SignletError(
            "a worker process was ended, perhaps for lack of memory; "
            "give the command again with fewer --jobs, finished videos are kept"
        ) from None


def extract_one(
    path: Path, out: Path | None, choice: Choice, tick: Callable[[], None] | None = None
) -> Outcome:
    """Extract one video into the cache and, if it is named, into a file."""
    try:
        found = find(path, choice, tick)
    except ClipError as error:
        return Outcome(path, error=str(error))
    if out is not None:
        write_extraction(found.extraction, out)
    return Outcome(path, measure(found.extraction), None, found.cached, found.problem)


def _bar(console: Console | None) -> Progress:
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()
    shown = console is not None and console.is_terminal
    return Progress(
        *columns, TimeRemainingColumn(), console=console, disable=not shown, transient=True
    )
