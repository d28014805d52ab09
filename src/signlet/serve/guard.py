"""What every request passes first: the token, and the count of what was answered."""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Collection

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from signlet.serve.metrics import Metrics

OPEN = ("/health", "/health/live")
"""Paths that need no token."""


class Guard:
    """Middleware. token: None where none is asked. paths: those that are counted by name."""

    def __init__(
        self, app: ASGIApp, token: str | None, paths: Collection[str], metrics: Metrics
    ) -> None:
        self._app, self._paths, self._metrics = app, paths, metrics
        self._token = None if token is None else _digest(token.encode())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or pass it on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begin, status = time.perf_counter(), 500

        async def counted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                given = list(message.get("headers", []))
                named = {name.lower() for name, _ in given}
                message["headers"] = [*given, *(one for one in _HEADERS if one[0] not in named)]
            await send(message)

        app = self._app if self._allowed(scope) else _REFUSAL
        try:
            await app(scope, receive, counted)
        finally:
            path = scope["path"] if scope["path"] in self._paths else "other"
            self._metrics.request(path, status, time.perf_counter() - begin)

    def _allowed(self, scope: Scope) -> bool:
        if self._token is None or scope["path"] in OPEN:
            return True
        scheme, _, given = Headers(scope=scope).get("authorization", "").partition(" ")
        # Digests have one length, so the comparison's time tells nothing of the token's.
        right = hmac.compare_digest(_digest(given.strip().encode("latin-1")), self._token)
        return right and scheme.lower() == "bearer"


def _digest(token: bytes) -> bytes:
    return hashlib.sha256(token).digest()


_HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; style-src 'unsafe-inline'"),
]
_REFUSAL = JSONResponse(
    {"detail": "give the service's token: Authorization: Bearer TOKEN"},
    401,
    {"WWW-Authenticate": "Bearer"},
)
