"""Middleware for every request: host and token checks, counts, and errors."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import logging
import time
from collections.abc import Collection
from typing import Any

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from signlet.serve.hosts import Hosts
from signlet.serve.metrics import Metrics
from signlet.serve.model import log_once
from signlet.serve.rejection import Rejection

OPEN = ("/health", "/health/live")
"""Paths that need no token."""
_LOG = logging.getLogger("signlet.serve")


class Guard:
    """Middleware. token: None if none is asked. paths: those that are counted by name."""

    def __init__(
        self,
        app: ASGIApp,
        token: str | None,
        hosts: Hosts,
        paths: Collection[str],
        metrics: Metrics,
    ) -> None:
        self._app, self._hosts, self._paths, self._metrics = app, hosts, paths, metrics
        self._token = None if token is None else _digest(token.encode())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or pass it on."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            # There are none here; whoever adds some has them guarded.
            app = self._app if self._refusal(scope) is None else _closed
            await app(scope, receive, send)
        else:
            await self._answer(*_of_head(scope, receive, _Counted(send)))

    async def _answer(self, scope: Scope, receive: Receive, send: _Counted) -> None:
        begin = time.perf_counter()
        try:
            await (self._refusal(scope) or self._app)(scope, receive, send)
        except asyncio.CancelledError:
            await _instead(
                scope, receive, send, 503, "the service is shutting down; try again later"
            )
        except Exception as error:
            name = type(error).__name__
            log_once(f"{scope['method']} {scope['path']} failed ({name}: {error})")
            _LOG.debug("the service failed", exc_info=error)
            await _instead(scope, receive, send, 500, f"the service failed ({name})")
        finally:
            path = scope["path"] if scope["path"] in self._paths else "other"
            self._metrics.request(path, send.status, time.perf_counter() - begin)

    def _refusal(self, scope: Scope) -> JSONResponse | None:
        headers = Headers(scope=scope)
        foreign = self._hosts.refusal(headers)
        if foreign is not None:
            return as_json(foreign)
        return None if self._has_token(scope, headers) else _NO_TOKEN

    def _has_token(self, scope: Scope, headers: Headers) -> bool:
        if self._token is None or scope["path"] in OPEN:
            return True
        scheme, _, given = headers.get("authorization", "").partition(" ")
        # Digests have one length, so the comparison's time tells nothing of the token's.
        right = hmac.compare_digest(_digest(given.strip().encode("latin-1")), self._token)
        return right and scheme.lower() == "bearer"


def _of_head(scope: Scope, receive: Receive, send: _Counted) -> tuple[Scope, Receive, _Counted]:
    """HEAD is answered as GET, without the body."""
    if scope["method"] != "HEAD":
        return scope, receive, send
    send.bodiless = True
    return {**scope, "method": "GET"}, receive, send


class _Counted:
    """send, with our headers. status: what was answered; 500 until then.

    bodiless: whether bodies are left out.
    """

    def __init__(self, send: Send) -> None:
        self._send, self.status, self.begun, self.bodiless = send, 500, False, False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status, self.begun = message["status"], True
            given = list(message.get("headers", []))
            named = {name.lower() for name, _ in given}
            message["headers"] = [*given, *(one for one in _HEADERS if one[0] not in named)]
        elif self.bodiless and message["type"] == "http.response.body":
            message["body"] = b""
        await self._send(message)


def as_json(refused: Rejection) -> JSONResponse:
    """A refusal as an answer."""
    return JSONResponse({"detail": refused.detail}, refused.status, refused.headers)


async def _instead(
    scope: Scope, receive: Receive, send: _Counted, status: int, detail: str
) -> None:
    if not send.begun:
        await as_json(Rejection(status, detail))(scope, receive, send)


async def _closed(_scope: Scope, _receive: Receive, send: Send) -> Any:
    await send({"type": "websocket.close", "code": 1008})


def _digest(token: bytes) -> bytes:
    return hashlib.sha256(token).digest()


_HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; style-src 'unsafe-inline'"),
]
_NO_TOKEN = JSONResponse(
    {"detail": "give the service's token: Authorization: Bearer TOKEN"},
    401,
    {"WWW-Authenticate": "Bearer"},
)
