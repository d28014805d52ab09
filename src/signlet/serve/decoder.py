"""One process that reads clips out of bodies, seen from the service."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import sys
import tempfile
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from signlet.errors import SignletError
from signlet.serve.child import ANSWER, QUESTION, READY, SCRATCH
from signlet.serve.limits import Limits

_START_SECONDS, _END_SECONDS = 60, 5
_READ_AHEAD = 1 << 22
_PIECE = 1 << 20
_CRASHES = {"SIGSEGV", "SIGABRT", "SIGBUS", "SIGILL", "SIGFPE", "SIGSYS", "SIGTRAP"}
"""Ends that come from within. Others, such as SIGKILL where memory is short, come from outside."""


class Lost(Exception):  # noqa: N818
    """The process ended while it was asked. crashed: by itself, which a body may have done."""

    def __init__(self, crashed: bool) -> None:
        super().__init__()
        self.crashed = crashed


class Decoder:
    """A process with a folder of its own for temporary files, which goes with it."""

    def __init__(self, process: Process, folder: str) -> None:
        self._process, self._folder = process, folder

    @classmethod
    async def started(cls, limits: Limits) -> Decoder:
        """Raises SignletError if it cannot be started."""
        try:
            folder = tempfile.mkdtemp(prefix=SCRATCH)
            try:
                return cls(await _start(limits, folder), folder)
            except BaseException:
                shutil.rmtree(folder, ignore_errors=True)
                raise
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise SignletError(f"no process that reads clips can be started ({reason})") from None

    @property
    def pid(self) -> int:
        """Number of the process."""
        return self._process.pid

    @property
    def ended(self) -> bool:
        """True if the process is known to have ended."""
        return self._process.returncode is not None

    async def ask(self, body: bytearray, content_type: str) -> tuple[int, str, bytes]:
        """Status, line or remarks, and landmarks. Raises Lost."""
        try:
            return await _asked(self._process, body, content_type)
        except (OSError, asyncio.IncompleteReadError):
            raise Lost(await self._crashed()) from None

    async def _crashed(self) -> bool:
        """True if the process, whose pipes are closed, ended by itself."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._process.wait(), _END_SECONDS)
        ended = self._process.returncode
        return ended is not None and ended < 0 and signal.Signals(-ended).name in _CRASHES

    def kill(self) -> None:
        """End it at once; what it was at is lost."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        self._process._transport.close()  # type: ignore[attr-defined]  # its pipes, too
        shutil.rmtree(self._folder, ignore_errors=True)

    async def end(self) -> None:
        """End it when it has nothing to do."""
        if self._process.stdin:
            self._process.stdin.close()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._process.wait(), _END_SECONDS)
        self.kill()


async def _start(limits: Limits, folder: str) -> Process:
    # An allocator with few arenas, as the limit of memory counts what is reserved, too; it
    # keeps what the last body took for the next one.
    quiet = {
        "ARROW_DEFAULT_MEMORY_POOL": "system",
        "MALLOC_ARENA_MAX": "2",
        "MALLOC_MMAP_THRESHOLD_": str(1 << 25),
        "MALLOC_TRIM_THRESHOLD_": str(1 << 26),
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "TMPDIR": folder,
        "TEMP": folder,
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
    async with _killed_unless_ready(process):
        assert process.stdout
        await process.stdout.readexactly(len(READY))
    return process


@asynccontextmanager
async def _killed_unless_ready(process: Process) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(_START_SECONDS):
            yield
    except BaseException as error:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        if isinstance(error, TimeoutError | asyncio.IncompleteReadError):
            raise SignletError("the process that reads clips does not start; see above") from None
        raise


async def _asked(process: Process, body: bytearray, content_type: str) -> tuple[int, str, bytes]:
    assert process.stdin
    assert process.stdout
    kind = content_type.encode("latin-1", "replace")[:1000]
    process.stdin.write(QUESTION.pack(len(kind), len(body)) + kind)
    with memoryview(body) as whole:  # in pieces, since the pipe keeps a copy of what waits
        for start in range(0, len(body), _PIECE):
            process.stdin.write(whole[start : start + _PIECE])
            await process.stdin.drain()
    answer = await process.stdout.readexactly(ANSWER.size)
    status, text, landmarks = ANSWER.unpack(answer)
    said = (await process.stdout.readexactly(text)).decode("utf-8", "replace")
    return status, said, await process.stdout.readexactly(landmarks)
