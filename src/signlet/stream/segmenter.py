"""Frames (543, 3) with times in, segments of single signs (T, 543, 3) out."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf, isfinite
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from signlet.clip import warn_of
from signlet.clip.array_like import FRAME, plain
from signlet.clip.sentinels import without_numbers
from signlet.errors import SignletError
from signlet.landmarks import NUM_RAW
from signlet.stream.frames import FrameBuffer
from signlet.stream.hands import Body, Hands, Stillness
from signlet.stream.person import Follower
from signlet.stream.settings import StreamSettings


@dataclass(frozen=True)
class Segment:
    """Something was signed. start, end: seconds; frames: (T, 543, 3) float32, thinned out."""

    start: float
    end: float
    frames: NDArray[np.float32] = field(repr=False)


@dataclass
class _Hold:
    """The last time within the sign that the hands held still for long."""

    since: float
    end: float
    pose: Hands


class Segmenter:
    """Frames in, segments out; see docs/streams.md for how it decides."""

    def __init__(self, settings: StreamSettings | None = None) -> None:
        self.settings = settings or StreamSettings()
        self._frames = FrameBuffer(self.settings.max_frames)
        self._follower = Follower(self.settings.lost_after)
        self._reader = FrameReader()
        self._time: float | None = None
        self._restart()

    def _restart(self) -> None:
        self._body, self._still = Body(), Stillness(self.settings.change)
        self._last_up = -inf
        self._rest()

    def _rest(self) -> None:
        self._start: float | None = None
        self._least = 0.0
        self._hold: _Hold | None = None
        self._answered = self._arriving = False
        self._frames.clear()

    @property
    def state(self) -> Literal["rest", "signing"]:
        """The state: hands that hold a sign which was answered already count as "rest" too."""
        return "rest" if self._start is None else "signing"

    @property
    def remarks(self) -> tuple[str, ...]:
        """The corrections of frames so far, as `signlet.Clip.remarks`."""
        return self._reader.remarks

    def push(self, frame: ArrayLike, time: float) -> list[Segment]:
        """Take the next frame; returns the segments that ended, mostly none.

        frame: (543, 3), or (N, 543, 3) for N people, of whom one is followed; NaN (or
            infinite, or what `signlet.Clip.from_array` takes for it) = not found.
        time: seconds of the frame. A frame that is not later than the last one is left out; a
        step back of more than `break_after` starts a new stream, as a hole of that length does.
        Raises SignletError if the time is not finite or the shape is another one.
        """
        people, time = self._reader.people(frame), float(time)
        if not isfinite(time):
            raise SignletError(f"stream: the time of a frame is {time}; give seconds")
        ended = self._check_time(time)
        if self._time is not None and time <= self._time:
            return ended
        self._time = time
        person = self._follower.choose(people, time, self._start is None)
        if self._follower.switched:
            ended += self._stop()
        if person is None:
            person = np.full((NUM_RAW, 3), np.nan, np.float32)
        return ended + self._step(person, time)

    def finish(self) -> list[Segment]:
        """End the stream: the segment that is open, if any. A new stream may follow."""
        self._time, self._follower = None, Follower(self.settings.lost_after)
        return self._stop()

    def _check_time(self, time: float) -> list[Segment]:
        hole = 0.0 if self._time is None else abs(time - self._time)
        return self.finish() if hole > self.settings.break_after else []

    def _stop(self) -> list[Segment]:
        ended = self._cut(self._last_up)
        self._restart()
        return ended

    def _step(self, frame: NDArray[np.float32], time: float) -> list[Segment]:
        hands = self._body.raised_hands(frame, time, self.settings.rest_line)
        if hands[0] or hands[1]:
            self._hands_up(hands, time)
        elif time - self._last_up >= self.settings.gap:
            return self._hands_down()
        if self._start is None:
            return []
        self._frames.add(time, frame)
        return self._decide(self._start, time)

    def _hands_up(self, hands: Hands, time: float) -> None:
        moved_on = self._still.update(hands, time, self._body)
        self._last_up = time
        if self._start is None and (moved_on or not self._answered):
            self._begin(time, from_hold=self._answered)

    def _begin(self, start: float, from_hold: bool) -> None:
        """Start a sign, out of a rest or out of the hold that ended the one before.

        It is one if it takes `least` seconds before the hands are down.
        """
        self._least = self.settings.leave if from_hold else self.settings.shortest
        self._start, self._hold = start, None
        self._answered, self._arriving = False, from_hold

    def _hands_down(self) -> list[Segment]:
        ended = self._cut(self._last_up)
        self._still = Stillness(self.settings.change)
        self._rest()
        return ended

    def _decide(self, start: float, time: float) -> list[Segment]:
        """The hands are up, or were so just now: has the sign ended all the same?"""
        still = self._last_up - self._still.since
        self._arrive(still, time)
        if still >= self.settings.answer_after:
            return self._answer(time)
        if time - start >= self.settings.longest:
            return self._answer(time) if still >= self.settings.settle else self._split(time, time)
        return self._follow_hold(still, time)

    def _arrive(self, still: float, time: float) -> None:
        """The way from the last hold to this one is not a part of the sign that the model sees."""
        if self._arriving and still >= self.settings.settle:
            self._frames.drop(self._still.since)
            self._arriving = False
        elif self._start is not None and time - self._start >= self.settings.leave:
            self._arriving = False

    def _answer(self, time: float) -> list[Segment]:
        """End the sign while the hands still hold it; what follows counts once they move."""
        ended = self._cut(time)
        self._rest()
        self._answered = True
        return ended

    def _follow_hold(self, still: float, time: float) -> list[Segment]:
        hold, now, settings = self._hold, self._still, self.settings
        if hold is None or now.since == hold.since:
            if still >= settings.hold:
                self._hold = _Hold(now.since, self._last_up, now.pose)
        elif still >= settings.settle:
            if now.moved(now.pose, hold.pose, self._body):
                ended = self._split((hold.end + now.since) / 2, hold.end)
                self._arrive(still, time)
                return ended
            self._hold = _Hold(now.since, self._last_up, now.pose)  # back where they were
        elif time - hold.end >= settings.leave:
            return self._split(hold.end, hold.end)
        return []

    def _split(self, at: float, last_frame: float) -> list[Segment]:
        """End the sign at a time and begin the next; the model sees it up to `last_frame`."""
        ended = self._cut(at, last_frame)
        self._begin(at, from_hold=True)
        return ended

    def _cut(self, end: float, last_frame: float | None = None) -> list[Segment]:
        """The sign up to `end`, unless there is none or it is too short; its frames are gone."""
        frames = self._frames.take(end if last_frame is None else last_frame)
        if self._start is None or end - self._start < self._least or not len(frames):
            return []
        return [Segment(self._start, end, frames)]


class FrameReader:
    """Frames as a user pushes them -> people.

    remarks: on frames so far, as those of `signlet.Clip`; each is a ClipWarning once.
    """

    def __init__(self) -> None:
        self.remarks: tuple[str, ...] = ()

    def people(self, frame: ArrayLike) -> NDArray[np.float32]:
        """(N, 543, 3) out of a frame as `Segmenter.push` takes it; infinite values are NaN."""
        people, remark = without_numbers(_as_people(frame))
        if remark is not None and remark not in self.remarks:
            self.remarks += (remark,)
            warn_of([remark])
        return people


def _as_people(frame: ArrayLike) -> NDArray[np.float32]:
    expected = f"({NUM_RAW}, 3), or (people, {NUM_RAW}, 3)"
    raw = plain(frame, "stream: a frame", f"expected numbers of shape {expected}", FRAME)
    shape, raw = raw.shape, raw[None] if raw.ndim == 2 else raw
    if raw.ndim != 3 or raw.shape[1:] != (NUM_RAW, 3):
        raise SignletError(f"stream: a frame has shape {shape}; expected {expected}")
    with np.errstate(over="ignore"):
        people = np.ascontiguousarray(raw, np.float32)
    infinite = np.isinf(people)
    return np.where(infinite, np.float32(np.nan), people) if infinite.any() else people
