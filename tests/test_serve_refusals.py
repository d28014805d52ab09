"""What a client is told whose body, address or head is none: the problem and the remedy."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator

import numpy as np
import pytest

pytest.importorskip("fastapi")
pytest.importorskip("uvicorn")
pytest.importorskip("prometheus_client")
pytest.importorskip("httpx")

from fastapi.testclient import TestClient

from signlet.meaning.faults import BEYOND, PIXELS
from signlet.meaning.units import scale
from signlet.serve.app import make_app
from signlet.serve.limits import Limits
from signlet_testing.serving import BINARY, JSON, Standin, as_json, as_npy, as_npz, clip
from test_serve_process import answered, process, standin

MOST = 40
CURL = "application/x-www-form-urlencoded"
GOOD, GOOD_JSON = as_npy(clip()), as_json(clip(2))
MP4 = b"\x00\x00\x00\x20ftypisom\x00\x00\x02\x00isomiso2avc1mp41" + bytes(99)
AVI = b"RIFF\x00\x01\x00\x00AVI LIST" + bytes(99)


def twice(first: bytes, second: bytes) -> bytes:
    return b"{" + first + b": " + GOOD_JSON[14:-1] + b", " + second + b": []}"


def wide() -> bytes:
    file = io.BytesIO()
    np.savez_compressed(file, landmarks=clip(3), more=np.zeros(9_000_000))
    return file.getvalue()


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    app = make_app(Standin(), Limits(max_frames=MOST, decoders=1))
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


KINDS = ("", CURL, "text/plain", "application/x-unknown")
REFUSED: list[tuple[str, bytes, str, int, str]] = [
    *((f"empty {kind}", b"", kind, 422, "body: is empty; send a clip") for kind in (*KINDS, JSON)),
    ("an empty form", b"", "multipart/form-data; boundary=a", 422, "body: is empty"),
    ("more arrays", wide(), BINARY, 413, f"body: unpacks to more than a clip of {MOST} frames"),
    (
        "many numbers",
        b'{"landmarks": [' + b"1," * 99_999 + b"1]}",
        JSON,
        413,
        f"body: holds more numbers than a clip of {MOST} frames",
    ),
    ("no frames", as_npy(np.zeros((0, 543, 3))), BINARY, 422, f"1 to {MOST} are allowed;"),
    ("no frames, npz", as_npz(np.zeros((0, 543, 3))), BINARY, 422, f"1 to {MOST} are allowed;"),
    ("no frames, json", b'{"landmarks": []}', JSON, 422, f"1 to {MOST} are allowed;"),
    (
        "mp4",
        MP4,
        BINARY,
        415,
        "is a video, but this service reads landmarks; run signlet extract FILE",
    ),
    ("mp4 by curl", MP4, CURL, 415, "is a video"),
    ("mp4 by type", MP4, "video/mp4", 415, "is a video"),
    ("avi", AVI, BINARY, 415, "is a video"),
    ("webm", b"\x1aE\xdf\xa3" + bytes(99), "video/webm", 415, "is a video"),
    ("jpeg", b"\xff\xd8\xff\xe0" + bytes(99), "image/jpeg", 415, "is a JPEG picture, not a clip"),
    ("pdf", b"%PDF-1.7" + bytes(99), BINARY, 415, "is a PDF, not a clip"),
    ("gzip", b"\x1f\x8b" + bytes(99), BINARY, 415, "is a gzip archive"),
    (
        "pose 0.2",
        b"\xcd\xcc\x4c\x3e\xf4\x01" + bytes(99),
        BINARY,
        415,
        ".pose file, which this service does not read",
    ),
    ("pose 0.1", b"\xcd\xcc\xcc\x3d\xf4\x01" + bytes(99), "", 415, "signlet convert FILE clip.npz"),
    *(
        (f"npy as {kind}", GOOD, kind, 415, '"Content-Type: application/octet-stream"')
        for kind in KINDS
    ),
    *((f"curl -F for {kind}", as_npz(clip()), kind, 415, "-F clip=@FILE") for kind in KINDS),
    *(
        (f"json as {kind}", GOOD_JSON, kind, 415, '-H "Content-Type: application/json"')
        for kind in (*KINDS, BINARY)
    ),
    ("csv", b"x,y,z\n1,2,3\n", BINARY, 415, "signlet convert FILE clip.npz"),
    ("key twice", twice(b'"landmarks"', b'"landmarks"'), JSON, 422, "'landmarks' twice"),
    ("escaped", twice(b'"landmarks"', b'"landmark\\u0073"'), JSON, 422, "'landmarks' twice"),
    ("both empty", b'{"landmarks":[],"landmarks":[]}', JSON, 422, "'landmarks' twice"),
]


@pytest.mark.parametrize(
    ("body", "kind", "status", "said"), [case[1:] for case in REFUSED], ids=[c[0] for c in REFUSED]
)
def test_a_body_that_is_no_clip_is_told_what_to_send(
    client: TestClient, body: bytes, kind: str, status: int, said: str
) -> None:
    answer = client.post("/recognise", content=body, headers={"content-type": kind})
    assert answer.status_code == status, answer.text
    assert said in answer.json()["detail"]
    assert "20000" not in answer.text
    assert "20,000" not in answer.text


def test_an_empty_file_in_a_form_is_empty(client: TestClient) -> None:
    answer = client.post("/recognise", files={"clip": ("a.npz", b"")})
    assert (answer.status_code, "body: is empty" in answer.text) == (422, True), answer.text


# --- addresses ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("topp=2", "query parameter topp: is unknown here; did you mean top?"),
        ("Top=2", "query parameter Top: is unknown here; did you mean top?"),
        ("top=2&n=3", "query parameter n: is unknown here; there is top"),
        ("top=3&top=4", "query parameter top: is given twice; give it once"),
        ("top=3&top=3", "query parameter top: is given twice; give it once"),
        ("top", "query"),
        ("=2", "query parameter : is unknown here"),
        ("%1b[2J=2", "is unknown here"),
    ],
)
def test_a_query_is_taken_at_its_word_or_refused(client: TestClient, query: str, said: str) -> None:
    answer = client.post(f"/recognise?{query}", content=GOOD, headers={"content-type": BINARY})
    assert answer.status_code == 422, answer.text
    assert said in answer.json()["detail"]
    assert answer.json()["detail"].isprintable()


def test_labels_take_no_query_and_health_any(client: TestClient) -> None:
    refused = client.get("/labels?top=2")
    assert refused.json() == {"detail": "query parameter top: is unknown here; leave it out"}
    assert client.get("/health?time=1").status_code == 200


@pytest.mark.parametrize("path", ["/health", "/health/live", "/labels", "/metrics", "/docs"])
def test_head_is_answered_as_get_without_the_body(client: TestClient, path: str) -> None:
    asked, alone = client.get(path), client.head(path)
    assert (alone.status_code, alone.content) == (200, b"")
    assert alone.headers["content-type"] == asked.headers["content-type"]
    assert client.head("/recognise").status_code == 405
    assert client.head("/nothing").status_code == 404


# --- heads --------------------------------------------------------------------------------

NO_HTTP = [
    (b"GET /health HTTP/1.1\r\n\r\n", "Host header"),
    (b"GET /health HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n", "Host header"),
    (b"GET /hea lth HTTP/1.1\r\nHost: localhost\r\n\r\n", "HTTP/1.1"),
    (b"hello\r\n\r\n", "HTTP/1.1"),
    (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", "HTTP/1.1"),
]


def test_what_is_no_http_gets_an_answer_like_all_others() -> None:
    with process(*standin()) as (_, address):
        port = int(address.rpartition(":")[2])
        for raw, said in NO_HTTP:
            head, _, body = answered(port, raw).partition(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 400 "), raw
            assert b"content-type: application/json" in head.lower()
            assert said in json.loads(body)["detail"]
        whole = b"HEAD /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        head, _, body = answered(port, whole).partition(b"\r\n\r\n")
        assert (head[:12], body) == (b"HTTP/1.1 200", b"")


def test_a_clip_with_a_name_in_the_form_is_still_taken(client: TestClient) -> None:
    for body in (GOOD, GOOD_JSON, as_npz(clip())):
        answer = client.post("/recognise?top=1", files={"clip": ("gsg_R.npz", body)})
        assert answer.status_code == 200, answer.text
        assert len(answer.json()["top"]) == 1


@pytest.mark.parametrize("times", [300, 9e4, 1e6, 1e30])
def test_numbers_beyond_any_measure_are_not_taken_for_pixels(times: float) -> None:
    found = list(scale(clip() * np.float32(times)))
    assert found == [PIXELS if times < 1e5 else BEYOND]


def test_the_answer_says_so(client: TestClient) -> None:
    body = as_npy(clip() * np.float32(1e30))
    answer = client.post("/recognise", content=body, headers={"content-type": BINARY}).json()
    assert BEYOND.phrase in answer["remarks"]
    assert PIXELS.phrase not in answer["remarks"]
