"""The loop of `signlet live`: frames in, events out to the terminal and, drawn, to a stage."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from signlet.landmarks import LEFT_HAND, RIGHT_HAND
from signlet.live.inputs import Input, LiveFrame
from signlet.live.lines import Lines
from signlet.stream import SignEvent, StreamRecogniser

KEPT = 8
"""Events that are shown at a time."""
_WRISTS = [LEFT_HAND.start, RIGHT_HAND.start]
_RATE_OVER = 2.0
"""Seconds over which the frame rate is averaged."""


@dataclass(frozen=True)
class LiveState:
    """A frame and what is known at that time.

    events: the last ones, the newest last. signing: a sign is being made. fps: frames a second
    that were looked at of late. note: a suggestion to the user, None for none.
    """

    frame: LiveFrame
    events: tuple[SignEvent, ...] = ()
    signing: bool = False
    fps: float = 0.0
    note: str | None = None


class Shows(Protocol):
    """An output that draws states."""

    def show(self, state: LiveState) -> bool:
        """Draw a state; False if the user wants to end."""

    def finish(self, state: LiveState) -> None:
        """The recording is over; this is its last frame with all that was recognised."""


class Rate:
    """The recent rate of processed frames, in frames a second."""

    def __init__(self) -> None:
        self._times: deque[float] = deque()

    def tick(self, now: float) -> float:
        """Count a frame; returns frames a second."""
        self._times.append(now)
        while now - self._times[0] > _RATE_OVER:
            self._times.popleft()
        span = now - self._times[0]
        return (len(self._times) - 1) / span if span > 0 else 0.0


@dataclass
class Session:
    """One run of `signlet live`.

    seconds: of the recording, after which it ends; None for all of it. stages: see `Shows`.
    frames, signs: how many were seen so far. found, hands: there was a landmark, a hand, in one
    of the frames.
    """

    source: Input
    stream: StreamRecogniser
    lines: Lines
    stages: tuple[Shows, ...] = ()
    seconds: float | None = None
    frames: int = 0
    found: bool = False
    hands: bool = False
    signs: int = 0
    _recent: deque[SignEvent] = field(default_factory=lambda: deque(maxlen=KEPT))
    _note: str | None = None
    _rate: Rate = field(default_factory=Rate)

    def run(self) -> None:
        """Until the recording ends, its time is over, or the user has enough.

        The sign that is being made at the end is answered too, also after Ctrl-C.
        Raises what the source raises.
        """
        try:
            last = self._frames()
        finally:
            self._answer(self.stream.finish())
            self.lines.clear()
        if last is not None:
            state = self._state_now(last, 0.0)
            for stage in self.stages:
                stage.finish(state)

    def _frames(self) -> LiveFrame | None:
        """All frames; the last one, None if there was none or the user has enough."""
        last = None
        for frame in self.source.frames:
            if self.seconds is not None and frame.time > self.seconds:
                break
            if not self._take(frame):
                return None
            last = frame
        return last

    def _take(self, frame: LiveFrame) -> bool:
        """One frame; False if the user wants to end."""
        self.frames += 1
        self.found = self.found or not np.isnan(frame.landmarks).all()
        self.hands = self.hands or not np.isnan(frame.landmarks[_WRISTS, 0]).all()
        self._answer(self.stream.push(frame.landmarks, frame.time))
        state = self._state_now(frame, self._rate.tick(time.monotonic()))
        self.lines.progress(frame.time, state.fps, state.signing)
        goes_on = [stage.show(state) for stage in self.stages]
        return all(goes_on)

    def _state_now(self, frame: LiveFrame, fps: float) -> LiveState:
        signing = self.stream.state == "signing"
        return LiveState(frame, tuple(self._recent), signing, fps, self._note)

    def _answer(self, events: list[SignEvent]) -> None:
        for event in events:
            self.signs += event.sign is not None
            self._recent.append(event)
            self.lines.event(event)
        suggestion = self.stream.suggestion if events else None
        if suggestion and suggestion != self._note:
            self._note = suggestion
            self.lines.say(suggestion)
