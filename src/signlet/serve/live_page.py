"""The live page beside the service: the files of a built site, without a token."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fastapi import FastAPI
from starlette.responses import Response
from starlette.staticfiles import StaticFiles

_HEADERS = {
    # The page's own policy stands in its head and holds for its workers too.
    "content-security-policy": "frame-ancestors 'self'",
    "cache-control": "no-cache",
}


class _Files(StaticFiles):
    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        response = super().file_response(*args, **kwargs)
        response.headers.update(_HEADERS)
        return response


def add_live_page(app: FastAPI, site: Path) -> None:
    """Serve a folder of `signlet.web.build.build_site` at /; the service's own paths come first."""
    app.mount("/", _Files(directory=site, html=True), name="live page")
