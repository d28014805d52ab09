"""Three ways from a stream to events, as `stream_events.py` compares them.

Each reads a scene with a model once and keeps what the model said; thresholds are applied
afterwards, so that they can be tuned without reading again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import groupby

import numpy as np

from benchmarks.streams.stream_scenes import Scene
from benchmarks.streams.stream_scores import Found
from signlet.clip import Clip
from signlet.recognition.recogniser import Prediction, Recogniser
from signlet.stream import Segmenter, StreamSettings
from signlet.stream.mirror import turn

WINDOW, HOP = 1.0, 0.2
"""Seconds that the sliding window sees, and between two looks."""
HANDS = 0.5
"""It looks where a hand was found in this share of its frames."""


@dataclass(frozen=True)
class Heard:
    """A model's answer for a stretch of a stream; told: its time. sign: the likeliest."""

    start: float
    end: float
    told: float
    sign: str = ""
    confidence: float = 0.0

    def of(self, prediction: Prediction) -> Heard:
        """With the model's answer."""
        answer = {"sign": prediction.likeliest, "confidence": prediction.confidence}
        return Heard(**{**asdict(self), **answer})


def segments(
    scene: Scene, settings: StreamSettings, recogniser: Recogniser | None, mirrored: bool = False
) -> list[Heard]:
    """The stream recogniser's segments; without a model only where they lie."""
    segmenter, found = Segmenter(settings), []
    frames = turn(scene.frames) if mirrored else scene.frames
    for frame, time in zip(frames, scene.times, strict=True):
        found += [(segment, float(time)) for segment in segmenter.push(frame, float(time))]
    found += [(segment, float(scene.times[-1])) for segment in segmenter.finish()]
    heard = [Heard(segment.start, segment.end, told) for segment, told in found]
    if recogniser is None:
        return heard
    answers = recogniser.batch([segment.frames for segment, _ in found])
    return [one.of(answer) for one, answer in zip(heard, answers, strict=True)]


def true_cuts(scene: Scene, recogniser: Recogniser) -> list[Heard]:
    """Return the model's answers for the clips' own frames, in a scene as recorded."""
    clips = [scene.frames[sign.frames[0] : sign.frames[1] + 1] for sign in scene.truth.signs]
    heard = [Heard(sign.start, sign.end, sign.end) for sign in scene.truth.signs]
    return [one.of(answer) for one, answer in zip(heard, recogniser.batch(clips), strict=True)]


def windows(scene: Scene, recogniser: Recogniser) -> list[Heard]:
    """Return the model's answers for windows of a second, five times a second."""
    hands = Clip.from_array(scene.frames).hand_frames()
    places = []
    for end in np.arange(HOP, scene.times[-1], HOP):
        first, last = np.searchsorted(scene.times, (end - WINDOW, end), side="right")
        if last > first and hands[first:last].mean() >= HANDS:
            places.append((float(end), first, last))
    answers = recogniser.batch([scene.frames[first:last] for _, first, last in places])
    heard = [Heard(end - WINDOW, end, end) for end, _, _ in places]
    return [one.of(answer) for one, answer in zip(heard, answers, strict=True)]


def named(heard: list[Heard], least: float) -> list[Found]:
    """Events of segments: those less sure than `least` are none of the signs."""
    return [
        Found(one.sign if one.confidence >= least else None, one.start, one.end, one.told)
        for one in heard
    ]


@dataclass(frozen=True)
class Merging:
    """The rule for events: at least `count` sure windows in a row, less `shrink` seconds."""

    least: float
    count: int
    shrink: float


def merged(heard: list[Heard], how: Merging) -> list[Found]:
    """Events of a sliding window: a row of windows that name the same sign."""
    events: list[Found] = []
    for _, row in groupby(_rows(heard, how.least), key=lambda item: item[0]):
        looks = [one for _, one in row]
        start, end = looks[0].start + how.shrink, looks[-1].end - how.shrink
        start = max(start, events[-1].end) if events else start
        if len(looks) >= how.count and end > start:
            # That the row has ended is known with the next look.
            events.append(Found(looks[0].sign, start, end, looks[-1].told + HOP))
    return events


def _rows(heard: list[Heard], least: float) -> Iterator[tuple[int, Heard]]:
    """Sure windows, each with the number of its row; a row has one sign and no holes."""
    row, before = 0, None
    for one in heard:
        if one.confidence < least:
            before = None
            continue
        follows = before is not None and before.sign == one.sign
        if not (follows and before is not None and one.told - before.told < 1.5 * HOP):
            row += 1
        before = one
        yield row, one
