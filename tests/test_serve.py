"""The service, asked in its own process: answers and refusals."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("fastapi")
pytest.importorskip("prometheus_client")
pytest.importorskip("httpx")

from fastapi.testclient import TestClient

from signlet import SignletError
from signlet.landmarks import RIGHT_HAND
from signlet.serve.app import make_app
from signlet.serve.limits import Limits
from signlet_testing.service import GOOD, client
from signlet_testing.serving import (
    BINARY,
    JSON,
    SIGNS,
    Standin,
    as_json,
    as_npy,
    as_npz,
    as_parquet,
    clip,
)

__all__ = ["client"]


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
    remark = "zeros treated as not found; write NaN where a point was not found"
    assert (said["remarks"], expected["remarks"]) == ([remark], [])
    assert said["top"] == expected["top"]


def test_an_answer_for_a_clip_without_hands_says_that_it_means_nothing(client: TestClient) -> None:
    handless = clip()
    handless[:, RIGHT_HAND] = np.nan
    for body, kind in ((as_npy(handless), BINARY), (as_json(handless), JSON)):
        said = post(client, body, kind).json()
        (remark,) = said["remarks"]
        assert remark.startswith("no hand was found in any frame, so the answer means nothing; ")


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
    ("an invalid form", b"x", "multipart/form-data; boundary=a", 400, "form"),
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
