"""Open connections: how many, and how long one may be silent.

uvicorn waits for ever for a request's head, and for a reader of its answer. Here a connection
that asks nothing, or takes nothing, is closed; where there are too many, the one that has asked
nothing for longest is closed for a new one.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from signlet.serve.limits import Limits
from signlet.serve.memory import give_back

HEAD_BYTES = 1 << 14
"""Longest head of a request."""
SILENT_SECONDS = 10.0
"""So long may a connection be open without having sent a whole head."""
_SWEEP_SECONDS = 1.0
_MORE_SECONDS = 15.0
"""Beyond the time for an answer: to send it."""


class Connection(H11Protocol):
    """One connection. since: when it last began or ended a request, or took some of an answer."""

    limits = Limits()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Count it; close another one for it, or itself, where there are too many."""
        self.since = time.monotonic()
        super().connection_made(transport)
        if len(self.connections) > self.limits.max_connections:
            _longest_silent(self.connections, self).transport.abort()

    def data_received(self, data: bytes) -> None:
        """Note when a request begins."""
        before = self.cycle
        super().data_received(data)
        if self.cycle is not before:
            self.since = time.monotonic()

    def on_response_complete(self) -> None:
        """Note when it ends."""
        self.since = time.monotonic()
        super().on_response_complete()

    def resume_writing(self) -> None:
        """Note that the client reads."""
        self.since = time.monotonic()
        super().resume_writing()

    def send_400_response(self, msg: str) -> None:
        """Answer invalid HTTP as any other mistake, and close the connection."""
        no_host = "Host:" in str(sys.exc_info()[1])  # of h11, which uvicorn has just caught
        text = "the request has no single Host header; send one" if no_host else msg.rstrip(".")
        body = json.dumps({"detail": f"{text}; this service speaks HTTP/1.1"}).encode()
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
            (b"connection", b"close"),
        ]
        head = h11.Response(status_code=400, headers=headers, reason=b"Bad Request")
        for event in (head, h11.Data(data=body), h11.EndOfMessage()):
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()

    @property
    def asking(self) -> bool:
        """True if the head of an unanswered request has arrived."""
        return self.cycle is not None and not self.cycle.response_complete

    @property
    def sending(self) -> bool:
        """True unless a request has arrived completely."""
        return not self.asking or self.cycle.more_body


def _longest_silent(connections: Any, newest: Connection) -> Connection:
    """The connection to close: one that asks nothing, else one whose body still arrives."""
    others = [one for one in connections if one is not newest and one.sending]
    return min(others, key=lambda one: (one.asking, one.since), default=newest)


async def look_after(state: ServerState, limits: Limits) -> None:
    """Close connections that ask or take nothing for too long, until cancelled.

    Gives memory back to the system in the first second after a busy time.
    """
    answered, was_busy = state.total_requests, False
    while True:
        await asyncio.sleep(_SWEEP_SECONDS)
        close_silent_ones(state, limits)
        busy = bool(state.tasks) or state.total_requests != answered
        if was_busy and not busy:
            give_back()
        answered, was_busy = state.total_requests, busy


def close_silent_ones(state: ServerState, limits: Limits) -> None:
    """Close connections that ask or take nothing for too long."""
    patience = {False: SILENT_SECONDS, True: limits.timeout + _MORE_SECONDS}
    now = time.monotonic()
    for one in list(state.connections):
        if isinstance(one, Connection) and now - one.since > patience[one.asking]:
            one.transport.abort()
