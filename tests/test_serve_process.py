"""The service as a process: over real sockets, how it stops, and the command."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi")
pytest.importorskip("uvicorn")
pytest.importorskip("httpx")

import httpx

from signlet import SignletError
from signlet.cli.serve import TOKEN, read_token, run
from signlet_testing import PATIENCE, ROOT, importable
from signlet_testing.serving import BINARY, as_npy, clip

ENVIRONMENT = importable() | {"OMP_NUM_THREADS": "1"}
LAUNCH = "import sys; from signlet.cli.serve import run; run(sys.argv[1:])"


@contextmanager
def process(*command: str, **variables: str) -> Iterator[tuple[Any, str]]:
    """A server and its address, the first word with a colon that it prints."""
    server = subprocess.Popen(
        [sys.executable, *command],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=ENVIRONMENT | variables,
    )
    try:
        assert server.stdout
        line = server.stdout.readline()
        address = next((word.rstrip(";") for word in line.split() if "://" in word), "")
        assert address, server.communicate(timeout=PATIENCE)[1]
        yield server, address
    finally:
        server.kill()
        server.communicate()


def get(url: str) -> Any:
    return httpx.get(url, timeout=PATIENCE)


def post(address: str, frames: int, **headers: str) -> Any:
    headers = {"content-type": BINARY, **headers}
    body = as_npy(clip(frames))
    return httpx.post(f"{address}/recognise", content=body, headers=headers, timeout=PATIENCE)


def until(done: Any) -> None:
    end = time.monotonic() + PATIENCE
    while not done():
        assert time.monotonic() < end, "did not happen"
        time.sleep(0.02)


def standin(**given: Any) -> tuple[str, str]:
    return "-m", "signlet_testing.serve_standin", json.dumps(given)


def test_sigterm_answers_what_runs_and_what_waits_and_ends_with_0() -> None:
    with process(*standin(seconds=2)) as (server, address):
        post(address, 5)
        with ThreadPoolExecutor(5) as threads:
            asked = [threads.submit(post, address, 5 + n) for n in range(5)]
            health = f"{address}/health"
            until(lambda: get(health).json()["under_way"] == 5)
            server.send_signal(signal.SIGTERM)
            answers = [one.result() for one in asked]
        assert [answer.status_code for answer in answers] == [200] * 5
        assert [answer.json()["frames"] for answer in answers] == [5, 6, 7, 8, 9]
        assert server.wait(PATIENCE) == 0
        assert server.communicate()[0] == ""
        assert not httpx_reaches(address)


@contextmanager
def hanging(seconds: Any, **given: Any) -> Iterator[tuple[Any, str]]:
    """A service whose model hangs at one request."""
    with (
        ThreadPoolExecutor(1) as threads,
        process(*standin(seconds=seconds, **given)) as (server, address),
    ):
        threads.submit(quietly, post, address, 5)
        until(lambda: get(f"{address}/health").json()["under_way"] == 1)
        yield server, address
        server.kill()


def quietly(do: Any, *given: Any) -> None:
    with suppress(httpx.HTTPError):
        do(*given)


TERM, INT = signal.SIGTERM, signal.SIGINT


@pytest.mark.parametrize(
    ("seconds", "signals", "code"),
    [
        (1000, (TERM, TERM), 0),
        (1000, (INT, INT), 130),
        (1000, (TERM, INT), 130),
        ("busy", (TERM, TERM), 0),
    ],
)
def test_two_signals_end_it_although_the_model_hangs(
    seconds: Any, signals: tuple[signal.Signals, ...], code: int
) -> None:
    with hanging(seconds, drain=1000) as (server, address):
        for number in signals:
            assert server.poll() is None
            server.send_signal(number)
            until(lambda: not httpx_reaches(address))  # signals that come together are one
        assert server.wait(PATIENCE) == code
        assert "Traceback" not in server.communicate()[1]


@pytest.mark.parametrize("number", [TERM, INT])
def test_a_signal_while_it_starts_ends_it(number: signal.Signals) -> None:
    at_once = f"lambda _: os.kill(os.getpid(), {number.value})"
    code = "import os; from signlet.serve.app import make_app; from signlet.serve.server import "
    code += "run; from signlet_testing.serving import Standin; "
    code += f"run(make_app(Standin()), '127.0.0.1', 0, 20, announce={at_once})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, env=ENVIRONMENT)
    said = done.stderr.decode()
    if number == TERM:
        assert (done.returncode, said) == (0, "signlet: stopped\n")
    else:
        assert said.endswith("\nKeyboardInterrupt\n"), "the command line makes one line of it"


@pytest.mark.parametrize("number", [TERM, INT])
def test_one_signal_drains_for_a_bounded_time_although_the_model_hangs(number: Any) -> None:
    with hanging(1000, drain=0.5) as (server, _):
        server.send_signal(number)
        assert server.wait(PATIENCE) == (0 if number == TERM else 130)
        assert "Traceback" not in server.communicate()[1]


def half_open(port: int, count: int) -> list[socket.socket]:
    """Connections that have sent nothing, half a head, or half a body."""
    head = b"POST /recognise HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9999\r\n\r\n"
    chunked = head.replace(b"Content-Length: 9999", b"Transfer-Encoding: chunked") + b"9\r\nabc"
    sent = (b"", b"P", head[:40], head, head + bytes(5000), chunked)
    opened = []
    for number in range(count):
        opened.append(socket.create_connection(("127.0.0.1", port)))
        with suppress(OSError):
            opened[-1].sendall(sent[number % len(sent)])
    return opened


def closed(connection: socket.socket) -> bool:
    connection.settimeout(30)
    try:
        while connection.recv(1 << 16):
            pass
    except ConnectionError:
        pass
    return True


@pytest.mark.parametrize("limits", [{"max_connections": 30}, {"max_waiting": 2}])
def test_half_open_connections_take_no_place_of_others(limits: dict[str, int]) -> None:
    with process(*standin(limits=limits)) as (server, address):
        opened = half_open(int(address.rpartition(":")[2]), 200)
        for _ in range(10):
            assert post(address, 7).status_code == 200
        for one in opened:
            one.close()
        server.send_signal(TERM)
        assert server.wait(PATIENCE) == 0
        assert server.communicate() == ("", "signlet: stopped\n")


def test_connections_that_stay_silent_are_closed() -> None:
    given = standin(silent=1.0, limits={"stall_timeout": 1.0})
    with process(*given) as (_, address):
        opened = half_open(int(address.rpartition(":")[2]), 12)
        assert all(closed(one) for one in opened)
        assert post(address, 7).status_code == 200


def test_one_signal_ends_it_although_connections_are_half_open() -> None:
    with process(*standin(drain=0.5)) as (server, address):
        opened = half_open(int(address.rpartition(":")[2]), 60)
        post(address, 7)
        server.send_signal(TERM)
        assert server.wait(PATIENCE) == 0
        assert all(closed(one) for one in opened)
        assert "Traceback" not in server.communicate()[1]


ODD = [
    b"GET /labels?a=%1b[31m HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET /%1b%5b31m%0aINFO:%20all%20is%20well HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET /labels HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: \x9b31m\xe2\x80\xae\r\n\r\n",
    b"GET /labels HTTP/1.1\r\nHost: \x9b31m\r\nForwarded: for=\x85\r\n\r\n",
    b"GET /labels HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n",
    b"\x1b[31m /labels HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET /labels\x1b[31m HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"POST /recognise HTTP/1.1\r\nHost: a\r\nContent-Type: \x9b\xad/\x85\r\n"
    b"Content-Length: 1\r\n\r\nx",
    b"POST /recognise?\x1b=1 HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx",
    b"POST /recognise?top=%1b HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx",
    b"POST /recognise HTTP/1.1\r\nHost: a\r\nContent-Encoding: \x9b\r\nContent-Length: 1\r\n\r\nx",
]


def answered(port: int, raw: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port)) as one:
        one.sendall(raw)
        one.settimeout(30)
        return b"".join(iter(lambda: one.recv(1 << 16), b""))


def test_what_clients_send_is_printable_in_the_log_and_in_answers() -> None:
    with process(*standin(access_log=True, silent=2.0)) as (server, address):
        with ThreadPoolExecutor(len(ODD)) as threads:
            port = int(address.rpartition(":")[2])
            answers = list(threads.map(answered, [port] * len(ODD), ODD))
        server.send_signal(TERM)
        assert server.wait(PATIENCE) == 0
        lines = "".join(server.communicate()).splitlines()
    for said in answers:
        assert said.startswith(b"HTTP/1.1 ")
        text = json.loads(said.partition(b"\r\n\r\n")[2]) if b"/json" in said else {}
        assert str(text.get("detail", "")).isprintable()
    assert len(lines) < 4 * len(ODD)
    assert all(line.isprintable() for line in lines), lines
    assert not any("Traceback" in line or "all is well" in line[:12] for line in lines)


def httpx_reaches(address: str) -> bool:
    try:
        get(f"{address}/health")
    except httpx.TransportError:  # refused, or cut while it ends
        return False
    return True


def test_bodies_that_are_too_long_or_no_http_end_only_their_connection() -> None:
    with process(*standin()) as (server, address):
        port = int(address.rpartition(":")[2])
        said = httpx.post(f"{address}/recognise", content=bytes(40 << 20), timeout=PATIENCE)
        assert said.status_code == 413
        for raw in (b"\x00" * 100, b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 9999, b"POST /recognise"):
            with socket.create_connection(("127.0.0.1", port)) as connection:
                connection.sendall(raw)
        assert post(address, 7).json()["frames"] == 7
        assert server.poll() is None


def test_the_dockerfile_copies_what_is_there_and_its_health_check_tells_the_truth() -> None:
    text = (ROOT / "Dockerfile").read_text()
    copied = re.findall(r"^COPY (.*) \S+$", text, re.MULTILINE)
    assert all((ROOT / name).exists() for line in copied for name in line.split())
    assert re.search(r"^USER (?!root)\w+", text, re.MULTILINE)
    check = json.loads(re.search(r"CMD (\[\"python.*)$", text, re.MULTILINE).group(1))  # type: ignore[union-attr]

    def healthy(address: str) -> bool:
        code = check[2].replace("http://127.0.0.1:8000", address)
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=PATIENCE)
        return done.returncode == 0

    with process(*standin()) as (server, address):
        post(address, 7)  # it has started
        assert healthy(address)
        server.kill()
        server.wait()
        assert not healthy(address)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny untrained model that torch runs."""
    torch = pytest.importorskip("torch")
    from signlet.model import ModelConfig, SignModel
    from signlet.model.files import save_model

    torch.manual_seed(0)
    size = ModelConfig(dense=8, widths=(16, 16, 16, 16), heads=4, max_len=12, num_classes=3)
    folder = tmp_path_factory.mktemp("model")
    save_model(folder, [SignModel(size).eval()], ("circle", "line", "wave"), {})
    return folder


@pytest.mark.slow
def test_the_command_serves_a_model_to_who_has_the_token(model: Path) -> None:
    import signlet

    token, recogniser = "a-token-for-the-tests", signlet.load(model)
    command = ("-c", LAUNCH, str(model), "--port", "0", "--max-frames", "30", "--threads", "1")
    with process(*command, SIGNLET_TOKEN=token) as (server, address):
        assert address.startswith("http://127.0.0.1:")
        assert get(f"{address}/labels").status_code == 401
        lengths = (1, 2, 9, 17, 30)
        with ThreadPoolExecutor(5) as threads:
            headers = {"authorization": f"Bearer {token}"}
            asked = [threads.submit(post, address, n, **headers) for n in lengths]
            answers = [one.result().json() for one in asked]
        for answer, frames in zip(answers, lengths, strict=True):
            alone = recogniser(clip(frames))
            top = {one["sign"]: one["probability"] for one in answer["top"]}
            assert top == pytest.approx(dict(alone.top(3)), abs=1e-5)
        assert post(address, 31, **headers).status_code == 413
        server.send_signal(signal.SIGINT)
        server.wait(PATIENCE)
        assert not httpx_reaches(address)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere.onnx"], "nowhere.onnx: there is no such"),
        (["{model}", "--port", "70000"], "--port 70000"),
        (["{model}", "--port", "{taken}"], "cannot be opened"),
        (["{model}", "--host", "no.such.host.invalid"], "cannot be opened"),
        (["{model}", "--max_bytes", "0"], "--max_bytes 0"),
        (["{model}", "--threads", "-1"], "--threads -1"),
        (["{model}", "--token_file", "nowhere"], "nowhere: cannot be read"),
        (["{model}", "--prot", "1"], "did you mean --port?"),
    ],
)
def test_what_is_wrong_with_the_command_is_said(
    model: Path, arguments: list[str], said: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        places = {"model": str(model), "taken": taken.getsockname()[1]}
        with pytest.raises(SignletError) as caught:
            run([one.format(**places) for one in arguments])
    assert said in str(caught.value)


def test_tokens_are_read_from_a_file_or_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(TOKEN, raising=False)
    assert read_token(None) is None
    monkeypatch.setenv(TOKEN, "from-the-environment")
    assert read_token(None) == "from-the-environment"
    file = tmp_path / "token"
    file.write_text("from-the-file-of-it\n")
    assert read_token(str(file)) == "from-the-file-of-it"
    for wrong in (b"", b"short", b"two words of some length", b"\xff" * 20, b"a" * 9999):
        file.write_bytes(wrong)
        with pytest.raises(SignletError, match="token_file"):
            read_token(str(file))
    monkeypatch.setenv(TOKEN, "")
    with pytest.raises(SignletError, match=TOKEN):
        read_token(None)
