"""Overlapping clips of one recording: the clips of a table in, a note or a refusal out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path

from signlet.clip.span import Span
from signlet.errors import SignletError
from signlet.sources.source import ClipRef
from signlet.sources.unused_files import count_of

_MOSTLY = 0.5
"""Neighbours that share a movement overlap by less of the shorter one."""


def refuse_endless(refs: Sequence[ClipRef], table: Path) -> None:
    """Raise SignletError if several clips of one recording go on to its end."""
    for path, clips in _recordings(refs).items():
        endless = [ref.name for ref in clips if ref.span is None or ref.span.end is None]
        if len(endless) > 1:
            raise SignletError(
                f"{table}: {endless[0]} and {endless[1]} overlap: {count_of(len(endless))} of "
                f"{path.name} have no end, so each continues to the end of the recording; is a "
                "column end (or end_frame) missing, or empty?"
            )


def overlap_note(refs: Sequence[ClipRef]) -> str:
    """On clips that are mostly over another one of the same recording; "" for none."""
    found = [pair for clips in _recordings(refs).values() for pair in _overlapping(_timed(clips))]
    if not found:
        return ""
    first, second = found[0]
    return (
        f"{count_of(len(found), 'pair')} of clips share most of one part of a recording, such as "
        f"{first} and {second}; check their start and end"
    )


def _recordings(refs: Iterable[ClipRef]) -> dict[Path, list[ClipRef]]:
    """The clips that are stretches of a file, by its path."""
    found: dict[Path, list[ClipRef]] = defaultdict(list)
    for ref in refs:
        found[ref.path].append(ref)
    return {path: clips for path, clips in found.items() if any(ref.span for ref in clips)}


def _timed(clips: Iterable[ClipRef]) -> list[tuple[Span, str]]:
    """Stretches in the order of their starts; a whole recording is over all of them."""
    named = [(ref.span or Span(), ref.name) for ref in clips]
    return sorted(named, key=lambda one: (one[0].start, one[0].length))


def _overlapping(clips: Sequence[tuple[Span, str]]) -> list[tuple[str, str]]:
    """Neighbours of the same unit that share most of the shorter one."""
    found = []
    for (first, name), (second, other) in pairwise(clips):
        shared = min(first.start + first.length, second.start + second.length) - second.start
        same = first.unit == second.unit or not (first.start or second.start)
        if same and shared > _MOSTLY * min(first.length, second.length):
            found.append((name, other))
    return found
