"""Run the service with uvicorn until a signal stops it."""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from types import FrameType

import uvicorn
from fastapi import FastAPI

from signlet.errors import SignletError
from signlet.running import silence
from signlet.serve.connections import HEAD_BYTES, Connection, look_after
from signlet.serve.log import clean, log_config, plain_warnings
from signlet.serve.memory import keep_little
from signlet.serve.service import Service
from signlet.text.terminal import tell

_LAST_SECONDS = 5.0
"""From the second signal, or from the end of the drain, to the end of the process."""
STOPPED = "stopped"
_SPARE_FILES = 64
_BACKLOG, _AT_ONCE = 2048, 64
"""Connections that the system keeps for us, and that are taken of them at once.

Few at once, so that a flood of new ones does not push out others before they are looked at.
"""


def run(
    app: FastAPI,
    host: str,
    port: int,
    drain: float,
    access_log: bool = False,
    announce: Callable[[str], None] = print,
) -> None:
    """Serve until SIGTERM or Ctrl-C; requests under way are answered first.

    app: of `make_app`. port: 0 takes a free one. drain: seconds that requests under way may
    take then; a second signal ends them at once. announce: is given the address once it is open.
    SIGTERM prints "signlet: stopped" and ends the process with exit code 0. Ctrl-C raises
    KeyboardInterrupt, also where a shell that starts it in the background has SIGINT ignored.
    The process ends even while the model hangs.
    Raises SignletError if the address cannot be had or the service does not start.
    """
    service: Service = app.state.service
    listening = _listen(host, port)
    keep_little()
    plain_warnings()
    # uvicorn repeats the signal when it has finished; by itself it would end in code 143.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    server = _Server(_config(app, service, drain, access_log), service, drain)
    shown = f"[{host}]" if ":" in host else host
    try:
        announce(f"http://{shown}:{listening.getsockname()[1]}")
        server.run(sockets=[listening])
        server.interrupted()
    except SystemExit as end:
        if server.started or not end.code:  # SIGTERM may come while it starts
            tell(STOPPED)
            raise
    finally:
        server.finish()
    if not server.started:
        raise SignletError(service.failure or "the service did not start; the lines above say why")


def _config(app: FastAPI, service: Service, drain: float, access_log: bool) -> uvicorn.Config:
    connections = _open_files(service.limits.max_connections)
    limits = replace(service.limits, max_connections=connections)
    limited = type("_Limited", (Connection,), {"limits": limits})
    config = uvicorn.Config(
        app,
        http=limited,
        lifespan="on",
        ws="none",
        log_config=log_config(),
        log_level="info" if access_log else "warning",
        access_log=access_log,
        server_header=False,
        backlog=_AT_ONCE,
        timeout_graceful_shutdown=int(drain) + 1,
        h11_max_incomplete_event_size=HEAD_BYTES,
    )
    for name in ("uvicorn.error", "uvicorn.access"):
        logging.getLogger(name).addFilter(clean)
    return config


class _Server(uvicorn.Server):
    """uvicorn's, which ends in bounded time."""

    def __init__(self, config: uvicorn.Config, service: Service, drain: float) -> None:
        super().__init__(config)
        self._service, self._drain = service, drain
        self._last: list[threading.Timer] = []
        self._code = 0

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """The first signal drains, the second ends at once."""
        again = self.should_exit
        self._code = 128 + sig if sig == signal.SIGINT else 0
        super().handle_exit(sig, frame)
        self.force_exit = again
        self._end_after(_LAST_SECONDS + (0 if again else self._drain))

    def _end_after(self, seconds: float) -> None:
        """End the process then, whatever hangs."""
        timer = threading.Timer(seconds, _end_now, [self._code])
        timer.daemon = True
        self._last.append(timer)
        timer.start()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start."""
        await super().startup(sockets)
        for one in sockets or []:
            one.listen(_BACKLOG)  # uvicorn has made it the number that are taken at once

    async def main_loop(self) -> None:
        """Serve until the first signal."""
        silent = asyncio.create_task(look_after(self.server_state, self._service.limits))
        try:
            await super().main_loop()
        finally:
            silent.cancel()

    def interrupted(self) -> None:
        """Raise KeyboardInterrupt if Ctrl-C ended it and nothing else has raised it."""
        if self._code == 128 + signal.SIGINT:
            raise KeyboardInterrupt

    def finish(self) -> None:
        """After the last request. A model that hangs must not keep the interpreter."""
        for timer in self._last:
            timer.cancel()
        if self._service.busy():
            atexit.register(_leave, self._code)


def _end_now(code: int) -> None:
    with contextlib.suppress(OSError):  # not by `tell`: the main thread may hold its lock
        os.write(silence.terminal(), f"signlet: {STOPPED}\n".encode())
    os._exit(code)


def _leave(code: int) -> None:
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError, AttributeError):
            stream.flush()
    os._exit(code)


def _open_files(connections: int) -> int:
    """This number of connections, or fewer if the system allows fewer open files."""
    try:
        import resource
    except ImportError:
        return connections
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections + _SPARE_FILES
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return connections
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
        soft = most
    return max(2, soft - _SPARE_FILES)


def _listen(host: str, port: int) -> socket.socket:
    try:
        family, *_ = found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        # asyncio switches Nagle's delay of 40 ms off for sockets that say they are TCP only.
        listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        if os.name == "posix":
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(found[4])
        listening.listen(_BACKLOG)
        return listening
    except (OSError, OverflowError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise SignletError(
            f"--host {host} --port {port}: cannot be opened ({reason}); give another of the two"
        ) from None
