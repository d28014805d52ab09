"""Requests that wait go through the model together.

No request waits for others to come: when the model is free it takes all waiting requests.
"""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import dataclass
from functools import partial

from signlet.recognition.recogniser import Prediction
from signlet.serve.model import Frames, ModelThread, Serves, answers_to
from signlet.serve.rejection import Rejection


@dataclass(frozen=True)
class Done:
    """said: the answer. waited, took: seconds. together: clips of the batch."""

    said: Prediction
    waited: float
    took: float
    together: int


@dataclass(eq=False)
class _Job:
    frames: Frames
    answer: asyncio.Future[Done]
    since: float


class Batcher:
    """Clips that wait for the model, which runs in one thread of its own.

    recogniser: answers a clip the same alone and in a batch. max_batch: most clips at once.
    """

    def __init__(self, recogniser: Serves, max_batch: int) -> None:
        self._recogniser, self._max_batch = recogniser, max_batch
        self._jobs: dict[_Job, None] = {}
        self._some = asyncio.Event()
        self._thread = ModelThread()
        self._work: asyncio.Task[None] | None = None
        self._busy_since: float | None = None

    def start(self) -> None:
        """Begin to take clips."""
        self._thread.start()
        self._loop = asyncio.get_running_loop()
        self._work = self._loop.create_task(self._run())

    async def stop(self) -> None:
        """Stop taking; whoever still waits is refused. A model that hangs is left behind."""
        if self._work is not None:
            self._work.cancel()
            await asyncio.gather(self._work, return_exceptions=True)
        for job in self._jobs:
            job.answer.cancel()
        self._thread.stop()

    def waiting(self) -> int:
        """Clips that wait."""
        return len(self._jobs)

    def busy(self) -> bool:
        """True if the model is at work."""
        return self._thread.busy

    def working(self, patience: float) -> bool:
        """Return True if clips are taken and no batch has taken more than `patience` seconds."""
        if self._work is None or self._work.done():
            return False
        return self._busy_since is None or self._loop.time() - self._busy_since <= patience

    async def recognise(self, frames: Frames) -> Done:
        """Wait for the answer to one clip (T, 543, 3).

        Raises Rejection: 422 where the recogniser refuses the clip, 500 if it fails.
        """
        job = _Job(frames, self._loop.create_future(), self._loop.time())
        self._jobs[job] = None
        self._some.set()
        try:
            return await job.answer
        finally:
            self._jobs.pop(job, None)  # its request has run out of time
            del job, frames  # a refusal knows its frame, and the job the refusal

    async def _run(self) -> None:
        while True:
            await self._some.wait()
            jobs = list(itertools.islice(self._jobs, self._max_batch))
            for job in jobs:
                del self._jobs[job]
            if not self._jobs:
                self._some.clear()
            await self._answer([job for job in jobs if not job.answer.done()])
            del jobs

    async def _answer(self, jobs: list[_Job]) -> None:
        if not jobs:
            return
        begin = self._busy_since = self._loop.time()
        clips = [job.frames for job in jobs]
        try:
            answers = await self._thread.run(partial(answers_to, self._recogniser, clips))
        finally:
            self._busy_since = None
        took = self._loop.time() - begin
        for job, said in zip(jobs, answers, strict=True):
            if job.answer.done():
                continue
            if isinstance(said, Rejection):
                job.answer.set_exception(said)
            else:
                job.answer.set_result(Done(said, begin - job.since, took, len(jobs)))
