"""Run the service with uvicorn until it is told to stop."""

from __future__ import annotations

import os
import signal
import socket
import sys
from collections.abc import Callable

import uvicorn
from fastapi import FastAPI

from signlet.errors import SignletError


def run(
    app: FastAPI,
    host: str,
    port: int,
    drain: float,
    access_log: bool = False,
    announce: Callable[[str], None] = print,
) -> None:
    """Serve until SIGTERM or Ctrl-C; requests under way are answered first.

    port: 0 takes a free one. drain: seconds that they may take. announce: is given the
    address once it is open.
    SIGTERM ends the process with exit code 0, Ctrl-C raises KeyboardInterrupt.
    Raises SignletError where the address cannot be had or the service does not start.
    """
    listening = _listen(host, port)
    # uvicorn repeats the signal when it has finished; by itself it would end in code 143.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    config = uvicorn.Config(
        app,
        lifespan="on",
        ws="none",
        log_level="info" if access_log else "warning",
        access_log=access_log,
        use_colors=False,  # a log is read in files, and an escape would be printed as text
        server_header=False,
        timeout_graceful_shutdown=int(drain) + 1,
    )
    server = uvicorn.Server(config)
    shown = f"[{host}]" if ":" in host else host
    announce(f"http://{shown}:{listening.getsockname()[1]}")
    server.run(sockets=[listening])
    if not server.started:
        raise SignletError("the service did not start; the lines above tell why")


def _listen(host: str, port: int) -> socket.socket:
    try:
        family, *_ = found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        # asyncio switches Nagle's delay of 40 ms off for sockets that say they are TCP only.
        listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        if os.name == "posix":
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(found[4])
        listening.listen(2048)
        return listening
    except (OSError, OverflowError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise SignletError(
            f"{host} port {port}: cannot be opened ({reason}); give another --host or --port"
        ) from None
