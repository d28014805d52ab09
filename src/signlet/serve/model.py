"""The model behind the service: what it must be able to do, its thread, its wrong answers."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections.abc import Callable, Sequence
from queue import SimpleQueue
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from signlet.errors import ClipError, SignletError
from signlet.modelfile.answers import TOLERANCE
from signlet.recognition.recogniser import Prediction
from signlet.serve.rejection import Rejection, cleaned

Frames = NDArray[np.float32]
_Said = TypeVar("_Said")
_LOG = logging.getLogger("signlet.serve")
_MOST_LOGGED = 100


class Serves(Protocol):
    """The part of `signlet.recognition.recogniser.Recogniser` that the service needs."""

    @property
    def signs(self) -> tuple[str, ...]:
        """Names of the signs that it knows."""

    @property
    def max_frames(self) -> int | None:
        """The longest clip that it takes, None for any."""

    def batch(self, clips: list[Frames], /) -> Sequence[Prediction]:
        """Answers to clips (T, 543, 3), NaN = not found."""


class ModelThread:
    """One thread for the model. The process may end although a model hangs in it."""

    def __init__(self) -> None:
        self._questions: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self.busy = False

    def start(self) -> None:
        """Begin to take work."""
        threading.Thread(target=self._work, name="recogniser", daemon=True).start()

    def stop(self) -> None:
        """End after the work that is there."""
        self._questions.put(None)

    async def run(self, work: Callable[[], _Said]) -> _Said:
        """The result of `work`, which raises nothing."""
        loop = asyncio.get_running_loop()
        said: asyncio.Future[_Said] = loop.create_future()

        def give(found: _Said) -> None:
            if not said.done():
                said.set_result(found)

        def answer() -> None:
            found = work()
            with contextlib.suppress(RuntimeError):  # the service has ended meanwhile
                loop.call_soon_threadsafe(give, found)

        self._questions.put(answer)
        return await said

    def _work(self) -> None:
        while (question := self._questions.get()) is not None:
            self.busy = True
            try:
                question()
            finally:
                self.busy = False
            del question


def answers_to(recogniser: Serves, clips: list[Frames]) -> list[Prediction | Rejection]:
    """Answers to all clips; where the batch fails, each alone, so that one fails only itself."""
    try:
        answers = list(recogniser.batch(clips))
        if len(answers) == len(clips):
            return [_sound(said, recogniser) for said in answers]
    except BaseException as error:  # SystemExit too: it must not end the thread
        if len(clips) == 1:
            return [_refused(error)]
    if len(clips) == 1:
        return [_failed("gave no answer")]
    return [answers_to(recogniser, [clip])[0] for clip in clips]


def _sound(said: Prediction, recogniser: Serves) -> Prediction | Rejection:
    """The answer, or a refusal where its numbers are not probabilities."""
    each, none = said.probabilities, said.none
    if each.shape != (len(recogniser.signs),):
        return _failed(f"gave {each.size} probabilities for {len(recogniser.signs)} signs")
    lowest, total = min(float(each.min()), none), float(each.sum()) + none
    if not np.isfinite(total):
        return _failed("gave numbers that are not finite; its file is damaged")
    if lowest < 0 or abs(total - 1) > TOLERANCE:
        return _failed(f"gave invalid probabilities: the lowest is {lowest:g}, their sum {total:g}")
    return said


def _refused(error: BaseException) -> Rejection:
    if isinstance(error, ClipError):
        return Rejection(422, str(error))
    if isinstance(error, SignletError):
        return _failed(f"cannot be used: {error}")
    _failed(f"failed ({type(error).__name__}: {error})")
    return Rejection(500, f"the model failed ({type(error).__name__})")  # more is for the log only


def _failed(how: str) -> Rejection:
    """The refusal; the log has the same line, once."""
    refused = Rejection(500, f"the model {how}")
    log_once(refused.detail)
    return refused


_LOGGED: set[str] = set()


def log_once(line: str) -> None:
    """Log a line as an error, unless it was logged before."""
    line = cleaned(line)
    if line not in _LOGGED and len(_LOGGED) < _MOST_LOGGED:
        _LOGGED.add(line)
        _LOG.error("signlet: %s", line)
