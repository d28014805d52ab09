"""Clients of a service with a stand-in recogniser."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

pytest.importorskip("fastapi")
pytest.importorskip("prometheus_client")
pytest.importorskip("httpx")

from fastapi.testclient import TestClient

from signlet.serve.app import make_app
from signlet.serve.limits import Limits
from signlet_testing.serving import (
    Standin,
    as_npy,
    clip,
)


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    limits = Limits(max_bytes=2 << 20, max_frames=40, decoders=1)
    app = make_app(Standin(), limits)
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


GOOD = as_npy(clip())
