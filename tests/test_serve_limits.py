"""The service's limits, batches, token, and models that answer nonsense."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

pytest.importorskip("fastapi")
pytest.importorskip("prometheus_client")
pytest.importorskip("httpx")

from fastapi.testclient import TestClient

from signlet import SignletError
from signlet.recognition.recogniser import Prediction
from signlet.serve.app import make_app
from signlet.serve.limits import Limits
from signlet.serve.rejection import Rejection
from signlet_testing.service import GOOD, client
from signlet_testing.serving import (
    BINARY,
    SIGNS,
    Standin,
    as_npy,
    ask,
    clip,
    let_pass,
    running,
    until,
)

__all__ = ["client"]

TOKEN = "a-token-for-the-tests"


# --- limits while a request runs ------------------------------------------------------------


def serve(coroutine: Any, recogniser: Standin, **limits: Any) -> Any:
    """Run coroutine(app) within the application's lifespan."""

    async def main() -> Any:
        app = make_app(recogniser, Limits(decoders=1, **limits))
        async with running(app):
            return await coroutine(app)

    return asyncio.run(main())


def test_a_long_body_is_not_read_to_its_end() -> None:
    async def ask_long(app: Any) -> Any:
        return await ask(app, [b"\x93NUMPY" + bytes(100_000)] * 50)

    status, _, said, taken = serve(ask_long, Standin(), max_bytes=250_000)
    assert (status, taken) == (413, 3)
    assert "250000 bytes" in said["detail"]


def test_a_length_that_is_too_long_is_refused_before_the_body() -> None:
    async def ask_long(app: Any) -> Any:
        return await ask(app, [b"x", None], content_length="999999999999")

    status, _, _, taken = serve(ask_long, Standin())
    assert (status, taken) == (413, 0)


def test_a_body_that_does_not_arrive_is_given_up() -> None:
    async def ask_slow(app: Any) -> Any:
        return await ask(app, [b"PK", None])

    status, _, said, _ = serve(ask_slow, Standin(), timeout=0.2)
    assert (status, "0.2 seconds" in said["detail"]) == (408, True)


def test_an_answer_that_does_not_come_is_given_up_and_the_next_one_comes() -> None:
    gate = threading.Event()

    async def ask_thrice(app: Any) -> Any:
        service = app.state.service
        asked = [asyncio.create_task(ask(app, [GOOD])) for _ in range(2)]
        await until(lambda: recogniser.sizes == [1] and service.waiting() == 1)
        let_pass(61)
        late, dropped = [(await task)[0] for task in asked]
        gate.set()
        await until(service.ready)
        return late, dropped, (await ask(app, [GOOD]))[0]

    recogniser = Standin(gate)
    assert serve(ask_thrice, recogniser, timeout=60) == (504, 504, 200)
    assert sum(recogniser.sizes) == 2  # the one that waited was never recognised


def test_more_than_may_wait_are_told_to_come_back() -> None:
    gate = threading.Event()

    async def fill(app: Any) -> Any:
        running = [asyncio.create_task(ask(app, [GOOD])) for _ in range(2)]
        await until(lambda: TestClient(app).get("/health").json()["under_way"] == 2)
        refused = await ask(app, [GOOD])
        ready = TestClient(app).get("/health")
        gate.set()
        return refused, ready, [(await task)[0] for task in running], (await ask(app, [GOOD]))[0]

    refused, ready, first, then = serve(fill, Standin(gate), max_waiting=2)
    assert (refused[0], refused[1]["retry-after"]) == (503, "1")
    assert (ready.status_code, ready.json()["ready"], ready.json()["live"]) == (503, False, True)
    assert (first, then) == ([200, 200], 200)


# --- batches ------------------------------------------------------------------------------


def in_a_batch(lengths: list[int], **limits: Any) -> tuple[list[Any], list[int]]:
    """Answers to clips that wait while another one, of 10 frames, is recognised."""
    gate = threading.Event()
    recogniser = Standin(gate)

    async def together(app: Any) -> Any:
        first = asyncio.create_task(ask(app, [GOOD]))
        await until(lambda: bool(recogniser.sizes))
        others = [asyncio.create_task(ask(app, [as_npy(clip(n))])) for n in lengths]
        await until(lambda: app.state.service.waiting() == len(lengths))
        gate.set()
        return [await task for task in (first, *others)]

    return serve(together, recogniser, **limits), recogniser.sizes


def test_those_that_wait_are_recognised_together_and_answered_as_alone() -> None:
    answers, sizes = in_a_batch([5, 8, 12, 20])
    assert sizes == [1, 4]
    for (status, _, said, _), frames in zip(answers, [10, 5, 8, 12, 20], strict=True):
        alone = Standin().batch([clip(frames)])[0]
        assert status == 200
        assert (said["frames"], said["sign"]) == (frames, alone.sign)
        assert said["confidence"] == pytest.approx(alone.confidence, abs=1e-6)
        assert said["together"] == (1 if frames == 10 else 4)


def test_a_batch_has_a_largest_size() -> None:
    _, sizes = in_a_batch([5, 6, 7, 8, 9], max_batch=2)
    assert sizes == [1, 2, 2, 1]


def test_a_clip_that_fails_takes_no_other_along() -> None:
    answers, _ = in_a_batch([5, 13, 8, 14])
    assert [answer[0] for answer in answers] == [200, 200, 422, 200, 500]
    assert answers[3][2]["frames"] == 8


# --- models that answer nonsense ------------------------------------------------------------


class Wrong(Standin):
    """Answers clips of 7 frames with what it is given, or raises it."""

    def __init__(self, said: Any) -> None:
        super().__init__()
        self.said = said

    def _one(self, clip: np.ndarray) -> Any:
        if len(clip) != 7:
            return super()._one(clip)
        if isinstance(self.said, BaseException):
            raise self.said
        return self.said


def shares(*each: float, **more: Any) -> Prediction:
    return Prediction(SIGNS, np.array(each, np.float32), **more)


NONSENSE: list[tuple[str, Any, str]] = [
    ("NaN", shares(np.nan, np.nan, np.nan), "not finite"),
    ("one NaN", shares(0.5, np.nan, 0.5), "not finite"),
    ("infinite", shares(np.inf, 0, 0), "not finite"),
    ("both infinite", shares(np.inf, -np.inf, 1), "not finite"),
    ("none is NaN", shares(0.5, 0.25, 0.25, none=np.nan), "not finite"),
    ("negative", shares(1.5, -0.25, -0.25), "the lowest is -0.25"),
    ("none negative", shares(0.5, 0.5, 0.5, none=-0.5), "the lowest is -0.5"),
    ("logits", shares(3.5, 2, 1), "their sum 6.5"),
    ("zeros", shares(0, 0, 0), "their sum 0"),
    ("none too many", shares(0.5, 0.25, 0.25, none=0.5), "their sum 1.5"),
    ("too few", shares(0.5, 0.5), "2 probabilities for 3 signs"),
    ("too many", shares(0.25, 0.25, 0.25, 0.25), "4 probabilities for 3 signs"),
    ("no signs", shares(), "0 probabilities for 3 signs"),
    ("a matrix", Prediction(SIGNS, np.full((1, 3), 1 / 3, np.float32)), "3 probabilities"),
    ("nothing", None, "AttributeError"),
    ("a text", "circle", "AttributeError"),
    ("a refusal of the model", SignletError("m.onnx: gives NaN"), "m.onnx: gives NaN"),
    ("no memory", MemoryError(), "MemoryError"),
    ("an exit", SystemExit(3), "SystemExit"),
    ("an interrupt", KeyboardInterrupt(), "KeyboardInterrupt"),
]


@pytest.mark.parametrize(("said", "line"), [c[1:] for c in NONSENSE], ids=[c[0] for c in NONSENSE])
def test_what_is_no_answer_is_one_line_to_the_client_and_once_in_the_log(
    said: Any, line: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("signlet.serve.model._LOGGED", set())
    recogniser = Wrong(said)

    async def several(app: Any) -> Any:
        asked = (ask(app, [as_npy(clip(n))]) for n in (7, 8, 7, 7))
        return await asyncio.gather(*asked), await ask(app, [GOOD])

    answers, then = serve(several, recogniser)
    assert [answer[0] for answer in answers] == [500, 200, 500, 500]
    assert then[0] == 200
    detail = answers[0][2]["detail"]
    assert line in detail
    assert detail.isprintable()
    assert [record.levelname for record in caplog.records if record.name == "signlet.serve"] == [
        "ERROR"
    ]
    assert all(record.exc_info is None for record in caplog.records)
    assert caplog.messages[0].startswith("signlet: the model ")


def test_a_mishap_of_the_service_is_one_line_too(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> Any:
        raise LookupError("of this\x1b[31m and\nthat")

    monkeypatch.setattr("signlet.serve.model._LOGGED", set())
    monkeypatch.setattr("signlet.serve.app.answer", broken)

    async def twice(app: Any) -> Any:
        return [await ask(app, [GOOD]) for _ in range(2)]

    for status, headers, said, _ in serve(twice, Standin()):
        assert (status, said) == (500, {"detail": "the service failed (LookupError)"})
        assert headers["cache-control"] == "no-store"
    assert caplog.messages == [
        "signlet: POST /recognise failed (LookupError: of this\\x1b[31m and that)"
    ]


@pytest.mark.parametrize(
    "text",
    ["\x1b[31m", "\x00", "\x9b2J", "\u202e", "\u2028", "\r\nSet-Cookie: a", "\ud800", "x" * 9999],
)
def test_what_comes_from_clients_is_cleaned_in_refusals(text: str) -> None:
    detail = Rejection(422, f"body: {text} is odd").detail
    assert detail.isprintable()
    assert len(detail) < 500


# --- token --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def locked() -> Iterator[TestClient]:
    with TestClient(make_app(Standin(), Limits(decoders=1), TOKEN)) as client:
        yield client


@pytest.mark.parametrize(
    "given", [None, "", TOKEN, f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}", f"Basic {TOKEN}", "é"]
)
def test_without_the_token_nothing_is_told(locked: TestClient, given: str | None) -> None:
    headers = {} if given is None else {"authorization": given.encode("latin-1")}
    for path in ("/labels", "/metrics", "/docs", "/openapi.json", "/no/such/path"):
        answer = locked.get(path, headers=headers)
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
        assert list(answer.json()) == ["detail"]
    assert locked.post("/recognise", content=GOOD, headers=headers).status_code == 401


def test_with_the_token_all_is_told_and_health_needs_none(locked: TestClient) -> None:
    locked_headers = {"authorization": f"bearer {TOKEN}", "content-type": BINARY}
    assert locked.post("/recognise", content=GOOD, headers=locked_headers).status_code == 200
    described = locked.get("/openapi.json", headers=locked_headers).json()
    assert described["paths"]["/recognise"]["post"]["security"] == [{"HTTPBearer": []}]
    assert locked.get("/health").status_code == locked.get("/health/live").status_code == 200


def test_the_body_of_someone_without_the_token_is_not_read() -> None:
    async def main() -> Any:
        async with running(make_app(Standin(), Limits(decoders=1), TOKEN)) as app:
            return await ask(app, [GOOD])

    status, _, _, taken = asyncio.run(main())
    assert (status, taken) == (401, 0)
