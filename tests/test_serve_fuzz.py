"""The service against its own description, by schemathesis."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

pytest.importorskip("fastapi")
pytest.importorskip("schemathesis")

import schemathesis
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.python import asgi
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    ignored_auth,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from signlet.serve.app import make_app
from signlet.serve.limits import Limits
from signlet_testing.serving import Standin

TOKEN = "a-token-for-the-tests"
# Not positive_data_acceptance: that a frame has 543 points is said in words only, since no
# generator would make one out of a schema that asks for them.
CHECKS = [
    content_type_conformance,
    ignored_auth,
    negative_data_rejection,
    not_a_server_error,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
]
LIMITS = Limits(decoders=1, max_frames=40, timeout=10, max_bytes=1 << 20)
_BOUNDED = settings(deadline=None, suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module")
def open_service() -> Iterator[Any]:
    yield schemathesis.openapi.from_asgi("/openapi.json", make_app(Standin(), LIMITS))
    asgi.shutdown_lifespans()


@pytest.fixture(scope="module")
def locked_service() -> Iterator[Any]:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    app = make_app(Standin(), LIMITS, TOKEN)
    yield schemathesis.openapi.from_asgi("/openapi.json", app, headers=headers)
    asgi.shutdown_lifespans()


def fuzz(service: Any, examples: int, **more: Any) -> list[int]:
    """Ask every operation, with what its description allows and with what it does not."""
    statuses: list[int] = []
    for operation in (found.ok() for found in service.get_all_operations()):
        for mode in GenerationMode:
            if mode is GenerationMode.NEGATIVE and operation.method == "get":
                continue  # nothing in them could be wrong

            @settings(_BOUNDED, max_examples=examples)
            @given(case=operation.as_strategy(generation_mode=mode))
            def ask(case: Any) -> None:
                answer = case.call_and_validate(checks=CHECKS, **more)
                statuses.append(answer.status_code)

            ask()
    return statuses


def test_every_request_gets_an_answer_that_is_described(open_service: Any) -> None:
    statuses = fuzz(open_service, 60)
    assert set(statuses) >= {200, 415, 422}


def test_with_a_token_too(locked_service: Any) -> None:
    fuzz(locked_service, 10, headers={"Authorization": f"Bearer {TOKEN}"})
