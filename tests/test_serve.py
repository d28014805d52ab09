"""The service, asked in its own process: answers, refusals, limits, batches, token, metrics."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Iterator
from pathlib import Path
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
from signlet_testing.serving import (
    BINARY,
    JSON,
    SIGNS,
    Standin,
    as_json,
    as_npy,
    as_npz,
    as_parquet,
    ask,
    clip,
    running,
)

TOKEN = "a-token-for-the-tests"


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    limits = Limits(max_bytes=2 << 20, max_frames=40, decoders=1)
    app = make_app(Standin(), limits)
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


def post(client: TestClient, body: bytes, kind: str = BINARY, **more: Any) -> Any:
    return client.post("/recognise", content=body, headers={"content-type": kind}, **more)


# --- answers ------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["json", "npz", "npy", "parquet", "upload", "upload json"])
def test_every_form_of_a_clip_gets_the_recognisers_answer(
    client: TestClient, tmp_path: Path, form: str
) -> None:
    array = clip()
    if form == "json":
        answer = post(client, as_json(array), "application/json; charset=utf-8")
    elif form.startswith("upload"):
        content = as_npz(array) if form == "upload" else as_json(array)
        answer = client.post("/recognise", files={"clip": ("a.bin", content)})
    else:
        body = {"npz": as_npz, "npy": as_npy, "parquet": lambda a: as_parquet(a, tmp_path)}
        answer = post(client, body[form](array))
    assert answer.status_code == 200, answer.text
    said, expected = answer.json(), Standin().batch([array])[0]
    assert said["sign"] == said["likeliest"] == expected.sign == "line"
    assert said["confidence"] == pytest.approx(expected.confidence, abs=1e-5)
    assert [one["sign"] for one in said["top"]] == [sign for sign, _ in expected.top(3)]
    assert (said["frames"], said["together"]) == (10, 1)
    assert all(spent >= 0 for spent in said["timing"].values())


def test_a_clip_of_no_known_sign_is_answered_by_null(client: TestClient) -> None:
    said = post(client, as_npy(clip(12))).json()
    assert said["sign"] is None
    assert said["likeliest"] == "line"


def test_null_stands_for_a_point_or_a_coordinate_that_was_not_found(client: TestClient) -> None:
    import json

    point = [0.5, 0.25, None]
    others = np.linspace(0.1, 0.9, 3 * 541).reshape(541, 3).tolist()
    frames = [[None, point, *others] for _ in range(3)]
    expected = np.array([[[np.nan] * 3, [0.5, 0.25, np.nan], *others]] * 3)
    said = post(client, json.dumps({"landmarks": frames}).encode(), JSON).json()
    answer = Standin().batch([expected.astype(np.float32)])[0]
    assert said["confidence"] == pytest.approx(answer.confidence, abs=1e-6)


@pytest.mark.parametrize(("form", "kind"), [(as_json, JSON), (as_npz, BINARY), (as_npy, BINARY)])
def test_zeros_are_taken_as_not_found_and_the_answer_says_so(
    client: TestClient, form: Any, kind: str
) -> None:
    said = post(client, form(np.nan_to_num(clip())), kind).json()
    expected = post(client, as_npy(clip())).json()
    remark = "zeros taken as not found; write NaN where a point was not found"
    assert (said["remarks"], expected["remarks"]) == ([remark], [])
    assert said["top"] == expected["top"]


def test_top_says_how_many_signs_are_listed(client: TestClient) -> None:
    assert len(post(client, as_npy(clip()), params={"top": 2}).json()["top"]) == 2
    for wrong in ("0", "x", "-1", "1e9", "99999999999999999999"):
        answer = post(client, as_npy(clip()), params={"top": wrong})
        assert answer.status_code == 422
        assert answer.json()["detail"].startswith("query.top")


def test_labels_and_health(client: TestClient) -> None:
    assert client.get("/labels").json() == {"signs": list(SIGNS), "max_frames": 40}
    for path in ("/health", "/health/live"):
        answer = client.get(path)
        assert answer.status_code == 200
        assert answer.json()["live"] is answer.json()["ready"] is True


def test_the_page_loads_nothing_from_anywhere(client: TestClient) -> None:
    page = client.get("/docs")
    assert "POST /recognise" in page.text
    assert not re.search(r"<script|<link|<img|@import|url\(| src=", page.text)
    assert set(re.findall(r"https?://[^/\s<]+", page.text)) == {"http://testserver"}
    assert page.headers["content-security-policy"].startswith("default-src 'none'")
    assert client.get("/openapi.json").json()["paths"].keys() >= {"/recognise", "/labels"}


def test_metrics_count_answers_and_refusals(client: TestClient) -> None:
    def value(name: str) -> float:
        found = re.search(rf"^{re.escape(name)} (\S+)$", client.get("/metrics").text, re.MULTILINE)
        return float(found.group(1)) if found else 0.0

    good = 'signlet_requests_total{path="/recognise",status="200"}'
    bad = 'signlet_requests_total{path="/recognise",status="415"}'
    names = (good, bad, 'signlet_answers_total{answer="sign"}', "signlet_clip_frames_sum")
    before = [value(name) for name in names]
    post(client, as_npy(clip(9)))
    post(client, b"nothing")
    client.get("/no/such/path")
    assert [value(name) - then for name, then in zip(names, before, strict=True)] == [1, 1, 1, 9]
    assert 'path="/no/such/path"' not in client.get("/metrics").text


# --- refusals -----------------------------------------------------------------------------

GOOD = as_npy(clip())
REFUSED: list[tuple[str, bytes, str, int, str]] = [
    ("no type", GOOD, "", 415, "content type none"),
    ("text", GOOD, "text/plain", 415, "text/plain"),
    ("unknown bytes", b"\x01" * 99, BINARY, 415, "first bytes"),
    ("empty", b"", BINARY, 422, "empty"),
    ("empty json", b"", JSON, 422, "empty"),
    ("half json", as_json(clip())[:500], JSON, 400, "JSON"),
    ("deep json", b"[" * 10_000, JSON, 400, "recursion"),
    ("deep object", b'{"landmarks":' * 500, JSON, 422, "one object"),
    ("not utf-8", b'{"\xff": 1}', JSON, 400, "JSON"),
    ("a list", b"[1, 2]", JSON, 422, "object"),
    ("another key", b'{"clip": []}', JSON, 422, "landmarks"),
    ("no frames", b'{"landmarks": []}', JSON, 422, "0 frames"),
    ("few points", b'{"landmarks": [[[1, 2, 3]]]}', JSON, 422, "543"),
    ("two coordinates", b'{"landmarks": [[' + b"[1,2]," * 542 + b"[1,2]]]}", JSON, 422, "543"),
    ("text in it", b'{"landmarks": [[' + b'["1",2,3],' * 542 + b"[1,2,3]]]}", JSON, 422, "number"),
    ("NaN", b'{"landmarks": [[' + b"[NaN,2,3]," * 542 + b"[1,2,3]]]}", JSON, 422, "null"),
    ("1e999", b'{"landmarks": [[' + b"[1e999,2,3]," * 542 + b"[1,2,3]]]}", JSON, 422, "null"),
    ("1e39", b'{"landmarks": [[' + b"[1e39,2,3]," * 542 + b"[1,2,3]]]}", JSON, 422, "infinite"),
    ("many digits", b'{"landmarks": [[[' + b"9" * 9999 + b"]]]}", JSON, 400, "range"),
    ("nothing found", as_npy(np.full((3, 543, 3), np.nan)), BINARY, 422, "no landmark"),
    ("infinite", as_npy(np.full((3, 543, 3), np.inf)), BINARY, 422, "infinite"),
    ("wrong shape", as_npy(np.zeros((3, 21, 3))), BINARY, 422, "shape (3, 21, 3)"),
    ("no frames in npy", as_npy(np.zeros((0, 543, 3))), BINARY, 422, "0 frames"),
    ("text in npy", as_npy(np.full((3, 543, 3), "a")), BINARY, 422, "body: "),
    ("complex", as_npy(np.ones((3, 543, 3), complex)), BINARY, 422, "body: "),
    ("41 frames", as_npy(np.zeros((41, 543, 3), np.int8)), BINARY, 413, "41 frames"),
    ("41 frames of json", as_json(np.zeros((42, 543, 3))), JSON, 413, "40 frames"),
    ("5,000 frames", as_npz(np.zeros((5000, 543, 3), np.float32)), BINARY, 413, "40 frames"),
    ("many bytes", b"\x93NUMPY" + bytes(2 << 20), BINARY, 413, "bytes"),
    ("half npy", GOOD[:-100], BINARY, 422, "body: "),
    ("half npz", as_npz(clip())[:-100], BINARY, 422, "npz"),
    ("parquet by name only", b"PAR1" + bytes(200) + b"PAR1", BINARY, 422, "is damaged"),
    ("a form without boundary", b"x", "multipart/form-data", 400, "form"),
    ("a broken form", b"x", "multipart/form-data; boundary=a", 400, "form"),
    ("refused by the model", as_npy(clip(13)), BINARY, 422, "thirteen"),
    ("broken model", as_npy(clip(14)), BINARY, 500, "RuntimeError"),
]


@pytest.mark.parametrize(
    ("body", "kind", "status", "said"), [case[1:] for case in REFUSED], ids=[c[0] for c in REFUSED]
)
def test_what_is_wrong_is_refused_in_one_line(
    client: TestClient, body: bytes, kind: str, status: int, said: str
) -> None:
    answer = post(client, body, kind)
    detail = answer.json()["detail"]
    assert (answer.status_code, said in detail) == (status, True), detail
    assert answer.headers["content-type"] == "application/json"
    assert 0 < len(detail) < 400
    assert not re.search(r"\n|Traceback|/tmp|\.py|\.cc", detail)
    assert post(client, GOOD).status_code == 200


def test_forms_need_one_file(client: TestClient) -> None:
    two = [("a", ("a.npy", GOOD)), ("b", ("b.npy", GOOD))]
    assert client.post("/recognise", files=two).status_code == 422
    no_file = client.post("/recognise", files={"clip": (None, "text")})
    assert (no_file.status_code, "0 files" in no_file.text) == (422, True)


def test_packed_bodies_are_not_unpacked(client: TestClient) -> None:
    answer = client.post(
        "/recognise", content=GOOD, headers={"content-type": BINARY, "content-encoding": "gzip"}
    )
    assert (answer.status_code, "encoding" in answer.text) == (415, True)


def test_other_paths_and_methods_are_refused_as_json(client: TestClient) -> None:
    assert client.get("/../../etc/passwd").json() == {"detail": "Not Found"}
    assert client.get("/recognise").status_code == 405
    assert client.get("/labels/").status_code == 404
    assert client.post("/labels").json() == {"detail": "Method Not Allowed"}


@pytest.mark.parametrize(
    "wrong",
    [{"max_bytes": 0}, {"timeout": 0.0}, {"timeout": float("nan")}, {"max_frames": 10**9}],
)
def test_senseless_limits_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(SignletError, match=next(iter(wrong))):
        Limits(**wrong)


def test_the_models_own_limit_of_frames_counts() -> None:
    recogniser = Standin()
    recogniser.max_frames = 11
    with TestClient(make_app(recogniser, Limits(max_frames=40, decoders=1))) as client:
        assert client.get("/labels").json()["max_frames"] == 11
        assert post(client, as_npy(clip(11))).status_code == 200
        assert post(client, as_npy(clip(12))).status_code == 413


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

    async def ask_twice(app: Any) -> Any:
        late, dropped = await asyncio.gather(ask(app, [GOOD]), ask(app, [GOOD]))
        gate.set()
        return late[0], dropped[0], (await ask(app, [GOOD]))[0]

    recogniser = Standin(gate)
    assert serve(ask_twice, recogniser, timeout=1.0) == (504, 504, 200)
    assert sum(recogniser.sizes) == 2  # the one that waited was never recognised


def test_more_than_may_wait_are_told_to_come_back() -> None:
    gate = threading.Event()

    async def fill(app: Any) -> Any:
        running = [asyncio.create_task(ask(app, [GOOD])) for _ in range(2)]
        while TestClient(app).get("/health").json()["under_way"] < 2:
            await asyncio.sleep(0.01)
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
        while not recogniser.sizes:
            await asyncio.sleep(0.01)
        others = [asyncio.create_task(ask(app, [as_npy(clip(n))])) for n in lengths]
        while app.state.service.waiting() < len(lengths):
            await asyncio.sleep(0.01)
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
