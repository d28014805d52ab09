"""WLASL: 2,000 signs of American Sign Language, from the web.

    WLASL_v0.3.json     [{"gloss": ..., "instances": [{"video_id", "signer_id", "split",
                        "frame_start", "frame_end", "fps", "url", ...}]}]
    videos/             <video_id>.mp4, cut by the set's own preprocess.py
    nslt_100.json       {"05237": {"subset": "train", ...}}: the videos of a part, if it is named
    raw_videos_mp4/     before that: <id on YouTube>.mp4 or <video_id>.mp4

Frames are counted from 1 at the rate of the field fps, which is 25 in the published table, whatever
the video's own rate is (its README, and the authors in issue 16 of dxli94/WLASL); frame_end is the
last one, -1 that of the video.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from signlet.clip.span import USUAL_FPS, Span
from signlet.errors import ClipError, SignletError
from signlet.files.json_pieces import read_json
from signlet.sources.datasets.layout import Layout, Listing, clip_files, person
from signlet.sources.time_units import measured
from signlet.sources.unused_files import count_of

_TABLES = "WLASL_v*.json"
_CUT, _RAW = ("videos", "WLASL2000", "."), ("raw_videos_mp4", "raw_videos")
_SLACK = 2
"""Frames that a cut video may have more than frame_start and frame_end say."""


def known_by(root: Path) -> str | None:
    """Its table."""
    found = sorted(root.glob(_TABLES))
    return f"its {found[-1].name}" if found else None


def clips(root: Path) -> Listing:
    """All instances. root: the set's folder, or its table, or one of a part of it (WLASL100)."""
    table, part = _table_and_part(root)
    cut = clip_files(*(table.parent / name for name in _CUT))
    raw = clip_files(*(table.parent / name for name in _RAW))
    listing, timed = Listing(), {True: 0, False: 0}
    for gloss, instance in _instances(table):
        video = str(instance.get("video_id", ""))
        if part is not None and video not in part:
            continue
        try:
            span = _span(instance)
        except (ValueError, TypeError, ArithmeticError):
            listing.leave_out(
                "frame_end is before frame_start, or one of them is not a number", video
            )
            continue
        path = cut.get(video) or raw.get(str(instance.get("url", ""))[-11:]) or raw.get(video)
        if span and path:
            before = video in cut and _is_cut(path, span)
            timed[before] += 1
            span = None if before else span
        signer, split = person(instance.get("signer_id")), _split(instance, part, video)
        listing.add(video, path, gloss, signer, span=span, split=split)
    listing.say(_cut_note(timed[True], timed[False]))
    return listing


def _cut_note(before: int, reading: int) -> str:
    """Return a note on how many clips were cut before, and how many are cut now; "" for none."""
    if not before + reading:
        return ""
    return (
        f"frame_start and frame_end: of {count_of(before + reading)}, {before} were cut already "
        f"(their files are that short), and signlet cuts {reading} out of longer videos"
    )


def _table_and_part(root: Path) -> tuple[Path, dict[str, Any] | None]:
    """The table of instances, and what lists the videos of a part of them, if it is named."""
    part = read_json(root) if root.is_file() else None
    if isinstance(part, dict):
        return _table(root.parent), part
    return root if root.is_file() else _table(root), None


def _split(instance: dict[str, Any], part: dict[str, Any] | None, video: str) -> str:
    """Of an instance in the part that is read, which may have splits of its own."""
    entry = (part or {}).get(video)
    told = entry.get("subset") if isinstance(entry, dict) else None
    return str(told or instance.get("split", ""))


def _table(root: Path) -> Path:
    found = sorted(root.glob(_TABLES))
    if not found:
        raise SignletError(f"{root}: holds no WLASL_v0.3.json; put it beside the folder videos")
    return found[-1]


def _instances(table: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Gloss and instance, one after the other. Raises SignletError."""
    try:
        for entry in read_json(table):
            for instance in entry["instances"]:
                yield entry["gloss"], dict(instance)
    except (TypeError, KeyError, ValueError) as error:
        raise SignletError(
            f"{table}: is not laid out as WLASL_v0.3.json, a list of gloss and instances; "
            "download it again"
        ) from error


def _span(instance: dict[str, Any]) -> Span | None:
    """Seconds of an instance. Raises ValueError if nothing is in it."""
    first, last = int(instance.get("frame_start", 1)), int(instance.get("frame_end", -1))
    fps = float(instance.get("fps") or USUAL_FPS)
    if last == -1 and first <= 1:
        return None
    return Span((first - 1) / fps, None if last == -1 else last / fps)


def _is_cut(path: Path, span: Span) -> bool:
    """Return True if preprocess.py has cut the file to the span already, judged by its length."""
    try:
        frames, fps = measured(path)
    except ClipError:
        return False  # errors are reported when it is read
    rows = span.rows(fps)
    return rows.stop is not None and frames <= rows.stop - rows.start + _SLACK


LAYOUT = Layout("wlasl", known_by, clips)
