"""Under which names the service may be asked: DNS rebinding, pages of others, websockets."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("fastapi")
pytest.importorskip("httpx")

from fastapi.testclient import TestClient
from starlette.datastructures import Headers

from signlet import SignletError
from signlet.cli.serve import _hosts
from signlet.serve.app import make_app
from signlet.serve.hosts import Hosts
from signlet.serve.limits import Limits
from signlet_testing.serving import BINARY, Standin, as_npy, clip

OURS = [
    "localhost",
    "LOCALHOST:8000",
    "localhost.",
    "127.0.0.1",
    "127.0.0.1:8000",
    "127.1.2.3:80",
    "[::1]",
    "[::1]:8000",
    "signs.example.org",
    "Signs.Example.org.:443",
    "schilder-müller.de".encode("idna").decode(),
]
FOREIGN = [
    "evil.example",
    "evil.example:8000",
    "localhost.evil.example",
    "127.0.0.1.evil.example",
    "evil.example.localhost",
    "signs.example.org.evil.example",
    "evil.signs.example.org",
    "localhost@evil.example",
    "evil.example#localhost",
    "evil.example/localhost",
    "127.0.0.1:8000.evil.example",
    "192.168.1.2",
    "0.0.0.0",
    "[::1",
    "[::1].evil.example",
    "",
    ":8000",
    "\x1b[31mlocalhost",
]


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    hosts = ["127.0.0.1", "signs.example.org", "schilder-müller.de"]
    with TestClient(make_app(Standin(), Limits(decoders=1), hosts=hosts)) as client:
        yield client


def statuses(client: TestClient, **headers: str) -> set[int]:
    """Of all paths, asked with these headers."""
    head = {"host": "localhost", **headers, "content-type": BINARY}
    sent: dict[str | bytes, Any] = {k: v.encode("latin-1") for k, v in head.items()}
    paths = ("/labels", "/health", "/health/live", "/metrics", "/docs", "/openapi.json")
    answers = [client.get(path, headers=sent) for path in paths]
    answers.append(client.post("/recognise", content=as_npy(clip()), headers=sent))
    for answer in answers:
        if answer.status_code == 403:
            assert answer.json()["detail"].isprintable()
            assert "--allow_host" in answer.json()["detail"]
    return {answer.status_code for answer in answers}


@pytest.mark.parametrize("host", OURS)
def test_the_machines_own_names_and_those_that_are_allowed_are_answered(
    client: TestClient, host: str
) -> None:
    assert statuses(client, host=host) == {200}
    assert statuses(client, origin=f"http://{host}") == {200}
    assert statuses(client, origin=f"https://{host}") == {200}


@pytest.mark.parametrize("host", FOREIGN)
def test_other_names_are_refused_on_every_path(client: TestClient, host: str) -> None:
    assert statuses(client, host=host) == {403}
    assert statuses(client, origin=f"http://{host}") == {403}


@pytest.mark.parametrize("origin", ["null", "file://", "chrome-extension://abc", "http://", "a b"])
def test_pages_without_a_name_of_ours_are_refused(client: TestClient, origin: str) -> None:
    assert statuses(client, origin=origin) == {403}


def test_two_hosts_in_one_request_are_not_taken_for_one() -> None:
    hosts = Hosts(["127.0.0.1"])
    for names in (["localhost", "evil.example"], ["evil.example", "localhost"]):
        raw = [(b"host", name.encode()) for name in names]
        assert hosts.refusal(Headers(raw=raw)) is not None
    assert hosts.refusal(Headers(raw=[])) is None  # of HTTP/1.0; browsers always name one


@pytest.mark.parametrize("name", ["host", "origin"])
def test_websockets_are_checked_too(client: TestClient, name: str) -> None:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    headers = [(b"host", b"localhost"), (name.encode(), b"http://evil.example")]
    scope = {"type": "websocket", "path": "/live", "headers": headers, "query_string": b""}
    asyncio.run(client.app(scope, receive, send))  # type: ignore[arg-type]
    assert sent == [{"type": "websocket.close", "code": 1008}]


def test_without_names_every_host_is_answered() -> None:
    with TestClient(make_app(Standin(), Limits(decoders=1))) as client:
        assert client.get("/labels", headers={"host": "evil.example"}).status_code == 200


@pytest.mark.parametrize(
    ("host", "allowed", "checked"),
    [
        ("127.0.0.1", [], True),
        ("localhost", [], True),
        ("::1", [], True),
        ("0.0.0.0", [], False),
        ("0.0.0.0", ["signs.example.org"], True),
        ("192.168.1.2", ["2001:db8::1"], True),
    ],
)
def test_the_command_checks_names_where_it_listens_on_this_machine_only(
    host: str, allowed: list[str], checked: bool
) -> None:
    found = _hosts(host, allowed)
    assert found == ([host, *allowed] if checked else None)


@pytest.mark.parametrize("name", ["http://a.b", "a.b:80", "a.b/c", "", "*", "a b", "\x1b[m", "a:"])
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(SignletError, match="--allow_host"):
        _hosts("127.0.0.1", [name])
