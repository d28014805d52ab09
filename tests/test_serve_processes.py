"""Processes that crash, hang or eat memory harm no other request."""

from __future__ import annotations

import asyncio
import io
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from signlet_testing import PATIENCE

pytest.importorskip("pydantic")
pytest.importorskip("python_multipart")

from signlet.serve.child import ANSWER, QUESTION, READY
from signlet.serve.decoder import Decoder
from signlet.serve.decoders import Decoders
from signlet.serve.limits import Limits
from signlet.serve.rejection import Rejection
from signlet_testing.hostile_bodies import FEW, check, refusal
from signlet_testing.serving import BINARY, as_npy, as_parquet, clip, let_pass, until

# --- processes ----------------------------------------------------------------------------


def with_decoders(
    do: Callable[[Decoders], Awaitable[Any]], lost: Callable[[], None], **limits: Any
) -> Any:
    async def main() -> Any:
        decoders = Decoders(Limits(decoders=1, max_frames=FEW, **limits), lost)
        await decoders.start()
        try:
            return await do(decoders)
        finally:
            await decoders.stop()

    return asyncio.run(main())


def process_of(decoders: Decoders) -> int:
    (process,) = decoders._idle._queue  # type: ignore[attr-defined]
    return int(process.pid)


LINUX = pytest.mark.skipif(sys.platform != "linux", reason="ends processes by signals")


@pytest.fixture
def ends(monkeypatch: pytest.MonkeyPatch) -> list[signal.Signals]:
    """Signals that end the next processes, one each, while they read a body."""
    left: list[signal.Signals] = []
    ask = Decoder.ask

    def end(pid: int, how: signal.Signals) -> None:
        os.kill(pid, how)
        os.kill(pid, signal.SIGCONT)

    async def asked(self: Decoder, body: bytearray, content_type: str) -> Any:
        if left:
            os.kill(self.pid, signal.SIGSTOP)
            asyncio.get_running_loop().call_later(0.05, end, self.pid, left.pop())
        return await ask(self, body, content_type)

    monkeypatch.setattr(Decoder, "ask", asked)
    return left


async def said_of(decoders: Decoders, frames: int) -> Any:
    """Frames of a good body, or its refusal."""
    try:
        return len((await decoders.decode(bytearray(as_npy(clip(frames))), BINARY)).frames)
    except Rejection as refused:
        check(refused, 503)
        return refused


@LINUX
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGHUP, signal.SIGXCPU])
def test_a_process_that_is_killed_from_outside_is_no_fault_of_the_clip(how: Any, ends: Any) -> None:
    lost: list[int] = []

    async def do(decoders: Decoders) -> list[Any]:
        said = []
        for times in (1, 2, 0):
            ends.extend([how] * times)
            said.append(await said_of(decoders, 3))
        return said

    once, twice, then = with_decoders(do, lambda: lost.append(1))
    assert (once, then, len(lost)) == (3, 3, 3)
    assert (twice.status, twice.headers["Retry-After"]) == (503, "1")
    assert "try again" in twice.detail


@LINUX
@pytest.mark.parametrize("how", [signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS])
def test_a_body_that_crashes_its_process_is_refused(how: Any, ends: Any) -> None:
    ends.append(how)
    refused = with_decoders(lambda decoders: said_of(decoders, 3), lambda: None)
    assert (refused.status, "crashed the process" in refused.detail) == (422, True)


@LINUX
def test_a_process_that_hangs_or_dies_idle_is_replaced() -> None:
    lost: list[int] = []

    async def do(decoders: Decoders) -> Any:
        hung = process_of(decoders)
        os.kill(hung, signal.SIGSTOP)
        asked = asyncio.create_task(decoders.decode(bytearray(as_npy(clip(2))), BINARY))
        await until(decoders._idle.empty)  # it has the body
        let_pass(61)
        with pytest.raises(Rejection, match="too long"):
            await asked
        assert len((await decoders.decode(bytearray(as_npy(clip(3))), BINARY)).frames) == 3
        assert process_of(decoders) != hung
        assert len(lost) == 1
        for pause in (0, 0.2):  # it may not be known yet that it has ended
            os.kill(process_of(decoders), signal.SIGKILL)
            await asyncio.sleep(pause)
            assert len((await decoders.decode(bytearray(as_npy(clip(4))), BINARY)).frames) == 4

    with_decoders(do, lambda: lost.append(1), decode_timeout=60)


@LINUX
def test_processes_that_cannot_be_started_are_no_fault_of_the_clip(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def do(decoders: Decoders) -> Any:
        os.kill(process_of(decoders), signal.SIGKILL)
        await asyncio.sleep(0.2)
        with monkeypatch.context() as broken:
            broken.setattr(sys, "executable", "/no/such/python")
            with pytest.raises(Rejection) as caught:
                await decoders.decode(bytearray(as_npy(clip(2))), BINARY)
        return caught.value, len((await decoders.decode(bytearray(as_npy(clip(2))), BINARY)).frames)

    refused, then = with_decoders(do, lambda: None)
    assert (refused.status, then) == (503, 2)


@LINUX
def test_processes_leave_no_file_behind_however_they_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ends: Any
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    async def do(decoders: Decoders) -> None:
        for how in ([], [signal.SIGKILL], [signal.SIGSEGV]):
            for folder in tmp_path.iterdir():
                (folder / "left.parquet").write_bytes(b"x")
            ends.extend(how)
            await said_of(decoders, 3)
        assert not list(tmp_path.glob("*/left.parquet"))

    with_decoders(do, lambda: None)
    assert not list(tmp_path.iterdir())


@LINUX
def test_no_room_for_temporary_files_is_no_fault_of_the_clip(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    refused = refusal(as_npy(clip(2)), BINARY, 503)
    assert (refused.status, "temporary folder" in refused.detail) == (503, True)


def test_a_request_that_is_given_up_leaves_no_answer_to_the_next() -> None:
    async def do(decoders: Decoders) -> int:
        asked = asyncio.create_task(decoders.decode(bytearray(as_npy(clip(2))), BINARY))
        await asyncio.sleep(0)
        asked.cancel()
        await asyncio.gather(asked, return_exceptions=True)
        return len((await decoders.decode(bytearray(as_npy(clip(5))), BINARY)).frames)

    assert with_decoders(do, lambda: None) == 5


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def _damage(data: st.DataObject, bodies: list[bytes], body: bytes) -> None:
    damaged = bytearray(body)
    for _ in range(data.draw(st.integers(1, 3))):
        # Half of the changes hit the footer, which is what readers trust.
        end = data.draw(st.booleans())
        place = data.draw(st.integers(1, 1500 if end else len(body)))
        damaged[-place] = data.draw(st.integers(0, 255))
    bodies.append(bytes(damaged))


def test_damaged_parquet_harms_no_other_request(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    whole, bodies = as_parquet(clip(3), tmp_path), []  # type: tuple[bytes, list[bytes]]
    _damage(bodies=bodies, body=whole)

    async def do(decoders: Decoders) -> None:
        for body in bodies:
            try:
                found = await decoders.decode(bytearray(body), BINARY)
                assert found.frames.shape[1:] == (543, 3)
            except Rejection as refused:
                check(refused)
        assert len((await decoders.decode(bytearray(whole), BINARY)).frames) == 3

    with_decoders(do, lambda: None)


def test_parquet_of_many_rows_is_refused_unread() -> None:
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    rows = 3_000_000
    zeros = pa.array(np.zeros(rows, np.int8))
    file = io.BytesIO()
    names = ["frame", "type", "landmark_index", "x", "y", "z"]
    pq.write_table(pa.table(dict.fromkeys(names, zeros)), file)
    assert len(file.getvalue()) < 1 << 17
    refused = refusal(file.getvalue())
    assert (refused.status, f"{rows} rows" in refused.detail) == (413, True)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux bounds a process's memory")
def test_a_body_cannot_take_more_memory_than_it_may() -> None:
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    text, file = "a" * (100 << 20), io.BytesIO()
    columns = {name: pa.array([0.0]) for name in ("x", "y", "z")}
    columns |= {name: pa.array([0]) for name in ("frame", "landmark_index")}
    table = pa.table(columns | {"type": pa.array([text])})
    pq.write_table(table, file, compression="zstd", write_statistics=False)
    assert len(file.getvalue()) < 1 << 20
    answers = child([file.getvalue(), as_npy(clip(2))], memory=48 << 20)
    assert answers[0][0] in (413, 422)
    assert answers[1][0] == 200


def child(bodies: list[bytes], memory: int) -> list[tuple[int, bytes]]:
    """What the process that reads clips says to bodies, one after the other."""
    asked = b"".join(QUESTION.pack(len(BINARY), len(b)) + BINARY.encode() + b for b in bodies)
    command = [sys.executable, "-m", "signlet.serve.child", str(FEW), str(memory)]
    said = subprocess.run(
        command, input=asked, capture_output=True, timeout=PATIENCE, check=True
    ).stdout
    assert said.startswith(READY)
    said, answers = said[len(READY) :], []
    while said:
        status, text, landmarks = ANSWER.unpack_from(said)
        length = text + landmarks
        answers.append((status, said[ANSWER.size : ANSWER.size + length]))
        said = said[ANSWER.size + length :]
    return answers
