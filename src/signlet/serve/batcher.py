"""Requests that wait go through the model together.

No request waits for others to come: when the model is free it takes what is there.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from signlet.errors import SignletError
from signlet.recognise import Prediction
from signlet.serve.refused import Refused

Frames = NDArray[np.float32]


class Serves(Protocol):
    """What the service needs of a `signlet.recognise.Recogniser`."""

    @property
    def signs(self) -> tuple[str, ...]:
        """Names of the signs that it knows."""

    @property
    def max_frames(self) -> int | None:
        """The longest clip that it takes, None for any."""

    def batch(self, clips: list[Frames], /) -> Sequence[Prediction]:
        """Answers to clips (T, 543, 3), NaN = not found."""


@dataclass(frozen=True)
class Done:
    """said: the answer. waited, took: seconds. together: clips of the batch."""

    said: Prediction
    waited: float
    took: float
    together: int


@dataclass(frozen=True)
class _Job:
    frames: Frames
    answer: asyncio.Future[Done]
    since: float


class Batcher:
    """A queue before the model, which runs in one thread of its own.

    recogniser: answers a clip the same alone and in a batch. max_batch: most clips at once.
    """

    def __init__(self, recogniser: Serves, max_batch: int) -> None:
        self._recogniser, self._max_batch = recogniser, max_batch
        self._queue: asyncio.Queue[_Job] = asyncio.Queue()
        self._thread = ThreadPoolExecutor(1, "recogniser")
        self._work: asyncio.Task[None] | None = None
        self._busy_since: float | None = None

    def start(self) -> None:
        """Begin to take from the queue."""
        self._work = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Stop taking; whoever still waits is refused."""
        if self._work is not None:
            self._work.cancel()
            await asyncio.gather(self._work, return_exceptions=True)
        while not self._queue.empty():
            self._queue.get_nowait().answer.cancel()
        self._thread.shutdown(wait=False)

    def waiting(self) -> int:
        """Clips in the queue."""
        return self._queue.qsize()

    def working(self, patience: float) -> bool:
        """Whether the queue is served and no batch has taken more than `patience` seconds."""
        stuck = self._busy_since is not None and time.perf_counter() - self._busy_since > patience
        return self._work is not None and not self._work.done() and not stuck

    async def recognise(self, frames: Frames) -> Done:
        """Wait for the answer to one clip (T, 543, 3).

        Raises Refused: 422 where the recogniser refuses the clip, 500 where it fails.
        """
        answer: asyncio.Future[Done] = asyncio.get_running_loop().create_future()
        self._queue.put_nowait(_Job(frames, answer, time.perf_counter()))
        return await answer

    async def _run(self) -> None:
        while True:
            jobs = [await self._queue.get()]
            while len(jobs) < self._max_batch and not self._queue.empty():
                jobs.append(self._queue.get_nowait())
            # A future is cancelled when its request has run out of time.
            jobs = [job for job in jobs if not job.answer.done()]
            if jobs:
                await self._answer(jobs)

    async def _answer(self, jobs: list[_Job]) -> None:
        begin = self._busy_since = time.perf_counter()
        clips = [job.frames for job in jobs]
        loop = asyncio.get_running_loop()
        try:
            answers = await loop.run_in_executor(self._thread, _each, self._recogniser, clips)
        finally:
            self._busy_since = None
        took = time.perf_counter() - begin
        for job, said in zip(jobs, answers, strict=True):
            if job.answer.done():
                continue
            if isinstance(said, Refused):
                job.answer.set_exception(said)
            else:
                job.answer.set_result(Done(said, begin - job.since, took, len(jobs)))


def _each(recogniser: Serves, clips: list[Frames]) -> list[Prediction | Refused]:
    """Answers to all clips; where the batch fails, each alone, so that one fails only itself."""
    try:
        answers = list(recogniser.batch(clips))
        if len(answers) == len(clips):
            return [_finite(said) for said in answers]
    except Exception as error:
        if len(clips) == 1:
            return [_refused(error)]
    if len(clips) == 1:
        return [Refused(500, "the model gave no answer")]
    return [_each(recogniser, [clip])[0] for clip in clips]


def _finite(said: Prediction) -> Prediction | Refused:
    return said if np.isfinite(said.confidence) else Refused(500, "the model gave no number")


def _refused(error: Exception) -> Refused:
    if isinstance(error, SignletError):
        return Refused(422, str(error))
    return Refused(500, f"the model failed ({type(error).__name__})")
