"""Does the memory of `signlet serve` grow over thousands of requests?

Cost: about ten minutes on two cores.
Page: docs/serve.md
Results: serve_memory.csv
Short: --requests 25 --frames 40

    python -m benchmarks.serve.serve_memory [--model PATH] [--requests 5000] [--frames 512]

One client sends forms with a clip of 512 frames, one after the other. Every 25 requests the
resident memory of the service and of the processes that read clips is noted, from Linux. Every
answer must be a recognition. Writes results/serve_memory.csv, .png and .svg.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot as plt

from benchmarks.environment import WRITTEN, write_csv
from benchmarks.serve.serve_load import answered, clips, request, serving, small_model
from benchmarks.serve.serve_processes import children, of_service, resident

EVERY = 25
BOUNDARY = b"a-boundary"


def form(clip: Any) -> bytes:
    """The bytes of one POST of a form."""
    content = request(clip, "npz").partition(b"\r\n\r\n")[2]
    head = b'Content-Disposition: form-data; name="clip"; filename="clip.npz"\r\n\r\n'
    body = b"--" + BOUNDARY + b"\r\n" + head + content + b"\r\n--" + BOUNDARY + b"--\r\n"
    kind = b"Content-Type: multipart/form-data; boundary=" + BOUNDARY
    length = b"Content-Length: " + str(len(body)).encode()
    start = b"POST /recognise HTTP/1.1\r\nHost: localhost\r\n"
    return start + kind + b"\r\n" + length + b"\r\n\r\n" + body


async def ask(port: int, pid: int, body: bytes, requests: int) -> list[dict[str, Any]]:
    """Memory after every EVERY requests, with the count of answers of each status."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    statuses: Counter[int] = Counter()
    rows = []
    for done in range(-1, requests + 1):  # one before the first is counted
        if done >= 0 and done % EVERY == 0:
            memory = of_service(pid) | {
                f"decoder_{i}": resident(one) for i, one in enumerate(sorted(children(pid)))
            }
            row = {"requests": done, "recognised": statuses[200] - 1}
            rows.append(row | {f"{name}_mib": round(mib, 1) for name, mib in memory.items()})
            if done % 500 == 0:
                print(rows[-1], flush=True)
        writer.write(body)
        status, content = await answered(reader)
        statuses[status] += 1
        if status != 200:
            print(done, status, content.decode(), flush=True)
    writer.close()
    print(dict(statuses))
    return rows


def draw(rows: list[dict[str, Any]]) -> None:
    """Write results/serve_memory.png and .svg."""
    figure, axes = plt.subplots(figsize=(8, 3.6))
    x = [row["requests"] for row in rows]
    for name in [name for name in rows[0] if name.endswith("_mib") and name != "children_mib"]:
        label = name.removesuffix("_mib").replace("_", " ").replace("parent", "service")
        axes.plot(x, [row[name] for row in rows], label=label)
    axes.set(xlabel="requests answered", ylabel="resident memory, MiB", ylim=(0, None))
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False)
    figure.tight_layout()
    figure.savefig(WRITTEN / "serve_memory.svg", metadata={"Date": None})
    figure.savefig(WRITTEN / "serve_memory.png", dpi=120)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path)
    parser.add_argument("--requests", type=int, default=5000)
    parser.add_argument("--frames", type=int, default=512)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        model = arguments.model or small_model(Path(scratch) / "small")
        body = form(clips(arguments.frames)[0])
        with serving(model) as (port, pid):
            rows = asyncio.run(ask(port, pid, body, arguments.requests))
    written = write_csv("serve_memory", rows)
    draw(rows)
    print("written to", written)


if __name__ == "__main__":
    main()
