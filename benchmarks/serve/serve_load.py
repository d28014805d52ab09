"""How many requests a second does `signlet serve` answer, and how long does each wait?

Cost: about three minutes on two cores, and one for the export.
Page: docs/serve.md
Results: serve_load.csv, serve_load_crowd.csv

    python -m benchmarks.serve.serve_load [--model PATH ...] [--seconds 4] [--frames 40]

The clients are in this process: N connections, each asking for the next answer as soon as it
has the last; every answer is read, and `dropped` counts those that were no recognition. Two
servers run, one with batches of up to 16 clips and one without, and are asked in turn: a clip
as .npz, and (the first server only) as JSON, by 1, 8, 64 and 256 clients. Then, the first
server only, once more while 200 other connections have sent half a request each, and send no
more; those that are given up are opened again. `relative` is the rate divided by that of calling
the recogniser in a loop, one clip after the other, in this process just before and after; the
rows `loop` give its median, also with 16 clips a call.

Servers, model and clients share the machine's cores; the model has one thread everywhere.
Without --model an untrained model of the recipe `small` is exported to ONNX (which takes a
minute): its speed is that of a trained one.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import io
import itertools
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

import signlet
from benchmarks.environment import write_csv
from signlet.landmarks import LEFT_HAND, NUM_RAW

CLIENTS = (1, 8, 64, 256)
HALF = 200
"""Connections that have sent half a request: nothing, half a head, or half a body, in turn."""
LAUNCH = "import sys; from signlet.cli.serve import run; run(sys.argv[1:])"
CLIPS = 8
"""Different clips that the clients send in turn."""


def small_model(folder: Path) -> Path:
    """An untrained model of the recipe small's size, as ONNX where the export is there."""
    import torch

    from signlet.model import ModelConfig, SignModel
    from signlet.model.files import save_model

    size = ModelConfig(
        dense=64, widths=(128, 192, 192, 192), heads=8, max_len=16, num_classes=26, hand_shapes=True
    )
    torch.manual_seed(0)
    model, signs = SignModel(size).eval(), [chr(65 + i) for i in range(26)]
    try:
        from signlet.export import export_ensemble
    except ImportError:
        save_model(folder, [model], signs, {})
        return folder
    export_ensemble([model], signs, folder, to=("onnx",), precision="fp16")
    return folder / "model.onnx"


def clips(frames: int) -> list[np.ndarray]:
    """Random walks without a left hand."""
    rng = np.random.default_rng(0)
    walks = []
    for _ in range(CLIPS):
        walk = rng.normal(0, 0.003, (frames, NUM_RAW, 3)).cumsum(0) + rng.random((NUM_RAW, 3))
        walk[:, LEFT_HAND] = np.nan
        walks.append(walk.astype(np.float32))
    return walks


def request(clip: np.ndarray, form: str) -> bytes:
    """The bytes of one POST."""
    if form == "npz":
        file = io.BytesIO()
        np.savez(file, landmarks=clip)
        body, kind = file.getvalue(), "application/x-npz"
    else:
        values = np.where(np.isnan(clip), None, clip.astype(np.float64).round(6).astype(object))
        body, kind = json.dumps({"landmarks": values.tolist()}).encode(), "application/json"
    head = f"Host: localhost\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
    return b"POST /recognise HTTP/1.1\r\n" + head.encode() + body


# --- measuring ----------------------------------------------------------------------------


def loop_rate(recogniser: Any, given: list[np.ndarray], seconds: float, at_once: int = 1) -> float:
    """Clips a second of the recogniser called directly, `at_once` clips a call."""
    recogniser.batch(given[:1] * at_once)
    begin, done = time.perf_counter(), 0
    for first in itertools.cycle(range(CLIPS)):
        recogniser.batch([given[(first + i) % CLIPS] for i in range(at_once)])
        done += at_once
        if time.perf_counter() - begin > seconds:
            return done / (time.perf_counter() - begin)
    raise AssertionError


@contextmanager
def serving(model: Path, *options: str) -> Iterator[tuple[int, int]]:
    """A server's port, and the number of its process."""
    command = [sys.executable, "-c", LAUNCH, str(model), "--port", "0", "--threads", "1", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout
            line = server.stdout.readline()
            yield int(line.split("127.0.0.1:")[1].split(";")[0]), server.pid
            server.terminate()
            if server.wait(60):
                raise SystemExit(f"the server ended with {server.returncode}")
        finally:
            server.kill()


async def answered(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    """Status and content of the next answer."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
    length = int(head.split("content-length:")[1].split("\r\n")[0])
    return int(head.split()[1]), await reader.readexactly(length)


async def client(port: int, requests: Iterator[bytes], until: float) -> list[tuple[float, int]]:
    """(seconds, clips in the batch) of each answer; 0 clips where it was none."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    done = []
    while time.perf_counter() < until:
        begin = time.perf_counter()
        writer.write(next(requests))
        try:
            status, content = await answered(reader)
        except (OSError, asyncio.IncompleteReadError):
            status, content = 0, b""
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
        together = json.loads(content)["together"] if status == 200 else 0
        done.append((time.perf_counter() - begin, together))
    writer.close()
    return done


async def half_open(port: int, sent: bytes) -> None:
    """Send this, then nothing; from the start again when the server gives it up."""
    while True:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(sent)
            await reader.read(1)
            writer.close()


def halves(request: bytes) -> list[bytes]:
    """Return what the half-open connections send."""
    head = request.index(b"\r\n\r\n")
    kinds = (b"", request[: head // 2], request[: (head + len(request)) // 2])
    return list(itertools.islice(itertools.cycle(kinds), HALF))


async def load(
    port: int, requests: list[bytes], clients: int, seconds: float, half: bool = False
) -> dict[str, Any]:
    """Rate and times with so many clients; the first second is not counted."""
    turn = itertools.cycle(requests)
    others = [asyncio.create_task(half_open(port, sent)) for sent in halves(requests[0]) if half]
    await asyncio.gather(*(client(port, turn, time.perf_counter() + 1) for _ in range(clients)))
    begin = time.perf_counter()
    each = await asyncio.gather(*(client(port, turn, begin + seconds) for _ in range(clients)))
    took = time.perf_counter() - begin
    for other in others:
        other.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    times, together = np.array([one for answers in each for one in answers]).T
    p50, p95, p99 = np.percentile(times * 1000, (50, 95, 99))
    good = together[together > 0]
    return {
        "answers": len(times),
        "dropped": len(times) - len(good),
        "per_second": round(len(good) / took, 1),
        "p50_ms": round(p50, 1),
        "p95_ms": round(p95, 1),
        "p99_ms": round(p99, 1),
        "clips_a_batch": round(float(1 / np.mean(1 / good)), 1),
    }


def _loops(recogniser: Any, given: list[np.ndarray], rates: dict[int, list[float]]) -> None:
    for at_once, found in rates.items():
        found.append(loop_rate(recogniser, given, 1, at_once))


def run(model: Path, frames: int, seconds: float) -> list[dict[str, Any]]:
    """Rows of one model."""
    recogniser, given = signlet.load(model, 1), clips(frames)
    loops: dict[int, list[float]] = {1: [], 16: []}
    rows: list[dict[str, Any]] = []
    with serving(model) as (batching, _), serving(model, "--max_batch", "1") as (plain, _):
        asked = [(form, False, n) for form in ("npz", "json") for n in CLIENTS]
        asked += [("npz", True, n) for n in CLIENTS]
        for form, half, clients in asked:
            bodies = [request(clip, form) for clip in given]
            ports = {16: batching, 1: plain} if form == "npz" and not half else {16: batching}
            _loops(recogniser, given, loops)
            what = f"serve, {form}"
            found = [
                {"what": what, "half_open": HALF * half, "clients": clients, "max_batch": most}
                | asyncio.run(load(port, bodies, clients, seconds, half))
                for most, port in ports.items()
            ]
            _loops(recogniser, given, loops)
            around = np.mean(loops[1][-2:])
            rows += [{**row, "relative": round(row["per_second"] / around, 2)} for row in found]
            for row in rows[-len(found) :]:
                print(*(f"{key} {value}" for key, value in row.items()), sep=", ", flush=True)
    empty = dict.fromkeys(rows[0], "")
    direct = [
        {
            **empty,
            "what": "loop",
            "max_batch": at_once,
            "per_second": round(float(np.median(rates)), 1),
            "relative": round(float(np.median(np.divide(rates, loops[1]))), 2),
        }
        for at_once, rates in loops.items()
    ]
    print(*(f"loop, {row['max_batch']} at once: {row['per_second']} a second" for row in direct))
    return direct + rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path, nargs="+")
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--frames", type=int, default=40)
    parser.add_argument("--results", default="serve_load", help="name of the CSV")
    arguments = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as scratch:
        for model in arguments.model or [small_model(Path(scratch) / "small")]:
            about = {
                "model": model.parent.parent.name if model.name == "model.onnx" else model.stem,
                "runtime": "onnxruntime" if model.suffix == ".onnx" else "torch",
                "frames": arguments.frames,
            }
            found = run(model, arguments.frames, arguments.seconds)
            about["machine_load"] = round(os.getloadavg()[0], 1)
            rows += [about | row for row in found]
    print("written to", write_csv(arguments.results, rows))


if __name__ == "__main__":
    main()
