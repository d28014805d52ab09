"""Quality in words, as JSON, and as a page."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from itertools import groupby
from pathlib import Path
from typing import Any

from signlet.files.atomic import write_text
from signlet.quality.checks import Suspicion
from signlet.quality.clip import USUAL_LEN, ClipQuality
from signlet.quality.quality import DataQuality, Spread
from signlet.report.page import render
from signlet.text import percent as words
from signlet.text.data_names import data_name

MISSING = (
    "Landmarks not found (one hand: normal for signs made with the other; both hands: frames "
    "without any hand)"
)


def overview(quality: DataQuality) -> list[tuple[str, str]]:
    """The head of the report: what is counted, and the count in words."""
    rows = [
        ("source", data_name(quality.source)),
        ("clips", f"{quality.clips:,}"),
        ("signs", f"{quality.signs:,}"),
        ("signers", f"{quality.signers:,}"),
        ("frames", _in_words(quality.frames, "{:,.0f}")),
    ]
    if quality.clips_of_split:
        counts = ((name or "none", count) for name, count in quality.clips_of_split.items())
        rows.append(("split", ", ".join(f"{name} {count:,}" for name, count in counts)))
    if quality.seconds:
        rows.append(("seconds", _in_words(quality.seconds, "{:.1f}")))
    return [*rows, ("clips per sign", _per(quality.clips_of_sign)), _skipped(quality)]


def _in_words(spread: Spread, form: str) -> str:
    low, middle, high = (form.format(v) for v in (spread.low, spread.middle, spread.high))
    return f"{low} to {high}, median {middle}"


def _per(counts: Mapping[str, int]) -> str:
    known = [count for name, count in counts.items() if name] or [0]
    return f"{min(known):,} to {max(known):,}"


def _skipped(quality: DataQuality) -> tuple[str, str]:
    return "skipped", f"{len(quality.skipped):,}"


def clip_overview(quality: ClipQuality) -> list[tuple[str, str]]:
    """Name, length and kept frames of a clip in words."""
    length = "" if quality.seconds is None else f", {quality.seconds:.2f} s"
    rate = "unknown" if quality.fps is None else f"{quality.fps:g} a second"
    return [
        ("clip", quality.name),
        ("sign", quality.sign or "unknown"),
        ("signer", quality.signer or "unknown"),
        ("frames", f"{quality.frames:,}{length}"),
        ("frame rate", rate),
        ("with a hand", f"{quality.hand_frames:,} of {quality.frames:,} frames"),
        ("used", _used(quality)),
    ]


def _used(quality: ClipQuality) -> str:
    usual = "the recipes small and demo and the model fingerspelling take at most"
    others = "a model of this --max_len takes at most"
    who = usual if quality.max_len == USUAL_LEN else others
    handless = "" if quality.hand_frames else "; without a hand in any, all are looked at"
    return f"{quality.kept:,} of {quality.frames:,} frames ({who} {quality.max_len}{handless})"


def percent(share: float) -> str:
    """A share in words; NaN is not known."""
    return "not known" if math.isnan(share) else words.percent(share, 1)


def by_problem(findings: Sequence[Suspicion]) -> list[tuple[str, list[Suspicion]]]:
    """Findings of one problem together, in the order in which the problems come."""
    return [(key, list(group)) for key, group in groupby(findings, key=lambda one: one.problem)]


def quality_json(quality: DataQuality | ClipQuality) -> str:
    """All numbers as JSON; unknown ones are null."""
    values = asdict(quality)
    if isinstance(quality, DataQuality):
        values |= {"signs": quality.signs, "signers": quality.signers}
    return json.dumps(_no_nan(values), indent=1, ensure_ascii=False)


def _no_nan(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _no_nan(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_no_nan(inner) for inner in value]
    return None if isinstance(value, float) and math.isnan(value) else value


def write_quality(quality: DataQuality, path: Path) -> Path:
    """Write the whole of it as one self-contained HTML page; SignletError if it cannot be."""
    findings = by_problem((*quality.skipped, *quality.suspicious))
    rows = [(part.replace("_", " "), share) for part, share in quality.missing.items()]
    page = render(
        "quality.html",
        quality=quality,
        overview=overview(quality),
        missing=rows,
        findings=findings,
    )
    write_text(path, page)
    return path
