"""Summary of many extracted videos: rows in, counts and warnings out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from signlet.extract.record import Row
from signlet.video.quality import VideoQuality, mirrored, warnings_of

MIRRORED = "mirrored?"
"""Warning that needs all videos of a signer."""


@dataclass(frozen=True)
class Summary:
    """The summary of many videos.

    rows: one a video. warnings: kind -> "name: what and what to do" of each.
    skipped: this many existed already. problem: why the cache could not be written.
    """

    rows: tuple[Row, ...] = ()
    warnings: dict[str, list[str]] = field(default_factory=dict)
    skipped: int = 0
    problem: str | None = None

    @property
    def good(self) -> list[Row]:
        """Videos that gave landmarks."""
        return [row for row in self.rows if row.quality]

    @property
    def bad(self) -> list[Row]:
        """Videos that gave none."""
        return [row for row in self.rows if not row.quality]


def kinds_of(quality: VideoQuality | None) -> tuple[str, ...]:
    """Kinds of the warnings about one video."""
    return tuple(kind for kind, _ in warnings_of(quality)) if quality else ()


def summarise(rows: Sequence[Row]) -> Summary:
    """Rows, with what only shows when the videos of a signer are seen together."""
    warnings: dict[str, list[str]] = defaultdict(list)
    of_signer: dict[str, list[VideoQuality]] = defaultdict(list)
    for row in rows:
        if row.quality:
            of_signer[row.signer].append(row.quality)
            for kind, text in warnings_of(row.quality):
                warnings[kind].append(f"{row.video}: {text}")
    suspects = mirrored(of_signer)
    for signer, text in suspects.items():
        warnings[MIRRORED].append(f"{f'signer {signer}' if signer else 'all videos'}: {text}")
    marked = [_marked(row) if row.signer in suspects else row for row in rows]
    return Summary(tuple(marked), dict(warnings))


def _marked(row: Row) -> Row:
    if row.quality is None or row.quality.leading != "left" or MIRRORED in row.warnings:
        return row
    return replace(row, warnings=(*row.warnings, MIRRORED))
