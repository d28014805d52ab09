"""The processes that read clips out of bodies: a few, each with one body at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import numpy as np

from signlet.clip import Clip
from signlet.errors import SignletError
from signlet.landmarks import NUM_RAW
from signlet.serve.child import LINES
from signlet.serve.decoder import Decoder, Lost
from signlet.serve.limits import Limits
from signlet.serve.model import log_once
from signlet.serve.rejection import Rejection, cleaned

_TRIES = 2
_LATER = "a process that reads clips stopped, but not because of this clip; try again soon"


async def _never() -> bool:
    return False


class Decoders:
    """One that dies or hangs is replaced; the body that it was at is tried once more.

    limits: max_frames and the rest. replaced: called when a process was lost.
    """

    def __init__(self, limits: Limits, replaced: Callable[[], None] = lambda: None) -> None:
        self._limits, self._replaced = limits, replaced
        self._idle: asyncio.LifoQueue[Decoder | None] = asyncio.LifoQueue()

    async def start(self) -> None:
        """Start the processes. Raises SignletError if they cannot be started."""
        starting = (Decoder.started(self._limits) for _ in range(self._limits.decoders))
        found = await asyncio.gather(*starting, return_exceptions=True)
        for decoder in found:
            if isinstance(decoder, Decoder):
                self._idle.put_nowait(decoder)
        for decoder in found:
            if isinstance(decoder, BaseException):
                await self.stop()
                raise decoder

    async def stop(self) -> None:
        """End the processes; none may be at work."""
        while not self._idle.empty():
            decoder = self._idle.get_nowait()
            if decoder is not None:
                await decoder.end()

    async def decode(
        self, body: bytearray, content_type: str, gone: Callable[[], Awaitable[bool]] = _never
    ) -> Clip:
        """The clip; see `signlet.serve.decode.decode`.

        gone: whether nobody waits for it any more; asked when it had to wait for its turn.
        Raises Rejection: 422 also where the body took too long or crashed its process, 503 where
        processes are lost to something else, such as too little memory of the machine.
        """
        for _ in range(_TRIES):
            try:
                status, text, landmarks = await self._try(body, content_type, gone)
                break
            except Lost as lost:
                if lost.crashed:
                    raise _blamed("crashed the process that read it") from None
        else:
            raise Rejection(503, _LATER)
        if status != 200:
            raise Rejection(status, text)
        frames = np.frombuffer(landmarks, np.float32).reshape(-1, NUM_RAW, 3)
        remarks = tuple(cleaned(remark) for remark in text.split(LINES)) if text else ()
        return Clip(frames, "body", remarks=remarks)

    async def _try(
        self, body: bytearray, content_type: str, gone: Callable[[], Awaitable[bool]]
    ) -> tuple[int, str, bytes]:
        waits = self._idle.empty()
        decoder = await self._idle.get()
        whole = False
        try:
            if waits and await gone():
                whole = True
                raise Rejection(400, "the client has gone")
            decoder = await self._living(decoder)
            async with asyncio.timeout(self._limits.decode_timeout):
                said = await decoder.ask(body, content_type)
            whole = True
            return said
        except TimeoutError:
            raise _blamed("took too long to read") from None
        finally:
            if not whole and decoder is not None:  # lost, hung, or cancelled in the middle
                decoder.kill()
                self._replaced()
            self._idle.put_nowait(decoder if whole else None)

    async def _living(self, decoder: Decoder | None) -> Decoder:
        if decoder is not None and not decoder.ended:
            return decoder
        if decoder is not None:
            decoder.kill()  # its folder
        try:
            return await Decoder.started(self._limits)
        except SignletError as error:
            log_once(str(error))
            raise Rejection(503, f"{error}; try again soon") from None


def _blamed(what: str) -> Rejection:
    return Rejection(422, f"body: {what}; write the clip again")
