"""Does the memory of `signlet serve` stay under its stated bound while it is flooded?

Cost: about three minutes on two cores.
Page: docs/serve.md
Results: serve_flood.csv

    python -m benchmarks.serve.serve_flood [--model PATH] [--seconds 10]

Each flood meets a new server with default limits, for so many seconds, from connections that
send as fast as they can and open again when they are closed; `largest` is that of the service
and its processes together, noted every 20 ms from Linux. Meanwhile one honest client asks for
clips of 40 frames, twice a second, and asks again after a 503, as its `Retry-After` says.
Writes results/serve_flood.csv.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.environment import write_csv
from benchmarks.serve.serve_load import answered, clips, request, serving, small_model
from benchmarks.serve.serve_memory import form
from benchmarks.serve.serve_processes import MIB, of_service, watched
from signlet.serve.limits import Limits

HEAD = b"POST /recognise HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/octet-stream\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


def _sized(body: bytes) -> bytes:
    return HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body


def _floods() -> dict[str, tuple[int, bytes]]:
    """By name: how many connections, and what each sends before it waits for an answer."""
    long = clips(512)[0]
    big = bytes(15 * MIB)
    return {
        "bodies of 15 MiB": (120, _sized(b"\x93NUMPY" + big)),
        "15 MiB of 16, then silence": (400, HEAD + b"Content-Length: 16777216\r\n\r\n" + big),
        "15 MiB in chunks, without an end": (120, CHUNKED + b"100000\r\n" + big[:MIB] + b"\r\n"),
        "clips of 512 frames": (300, request(long, "npz")),
        "clips of 512 frames in forms": (300, form(long)),
        "clips of 512 frames in JSON": (60, request(long[:400], "json")),
        "heads without an end": (1000, b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 1000),
        "one byte of a head": (1000, b"G"),
        "many requests at once, answers unread": (
            500,
            b"GET /docs HTTP/1.1\r\nHost: a\r\n\r\n" * 9999,
        ),
        "many empty headers": (
            500,
            b"GET /docs HTTP/1.1\r\nHost: a\r\n" + b"a:\r\n" * 4000 + b"\r\n",
        ),
    }


async def hostile(port: int, sent: bytes, until: float) -> None:
    """Send, wait for one answer or the end, and again."""
    while time.perf_counter() < until:
        writer = None
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            while time.perf_counter() < until:
                writer.write(sent)
                await writer.drain()
                await answered(reader)
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            await asyncio.sleep(0.01)
        finally:
            if writer is not None:
                writer.transport.abort()


async def honest(port: int, body: bytes, until: float, said: Counter[int]) -> None:
    """Ask twice a second, each time on a new connection; count the first answers."""
    while time.perf_counter() < until:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(body)
            status, _ = await answered(reader)
            writer.close()
        except (OSError, asyncio.IncompleteReadError):
            status = 0
        said[status] += 1
        await asyncio.sleep(1 if status == 503 else 0.5)


async def flood(port: int, connections: int, sent: bytes, seconds: float) -> Counter[int]:
    """The answers to the honest client."""
    until, said = time.perf_counter() + seconds, Counter[int]()
    tasks = [asyncio.create_task(hostile(port, sent, until)) for _ in range(connections)]
    await asyncio.wait_for(honest(port, request(clips(40)[0], "npz"), until, said), None)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return said


def bound(start: dict[str, float], limits: Limits) -> float:
    """MiB that the service may take, as docs/serve.md says. start: what it took before."""
    decoders = limits.decoders * limits.decoder_memory / MIB
    held = 1.25 * limits.max_held / MIB
    return sum(start.values()) + decoders + held + limits.max_connections / 2


def measured(model: Path, name: str, flood_of: Callable[[int], Any]) -> dict[str, Any]:
    """One row: the largest memory during one flood of a new server."""
    with serving(model) as (port, pid):
        asyncio.run(flood(port, 0, b"", 1))
        start = of_service(pid)
        with watched(pid) as most:
            said = asyncio.run(flood_of(port))
        row = {"flood": name, **{f"{part}_mib": round(mib) for part, mib in most.items()}}
        row |= {"bound_mib": round(bound(start, Limits()))}
        row |= {"honest_answers": said[200], "told_503": said[503]}
        row["other"] = sum(said.values()) - said[200] - said[503]
        time.sleep(12)  # everything that was left open has been closed
        asyncio.run(flood(port, 0, b"", 1))
        after = of_service(pid)
        return row | {
            "start_mib": round(sum(start.values())),
            "after_mib": round(sum(after.values())),
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path)
    parser.add_argument("--seconds", type=float, default=10)
    arguments = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as scratch:
        model = arguments.model or small_model(Path(scratch) / "small")
        for name, (connections, sent) in _floods().items():

            def flood_of(port: int, n: int = connections, sent: bytes = sent) -> Any:
                return flood(port, n, sent, arguments.seconds)

            rows.append(measured(model, name, flood_of) | {"connections": connections})
            print(rows[-1], flush=True)
    print("written to", write_csv("serve_flood", rows))


if __name__ == "__main__":
    main()
