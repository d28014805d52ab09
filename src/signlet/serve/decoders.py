"""The processes that read clips out of bodies, seen from the service."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable

import numpy as np

from signlet.clip import Clip
from signlet.errors import SignletError
from signlet.landmarks import NUM_RAW
from signlet.serve.child import ANSWER, LINES, QUESTION, READY
from signlet.serve.limits import Limits
from signlet.serve.refused import Refused

_START_SECONDS = 60
_READ_AHEAD = 1 << 22


class Decoders:
    """A few processes, each with one body at a time; one that dies or hangs is replaced.

    limits: max_frames and the rest. replaced: called when a process was lost to a body.
    """

    def __init__(self, limits: Limits, replaced: Callable[[], None] = lambda: None) -> None:
        self._limits, self._replaced = limits, replaced
        self._idle: asyncio.LifoQueue[Process | None] = asyncio.LifoQueue()

    async def start(self) -> None:
        """Start the processes. Raises SignletError where they cannot be started."""
        for process in await asyncio.gather(
            *(_started(self._limits) for _ in range(self._limits.decoders))
        ):
            self._idle.put_nowait(process)

    async def stop(self) -> None:
        """End the processes; none may be at work."""
        while not self._idle.empty():
            process = self._idle.get_nowait()
            if process is not None:
                await _ended(process)

    async def decode(self, body: bytes, content_type: str) -> Clip:
        """The clip; see `signlet.serve.decode.decode`.

        Raises Refused, also where the body took too long or ended its process.
        """
        process = await self._idle.get()
        try:
            if process is None or process.returncode is not None:
                process = await _started(self._limits)
            async with asyncio.timeout(self._limits.decode_timeout):
                status, text, landmarks = await _asked(process, body, content_type)
        except (TimeoutError, OSError, asyncio.IncompleteReadError) as error:
            self._lose(process)
            process = None
            slow = isinstance(error, TimeoutError)
            what = "took too long to read" if slow else "ended the process that read it"
            raise Refused(422, f"body: {what}; write the clip again") from None
        except BaseException:  # cancelled in the middle of an answer
            self._lose(process)
            process = None
            raise
        finally:
            self._idle.put_nowait(process)
        if status != 200:
            raise Refused(status, text)
        frames = np.frombuffer(landmarks, np.float32).reshape(-1, NUM_RAW, 3)
        return Clip(frames, "body", remarks=tuple(text.split(LINES)) if text else ())

    def _lose(self, process: Process | None) -> None:
        if process is not None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            self._replaced()


async def _asked(process: Process, body: bytes, content_type: str) -> tuple[int, str, bytes]:
    assert process.stdin
    assert process.stdout
    kind = content_type.encode("latin-1", "replace")[:1000]
    process.stdin.write(QUESTION.pack(len(kind), len(body)) + kind)
    process.stdin.write(body)
    await process.stdin.drain()
    answer = await process.stdout.readexactly(ANSWER.size)
    status, text, landmarks = ANSWER.unpack(answer)
    said = (await process.stdout.readexactly(text)).decode("utf-8", "replace")
    return status, said, await process.stdout.readexactly(landmarks)


async def _started(limits: Limits) -> Process:
    # An allocator with few arenas, as the limit of memory counts what is reserved, too; it
    # keeps what the last body took for the next one.
    quiet = {
        "ARROW_DEFAULT_MEMORY_POOL": "system",
        "MALLOC_ARENA_MAX": "2",
        "MALLOC_MMAP_THRESHOLD_": str(1 << 25),
        "MALLOC_TRIM_THRESHOLD_": str(1 << 26),
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }
    kept = {name: value for name, value in os.environ.items() if name != "SIGNLET_TOKEN"}
    frames, memory = str(limits.max_frames), str(limits.decoder_memory)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "signlet.serve.child", frames, memory),
        stdin=PIPE,
        stdout=PIPE,
        env=kept | quiet,
        limit=_READ_AHEAD,
    )
    assert process.stdout
    try:
        async with asyncio.timeout(_START_SECONDS):
            await process.stdout.readexactly(len(READY))
    except BaseException as error:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        if isinstance(error, TimeoutError | asyncio.IncompleteReadError):
            raise SignletError("the process that reads clips does not start; see above") from None
        raise
    return process


async def _ended(process: Process) -> None:
    if process.stdin:
        process.stdin.close()
    try:
        await asyncio.wait_for(process.wait(), 5)
    except TimeoutError:
        process.kill()
        await process.wait()
