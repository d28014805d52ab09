"""Frames in, signs out: the segmenter and a model together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from signlet.recognition.recogniser import Prediction
from signlet.stream.mirror import MirrorCheck, turn
from signlet.stream.segmenter import FrameReader, Segment, Segmenter
from signlet.stream.settings import StreamSettings

TOP = 5
"""Signs that an event names besides its own."""

Recognises = Callable[[NDArray[np.float32]], Prediction]
"""A `signlet.load(...)`ed recogniser, or whatever answers for (T, 543, 3) as it does."""


@dataclass(frozen=True)
class SignEvent:
    """Something was signed.

    sign: None if it is not one of the signs that the model knows. start, end: seconds.
    confidence: the largest probability. top: the likeliest signs with theirs, best first.
    """

    sign: str | None
    start: float
    end: float
    confidence: float
    top: tuple[tuple[str, float], ...]


class StreamRecogniser:
    """Frames in, events out.

    recogniser: what `signlet.load` gives. mirrored: the camera shows a mirror image; it is
    turned back before anything else looks at it.
    """

    def __init__(
        self,
        recogniser: Recognises,
        settings: StreamSettings | None = None,
        mirrored: bool = False,
    ) -> None:
        settings = settings or StreamSettings()
        most = getattr(recogniser, "max_frames", None) or settings.max_frames
        self._segmenter = Segmenter(replace(settings, max_frames=min(settings.max_frames, most)))
        self._reader = FrameReader()
        self._recogniser = recogniser
        self._mirrored = mirrored
        self._check = MirrorCheck()

    @property
    def settings(self) -> StreamSettings:
        """The settings in use."""
        return self._segmenter.settings

    @property
    def state(self) -> str:
        """ "signing" while a sign is being made, else "rest"."""
        return self._segmenter.state

    @property
    def suggestion(self) -> str | None:
        """A sentence for the user after enough signing, if the camera seems to be mirrored."""
        return self._check.suggestion(self._mirrored)

    @property
    def remarks(self) -> tuple[str, ...]:
        """The corrections of frames so far, as `signlet.Clip.remarks`."""
        return self._reader.remarks

    def push(self, frame: ArrayLike, time: float) -> list[SignEvent]:
        """Take the next frame; returns what was signed, mostly nothing; see `Segmenter.push`."""
        people = self._reader.people(frame)
        seen = turn(people) if self._mirrored else people
        return [self._answer(segment) for segment in self._segmenter.push(seen, time)]

    def finish(self) -> list[SignEvent]:
        """End the stream: the sign that is being made, if any."""
        return [self._answer(segment) for segment in self._segmenter.finish()]

    def _answer(self, segment: Segment) -> SignEvent:
        self._check.see(segment.frames, segment.end - segment.start)
        prediction = self._recogniser(segment.frames)
        sure = prediction.confidence >= self.settings.min_confidence
        return SignEvent(
            prediction.sign if sure else None,
            segment.start,
            segment.end,
            prediction.confidence,
            tuple(prediction.top(TOP)),
        )
