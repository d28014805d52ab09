"""The videos of a source, before they are packed."""

from __future__ import annotations

from signlet.extract.many import Outcome, extract_many
from signlet.extract.record import Row
from signlet.extract.summary import Summary, kinds_of, summarise
from signlet.running.bars import Bars
from signlet.sources.source import ClipRef, Source
from signlet.video import cache
from signlet.video.clip import warn_once
from signlet.video.suffixes import is_video


def ensure_extracted(source: Source, jobs: int = -1, progress: Bars | bool = False) -> Summary:
    """Put the landmarks of all videos of a source into the cache, so that reading is quick.

    jobs: worker processes, -1 for one per core. progress: as in `extract_many`.
    Returns a row for each video, or stretch of one, in the order of the source; none where it
    holds no video, and none where the cache cannot be written, which its `problem` then says:
    videos are then extracted when they are read.
    Raises SignletError as `extract_many` does.
    """
    refs = {(ref.path, ref.span): ref for ref in source.refs() if is_video(ref.path)}
    if not refs:
        return Summary()
    problem = cache.unwritable()
    if problem:
        warn_once(problem)
        return Summary(problem=problem)
    paths, spans = zip(*refs, strict=True)
    outcomes = extract_many(paths, jobs, progress, spans=spans)
    for problem in (one.problem for one in outcomes if one.problem):
        warn_once(problem)
    return summarise([_row(refs[one.path, one.span], one) for one in outcomes])


def _row(ref: ClipRef, outcome: Outcome) -> Row:
    return Row(
        ref.name,
        signer=ref.signer or "",
        quality=outcome.quality,
        error=outcome.error or "",
        warnings=kinds_of(outcome.quality),
    )
