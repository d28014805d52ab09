"""One recognition from the request's first byte to its answer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from starlette.requests import ClientDisconnect, Request

from signlet.recognise import Prediction
from signlet.serve.batcher import Batcher, Serves
from signlet.serve.decoders import Decoders
from signlet.serve.limits import Limits
from signlet.serve.metrics import Metrics
from signlet.serve.refused import Refused


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
        self._batcher = Batcher(recogniser, limits.max_batch)
        self.metrics = Metrics(len(self.signs), lambda: self.under_way, self.waiting)
        self._decoders = Decoders(self.limits, self.metrics.decoder_replaced)

    async def start(self) -> None:
        """Raises SignletError where the processes that read clips cannot be started."""
        await self._decoders.start()
        self._batcher.start()

    async def stop(self) -> None:
        """After the last request: end thread and processes."""
        await self._batcher.stop()
        await self._decoders.stop()

    def waiting(self) -> int:
        """Clips that wait for the model."""
        return self._batcher.waiting()

    def ready(self) -> bool:
        """Whether a request that comes now would be taken, and answered in time."""
        free = self.under_way < self.limits.max_waiting
        return free and self._batcher.working(self.limits.timeout)

    async def recognise(self, request: Request) -> Recognised:
        """Recognise the clip in a request's body.

        Raises Refused with the status of HTTP that fits; 408 where the body did not arrive in
        time, 503 where too many requests wait, 504 where the answer took too long.
        """
        stages: dict[str, float] = {}
        with self._admitted():
            try:
                async with asyncio.timeout(self.limits.timeout):
                    return await self._recognised(request, stages)
            except TimeoutError:
                raise _too_late("read" in stages, self.limits.timeout) from None

    @contextmanager
    def _admitted(self) -> Iterator[None]:
        if self.under_way >= self.limits.max_waiting:
            raise Refused(503, "too many requests wait; try again soon", {"Retry-After": "1"})
        self.under_way += 1
        try:
            yield
        finally:
            self.under_way -= 1

    async def _recognised(self, request: Request, stages: dict[str, float]) -> Recognised:
        begin = time.perf_counter()
        body = await _read(request, self.limits.max_bytes)
        stages["read"] = time.perf_counter() - begin
        begin = time.perf_counter()
        clip = await self._decoders.decode(body, request.headers.get("content-type", ""))
        stages["decode"] = time.perf_counter() - begin
        del body
        done = await self._batcher.recognise(clip.frames)
        stages |= {"wait": done.waited, "recognise": done.took}
        named = done.said.sign is not None
        self.metrics.recognised(stages, len(clip.frames), done.together, named)
        return Recognised(done.said, len(clip.frames), stages, done.together, clip.remarks)


async def _read(request: Request, max_bytes: int) -> bytes:
    """The body; it is left where it is as soon as it is too long."""
    coding = request.headers.get("content-encoding", "identity")
    if coding != "identity":
        raise Refused(415, f"content encoding {coding[:40]}: not read here; send it plain")
    promised = request.headers.get("content-length", "")
    too_long = Refused(413, f"body: has more than {max_bytes} bytes; send a shorter clip")
    if promised.isdecimal() and len(promised) < 20 and int(promised) > max_bytes:
        raise too_long
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > max_bytes:
                raise too_long
    except ClientDisconnect:
        raise Refused(400, "body: ended early") from None
    return bytes(body)


def _too_late(arrived: bool, seconds: float) -> Refused:
    if arrived:
        return Refused(504, f"no answer within {seconds:g} seconds; try again later")
    return Refused(408, f"body: has not arrived within {seconds:g} seconds; send it again")
