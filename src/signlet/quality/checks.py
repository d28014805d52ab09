"""Checks of clips and signs: statistics in, suspicions with the reason out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from signlet.meaning import tells_meaning
from signlet.meaning.clip_warnings import NO_FACE
from signlet.quality.clip_statistics import ClipStatistics
from signlet.text.percent import percent

SHORT_FRAMES = 4
"""A clip of fewer frames is very short."""
LONG_TIMES, LONG_FRAMES = 4, 60
"""A clip is very long with more frames than this many times the median and more than this."""
FEW_HAND_FRAMES, FEW_HANDS = 3, 0.2
"""Hands are in few frames: fewer than so many, or less than this share of the frames."""
FROZEN = 0.5
"""A clip is frozen where at least this share of its frames repeats the frame before."""
OUTSIDE = 0.1
"""Share of face and hand landmarks far outside the picture that is too much."""
PIXELS = 10.0
"""Coordinates of this size are not fractions of a picture; most likely they are pixels."""
FEW_CLIPS = 4
"""A sign with fewer clips cannot be in each of four folds."""


@dataclass(frozen=True)
class Suspicion:
    """One finding. about: "clip" or "sign"; name: of it; problem: its kind; detail: in words."""

    about: str
    name: str
    problem: str
    detail: str


def check_clips(facts: Sequence[ClipStatistics]) -> list[Suspicion]:
    """Suspicious clips of a data set, by problem, then in the order of the data."""
    middle = float(np.median([fact.frames for fact in facts]))
    found = [one for fact in facts for one in (*check_clip(fact), *_long(fact, middle))]
    found += _duplicates(facts)
    return sorted(found, key=lambda one: one.problem)


def check_clip(fact: ClipStatistics) -> Iterator[Suspicion]:
    """Yield what is suspicious in a clip taken alone."""
    findings = {
        "very short": _short(fact),
        "no hands": _no_hands(fact),
        "few hands": _few_hands(fact),
        "no face": _no_face(fact),
        "frozen": _frozen(fact),
        "outside the picture": _outside(fact),
    }
    for problem, detail in findings.items():
        if detail:
            yield Suspicion("clip", fact.name, problem, detail)
    for remark in filter(tells_meaning, fact.remarks):
        problem, _, seen = remark.partition(" (")
        yield Suspicion("clip", fact.name, problem, seen.replace("); ", "; ", 1))


def _short(fact: ClipStatistics) -> str:
    return f"{_count(fact.frames, 'frame')}" if fact.frames < SHORT_FRAMES else ""


def _no_hands(fact: ClipStatistics) -> str:
    return "no hand in any frame" if handless(fact) else ""


def handless(fact: ClipStatistics) -> bool:
    """Return True if no frame of the clip has a hand."""
    return fact.missing["left_hand"] == fact.missing["right_hand"] == 1


def _few_hands(fact: ClipStatistics) -> str:
    hands = fact.hand_frames
    if hands is None or handless(fact) or fact.frames < SHORT_FRAMES:
        return ""
    few = hands < FEW_HAND_FRAMES or hands < FEW_HANDS * fact.frames
    return f"hands in {hands} of {fact.frames} frames" if few else ""


def _no_face(fact: ClipStatistics) -> str:
    absent = fact.missing["face"]
    if not faceless(fact):
        return ""
    return f"{percent(absent)} of the face landmarks are missing; what the mouth shows is lost"


def faceless(fact: ClipStatistics) -> bool:
    """Return True if hardly any frame of the clip has a face."""
    return fact.missing["face"] >= NO_FACE


def _frozen(fact: ClipStatistics) -> str:
    frozen = fact.repeated >= FROZEN
    return f"{percent(fact.repeated)} of the frames repeat the one before" if frozen else ""


def _outside(fact: ClipStatistics) -> str:
    if not fact.outside > OUTSIDE:
        return ""
    if fact.largest >= PIXELS:
        how = "divide pixels by width and height (signlet convert --pixels)"
        return f"coordinates up to {fact.largest:.0f}; {how}"
    return f"{percent(fact.outside)} of the face and hand landmarks lie far outside"


def _long(fact: ClipStatistics, middle: float) -> Iterator[Suspicion]:
    if fact.frames > max(LONG_TIMES * middle, LONG_FRAMES):
        detail = f"{fact.frames} frames, the median is {middle:g}"
        yield Suspicion("clip", fact.name, "very long", detail)


def _duplicates(facts: Sequence[ClipStatistics]) -> Iterator[Suspicion]:
    first: dict[str, ClipStatistics] = {}
    for fact in facts:
        earlier = first.setdefault(fact.digest, fact)
        if earlier is not fact:
            detail = f"same landmarks as {earlier.name}{_conflict(earlier, fact)}"
            yield Suspicion("clip", fact.name, "duplicate", detail)


def _conflict(one: ClipStatistics, other: ClipStatistics) -> str:
    """A copy under another sign is wrongly labelled; under another signer it spoils the test."""
    if one.sign != other.sign:
        return f", which is of sign {one.sign or 'unknown'}"
    if one.signer != other.signer:
        return f" of signer {one.signer or 'unknown'}: scores on held-out clips would be too high"
    return ""


def check_signs(clips: Mapping[str, int], signers: Mapping[str, int]) -> list[Suspicion]:
    """Signs that are too thin to train and test: sign -> clips, sign -> known signers."""
    found = []
    tell_signers = any(signers.values())
    for sign, count in clips.items():
        if count < FEW_CLIPS:
            found.append(Suspicion("sign", sign, "few clips", _count(count, "clip")))
        if tell_signers and count and signers.get(sign, 0) <= 1:
            known = _count(signers.get(sign, 0), "known signer")
            found.append(
                Suspicion("sign", sign, "one signer", f"{known} in {_count(count, 'clip')}")
            )
    return sorted(found, key=lambda one: one.problem)


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
