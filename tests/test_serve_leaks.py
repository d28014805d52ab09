"""Nothing is kept of a request, in the service and in the processes that read clips."""

from __future__ import annotations

import asyncio
import gc
import sys
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("fastapi")
pytest.importorskip("python_multipart")

from signlet.serve.app import make_app
from signlet.serve.child import answer_all
from signlet.serve.decode import decode
from signlet.serve.decoder import Decoder
from signlet.serve.limits import Limits
from signlet.serve.rejection import Rejection
from signlet_testing.serving import (
    BINARY,
    JSON,
    Standin,
    as_form,
    as_json,
    as_npy,
    as_npz,
    as_parquet,
    ask,
    clip,
    running,
)

MANY = 30
FRAMES = 160
"""Of a clip of a megabyte."""
WHOLE = clip(FRAMES)
FORMS: dict[str, Callable[[Path], tuple[bytes, str]]] = {
    "npy": lambda _: (as_npy(WHOLE), BINARY),
    "npz": lambda _: (as_npz(WHOLE), BINARY),
    "json": lambda _: (as_json(WHOLE[:6]), JSON),
    "parquet": lambda folder: (as_parquet(WHOLE, folder), BINARY),
    "form": lambda _: as_form(as_npy(WHOLE)),
    "form of npz": lambda _: as_form(as_npz(WHOLE)),
    "form of json": lambda _: as_form(as_json(WHOLE[:6])),
    "form with two files": lambda _: (
        as_form(as_npy(WHOLE))[0].removesuffix(b"--b--\r\n") + as_form(as_npy(WHOLE))[0],
        as_form(b"")[1],
    ),
    "form without an end": lambda _: (as_form(as_npy(WHOLE))[0][:-9], as_form(b"")[1]),
    "form of noise": lambda _: as_form(bytes(1 << 20)),
    "form in base64": lambda _: (
        as_form(b"")[0].replace(b"\r\n\r\n", b"\r\nContent-Transfer-Encoding: base64\r\n\r\n", 1),
        as_form(b"")[1],
    ),
    "half npy": lambda _: (as_npy(WHOLE)[:-9], BINARY),
    "half npz": lambda _: (as_npz(WHOLE)[:-9], BINARY),
    "half json": lambda _: (as_json(WHOLE[:6])[:-9], JSON),
    "half parquet": lambda folder: (as_parquet(WHOLE, folder)[:-9], BINARY),
    "nothing found": lambda _: (as_npy(np.full_like(WHOLE, np.nan)), BINARY),
    "too many frames": lambda _: (as_npy(clip(FRAMES + 1)), BINARY),
}


def kept(times: int, do: Callable[[], Any]) -> int:
    """Bytes that are more in use after doing it so many times, without a collector."""
    do()
    gc.collect()
    gc.disable()
    tracemalloc.start()
    try:
        do()
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(times):
            do()
        return tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
        gc.enable()


@pytest.mark.parametrize("form", FORMS)
def test_no_body_stays_behind_when_it_is_read(form: str, tmp_path: Path) -> None:
    body, kind = FORMS[form](tmp_path)

    def read() -> None:
        try:
            decode(body, kind, FRAMES)
        except Rejection:
            gc.collect(0)  # what was raised may stand in a cycle; the process collects, too

    assert kept(4, read) < len(body)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process's memory")
def test_a_process_that_reads_clips_does_not_grow(tmp_path: Path) -> None:
    bodies = [FORMS[form](tmp_path) for form in ("form", "form of npz", "form without an end")]

    async def main() -> tuple[list[int], int]:
        decoder = await Decoder.started(Limits(max_frames=FRAMES))
        try:
            statuses = [await told(decoder) for _ in range(10)]
            before = resident(decoder.pid)
            statuses += [await told(decoder) for _ in range(MANY)]
            return statuses, resident(decoder.pid) - before
        finally:
            await decoder.end()

    async def told(decoder: Decoder) -> int:
        said = [(await decoder.ask(bytearray(body), kind))[0] for body, kind in bodies]
        assert said == [200, 200, 422]
        return said[0]

    statuses, grown = asyncio.run(main())
    assert statuses == [200] * (MANY + 10)
    assert grown < 8 << 20  # 90 MB of bodies


def resident(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096


def test_what_a_library_leaves_in_cycles_is_collected(monkeypatch: pytest.MonkeyPatch) -> None:
    class Cycle:
        alive = 0

        def __init__(self) -> None:
            self.itself = self
            Cycle.alive += 1

        def __del__(self) -> None:
            Cycle.alive -= 1

    left = [True] * 4

    def answer(*_: Any) -> bool:
        Cycle()
        assert Cycle.alive <= 1
        return bool(left and left.pop())

    monkeypatch.setattr("signlet.serve.child._answer", answer)
    gc.disable()
    try:
        answer_all(sys.stdin.buffer, sys.stdout.buffer, 1)
    finally:
        gc.enable()
    assert not left


BIG = bytes(1 << 20)
PIECES = [BIG[: 1 << 18]] * 4
KINDS: dict[str, tuple[list[bytes | None], str]] = {
    "answered": ([as_npy(WHOLE)], BINARY),
    "too long": ([*PIECES, *PIECES, *PIECES], BINARY),
    "unread": ([*PIECES], BINARY),
    "pauses": ([*PIECES, None], BINARY),
    "refused by the model": ([as_npy(clip(13)), b""], BINARY),
    "breaks the model": ([as_npy(clip(14)), b""], BINARY),
    "broken form": ([b"--b", BIG], "multipart/form-data; boundary=b"),
    "too many frames": ([as_npy(clip(FRAMES + 1))], BINARY),
}


@pytest.mark.parametrize("kind", KINDS)
def test_the_service_keeps_nothing_of_a_request(kind: str) -> None:
    pieces, content_type = KINDS[kind]
    limits = Limits(decoders=1, max_bytes=2 << 20, max_frames=FRAMES, stall_timeout=0.01)

    async def main() -> int:
        async with running(make_app(Standin(), limits)) as app:
            await ask(app, pieces, content_type)
            return await traced(app)

    async def traced(app: Any) -> int:
        gc.collect()
        gc.disable()
        tracemalloc.start()
        try:
            await ask(app, pieces, content_type)
            before = tracemalloc.get_traced_memory()[0]
            for _ in range(5):
                await ask(app, pieces, content_type)
            return tracemalloc.get_traced_memory()[0] - before
        finally:
            tracemalloc.stop()
            gc.enable()

    assert asyncio.run(main()) < 1 << 19  # half of one body; what is left is of the libraries
