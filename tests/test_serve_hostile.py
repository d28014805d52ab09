"""Bodies made to hurt: bombs, pickles, lies, noise; processes that crash, hang or eat memory."""

from __future__ import annotations

import asyncio
import io
import os
import pickle
import signal
import struct
import subprocess
import sys
import tempfile
import tracemalloc
import zipfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

pytest.importorskip("pydantic")
pytest.importorskip("python_multipart")

from signlet.serve.child import ANSWER, QUESTION, READY
from signlet.serve.decode import decode
from signlet.serve.decoder import Decoder
from signlet.serve.decoders import Decoders
from signlet.serve.limits import Limits
from signlet.serve.rejection import Rejection
from signlet_testing.serving import BINARY, JSON, as_json, as_npy, as_npz, as_parquet, clip

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


def archive(data: bytes, name: str = "landmarks.npy", how: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", how) as out:
        out.writestr(name, data)
    return file.getvalue()


def npy(shape: str, descr: str = "'<f4'", data: bytes = b"") -> bytes:
    header = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}}}".encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + data


# --- bombs --------------------------------------------------------------------------------


def test_a_bomb_is_refused_before_it_is_unpacked() -> None:
    bomb = archive(as_npy(np.zeros((6000, 543, 3), np.float32)))
    assert len(bomb) < 1 << 20
    tracemalloc.start()
    refused = refusal(bomb)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert refused.status == 413
    assert peak < 4 << 20  # of 39 MB


def test_a_bomb_that_lies_about_its_size_is_refused() -> None:
    bomb = bytearray(archive(as_npy(np.zeros((6000, 543, 3), np.float32))))
    place = bomb.index(b"PK\x01\x02") + 24
    bomb[place : place + 4] = struct.pack("<I", FEW * 543 * 12 + 128)
    assert refusal(bytes(bomb)).status == 422


@pytest.mark.parametrize("how", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_packings_without_bound_are_refused(how: int) -> None:
    assert "numpy.savez" in refusal(archive(as_npy(clip(3)), how=how)).detail


def test_an_archive_of_many_files_is_refused() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as out:
        for number in range(1000):
            out.writestr(str(number), b"")
    assert "many files" in refusal(file.getvalue()).detail


@pytest.mark.parametrize("shape", ["(99999999999, 543, 3)", "(9999999, 543, 3)", "(-1, 543, 3)"])
@pytest.mark.parametrize("packed", [False, True])
def test_a_header_that_promises_too_much_is_refused(shape: str, packed: bool) -> None:
    body = npy(shape, data=bytes(100))
    assert refusal(archive(body) if packed else body).status in (413, 422)


@pytest.mark.parametrize(
    "body", [b"[" * 999_999, b'{"a":' * 999_999, b"[[]," * 999_999, b"1" * 999_999, b"[,"]
)
def test_hostile_json_takes_little_memory(body: bytes) -> None:
    tracemalloc.start()
    refusal(body, JSON)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 << 20


# --- code and files -------------------------------------------------------------------------


class Harm:
    """Unpickling this makes a folder."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.path),)


def test_nothing_is_unpickled(tmp_path: Path) -> None:
    harm = pickle.dumps(Harm(tmp_path / "harm"))
    objects = npy("(1,)", "'|O'", harm)
    as_object = io.BytesIO()
    np.save(as_object, np.array([Harm(tmp_path / "harm")], object), allow_pickle=True)
    for body in (objects, archive(objects), as_object.getvalue(), archive(as_object.getvalue())):
        assert refusal(body).status == 422
    assert refusal(harm).status == 415
    assert not (tmp_path / "harm").exists()


def test_a_name_in_an_archive_or_a_form_is_no_path(tmp_path: Path) -> None:
    (tmp_path / "landmarks.npy").write_bytes(as_npy(clip(3)))
    for name in (str(tmp_path / "landmarks.npy"), "../../landmarks.npy", "/etc/passwd"):
        assert refusal(archive(b"nothing", name)).status == 422
        form = (
            f'--b\r\nContent-Disposition: form-data; name="clip"; filename="{name}"\r\n\r\n'
        ).encode()
        kind = "multipart/form-data; boundary=b"
        assert refusal(form + b"nothing\r\n--b--\r\n", kind).status == 415
        found = decode(form + as_npy(clip(3)) + b"\r\n--b--\r\n", kind, FEW)
        assert np.array_equal(found.frames, clip(3), equal_nan=True)


# --- noise --------------------------------------------------------------------------------

VALID = {
    "npy": (as_npy(clip(3)), BINARY),
    "npz": (as_npz(clip(2)), BINARY),
    "json": (as_json(clip(1)), JSON),
}
_SLOW = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))


def tried(body: bytes, kind: str) -> None:
    """Landmarks or a refusal, and nothing else."""
    try:
        found = decode(body, kind, FEW).frames
    except Rejection as refused:
        check(refused)
    else:
        assert found.dtype == np.float32
        assert found.shape[1:] == (543, 3)
        assert 1 <= len(found) <= FEW


@_SLOW
@given(
    start=st.sampled_from([b"", b"PK\x03\x04", b"PK\x05\x06", b"\x93NUMPY\x01\x00", b'{"', b"[["]),
    noise=st.binary(max_size=400),
    kind=st.sampled_from([BINARY, JSON, "multipart/form-data; boundary=a", "", "a/b"]),
)
def test_noise_is_refused(start: bytes, noise: bytes, kind: str) -> None:
    tried(start + noise, kind)


@_SLOW
@given(
    form=st.sampled_from(sorted(VALID)),
    changes=st.lists(st.tuples(st.floats(0, 1), st.binary(max_size=4)), min_size=1, max_size=4),
    cut=st.floats(0.5, 1),
    head=st.booleans(),
)
def test_damaged_clips_are_read_or_refused(
    form: str, changes: list[tuple[float, bytes]], cut: float, head: bool
) -> None:
    body, kind = VALID[form]
    damaged = bytearray(body)
    for where, noise in changes:
        place = int(where * (200 if head else len(damaged)))
        damaged[place : place + len(noise)] = noise
    tried(bytes(damaged[: int(len(damaged) * cut)]), kind)


_ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=30,
)


@_SLOW
@given(value=_ANY, inside=st.booleans())
def test_any_json_is_read_or_refused(value: Any, inside: bool) -> None:
    import json

    tried(json.dumps({"landmarks": value} if inside else value).encode(), JSON)


@_SLOW
@given(
    number=st.sampled_from(["1e400", "-1e39", "1e38", "0.1e-999", "1E+2", "null", "true", '"1"']),
    place=st.integers(0, 3 * 543 - 1),
)
def test_odd_numbers_are_read_or_refused(number: str, place: int) -> None:
    values = ["0.5"] * (3 * 543)
    values[place] = number
    points = ",".join(f"[{','.join(values[i : i + 3])}]" for i in range(0, len(values), 3))
    tried(f'{{"landmarks": [[{points}]]}}'.encode(), JSON)


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
    assert (refused.status, "ended the process" in refused.detail) == (422, True)


@LINUX
def test_a_process_that_hangs_or_dies_idle_is_replaced() -> None:
    lost: list[int] = []

    async def do(decoders: Decoders) -> Any:
        hung = process_of(decoders)
        os.kill(hung, signal.SIGSTOP)
        with pytest.raises(Rejection, match="too long"):
            await decoders.decode(bytearray(as_npy(clip(2))), BINARY)
        assert len((await decoders.decode(bytearray(as_npy(clip(3))), BINARY)).frames) == 3
        assert process_of(decoders) != hung
        assert len(lost) == 1
        for pause in (0, 0.2):  # it may not be known yet that it has ended
            os.kill(process_of(decoders), signal.SIGKILL)
            await asyncio.sleep(pause)
            assert len((await decoders.decode(bytearray(as_npy(clip(4))), BINARY)).frames) == 4

    with_decoders(do, lambda: lost.append(1), decode_timeout=1.0)


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
    said = subprocess.run(command, input=asked, capture_output=True, timeout=60, check=True).stdout
    assert said.startswith(READY)
    said, answers = said[len(READY) :], []
    while said:
        status, text, landmarks = ANSWER.unpack_from(said)
        length = text + landmarks
        answers.append((status, said[ANSWER.size : ANSWER.size + length]))
        said = said[ANSWER.size + length :]
    return answers
