"""Bodies made to hurt, and how the service decodes them."""

from __future__ import annotations

import pytest

pytest.importorskip("pydantic")
pytest.importorskip("python_multipart")

from signlet.serve.decode import decode
from signlet.serve.rejection import Rejection
from signlet_testing.serving import BINARY

FEW = 8
"""Most frames of a clip here."""


def refusal(body: bytes, kind: str = BINARY, *others: int) -> Rejection:
    with pytest.raises(Rejection) as caught:
        decode(body, kind, FEW)
    check(caught.value, *others)
    return caught.value


def check(refused: Rejection, *others: int) -> None:
    """others: statuses that blame no body."""
    assert refused.status in (400, 413, 415, 422, *others)
    assert 0 < len(refused.detail) < 500
    assert "\n" not in refused.detail
    assert "/tmp" not in refused.detail
