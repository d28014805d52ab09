"""One recognition from the request's first byte to its answer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from starlette.requests import Request

from signlet.errors import SignletError
from signlet.recognition.recogniser import Prediction
from signlet.serve.batcher import Batcher
from signlet.serve.decoders import Decoders
from signlet.serve.limits import Limits
from signlet.serve.memory_budget import Held, MemoryBudget
from signlet.serve.metrics import Metrics
from signlet.serve.model import Serves
from signlet.serve.rejection import Rejection
from signlet.serve.request_body import read_body


@dataclass(frozen=True)
class Recognised:
    """said: the answer. frames: of the clip. stages: seconds of each. together: in one batch.

    remarks: as of a `signlet.Clip`.
    """

    said: Prediction
    frames: int
    stages: dict[str, float]
    together: int
    remarks: tuple[str, ...] = ()


class Service:
    """A recogniser with what stands before it: limits, decoders, the queue."""

    def __init__(self, recogniser: Serves, limits: Limits) -> None:
        most = recogniser.max_frames or limits.max_frames
        self.signs = recogniser.signs
        self.limits = replace(limits, max_frames=min(limits.max_frames, most))
        self.under_way = 0
        self.failure = ""
        self._budget = MemoryBudget(limits.max_held)
        self._batcher = Batcher(recogniser, limits.max_batch)
        self.metrics = Metrics(len(self.signs), lambda: self.under_way, self.waiting)
        self._decoders = Decoders(self.limits, self.metrics.decoder_replaced)

    async def start(self) -> None:
        """Raises SignletError if the processes that read clips cannot be started."""
        try:
            await self._decoders.start()
        except SignletError as error:
            self.failure = str(error)
            raise
        self._batcher.start()

    async def stop(self) -> None:
        """After the last request: end thread and processes."""
        await self._batcher.stop()
        await self._decoders.stop()

    def waiting(self) -> int:
        """Clips that wait for the model."""
        return self._batcher.waiting()

    def ready(self) -> bool:
        """True if a new request would be accepted, and answered in time."""
        return self.under_way < self.limits.max_waiting and not self.hung()

    def hung(self) -> bool:
        """True if the model has worked on one batch for longer than a request may take."""
        return not self._batcher.working(self.limits.timeout)

    def busy(self) -> bool:
        """True if the model is at work."""
        return self._batcher.busy()

    async def recognise(self, request: Request) -> Recognised:
        """Recognise the clip in a request's body.

        Raises Rejection with the status of HTTP that fits; 408 where the body did not arrive in
        time, 503 where too many requests wait, 504 where the answer took too long.
        """
        stages: dict[str, float] = {}
        held = self._budget.holder()
        try:
            async with asyncio.timeout(self.limits.timeout):
                self._check_free()  # before the body is read: it would be for nothing
                begin = time.perf_counter()
                await read_body(request, self.limits, self._budget, held)
                stages["read"] = time.perf_counter() - begin
                with self._admitted():
                    return await self._recognised(request, held, stages)
        except TimeoutError:
            raise _too_late("read" in stages, self.limits.timeout) from None
        finally:
            held.drop()

    def _check_free(self) -> None:
        if self.under_way >= self.limits.max_waiting:
            raise Rejection(503, "too many requests wait; try again soon")
        if self.hung():
            raise Rejection(503, "the model does not answer; restart the service")

    @contextmanager
    def _admitted(self) -> Iterator[None]:
        self._check_free()
        self.under_way += 1
        try:
            yield
        finally:
            self.under_way -= 1

    async def _recognised(
        self, request: Request, held: Held, stages: dict[str, float]
    ) -> Recognised:
        begin = time.perf_counter()
        kind = request.headers.get("content-type", "")
        clip = await self._decoders.decode(held.body, kind, request.is_disconnected)
        held.exchange(clip.frames.nbytes)
        stages["decode"] = time.perf_counter() - begin
        done = await self._batcher.recognise(clip.frames)
        stages |= {"wait": done.waited, "recognise": done.took}
        named = done.said.sign is not None
        self.metrics.recognised(stages, len(clip.frames), done.together, named)
        return Recognised(done.said, len(clip.frames), stages, done.together, clip.remarks)


def _too_late(arrived: bool, seconds: float) -> Rejection:
    if arrived:
        return Rejection(504, f"no answer within {seconds:g} seconds; try again later")
    return Rejection(408, f"body: has not arrived within {seconds:g} seconds; send it again")
