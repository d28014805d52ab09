"""Helpers of the service's tests: a stand-in recogniser, bodies, a bare ASGI client."""

from __future__ import annotations

import asyncio
import io
import json
import time
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np

from signlet.errors import ClipError
from signlet.landmarks import LEFT_HAND
from signlet.recognition.recogniser import Prediction
from signlet_testing import PATIENCE

SIGNS = ("circle", "line", "wave")
JSON = "application/json"
BINARY = "application/octet-stream"


class Standin:
    """Answers by the clip's length; a clip of 13 frames is refused, one of 14 breaks it.

    gate: an event that every batch waits for. seconds: that every batch takes.
    """

    signs, max_frames = SIGNS, None

    def __init__(self, gate: Any = None, seconds: float = 0) -> None:
        self.gate, self.seconds, self.sizes = gate, seconds, list[int]()

    def batch(self, clips: Iterable[np.ndarray]) -> list[Prediction]:
        clips = list(clips)
        self.sizes.append(len(clips))
        if self.gate is not None:
            self.gate.wait(PATIENCE)
        time.sleep(self.seconds)
        return [self._one(clip) for clip in clips]

    def _one(self, clip: np.ndarray) -> Prediction:
        assert clip.dtype == np.float32
        assert clip.shape[1:] == (543, 3)
        if len(clip) == 13:
            raise ClipError("array: thirteen frames")
        if len(clip) == 14:
            raise RuntimeError("a bug\nin two \x1b[31mlines")
        weights = np.array([1.0, len(clip), 5.0 + np.nanmean(clip)], np.float32)
        threshold = 0.99 if len(clip) == 12 else 0.0
        return Prediction(SIGNS, (weights / weights.sum()).astype(np.float32), threshold)


def clip(frames: int = 10) -> np.ndarray:
    """(frames, 543, 3) float32 with a left hand that is never found."""
    array = np.random.default_rng(0).random((40, 543, 3), np.float32)
    array[:, LEFT_HAND] = np.nan
    return np.resize(array, (frames, 543, 3))


def as_npz(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.savez_compressed(file, landmarks=array)
    return file.getvalue()


def as_npy(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def as_json(array: np.ndarray) -> bytes:
    values = np.where(np.isnan(array), None, array.astype(object))
    return json.dumps({"landmarks": values.tolist()}).encode()


def as_parquet(array: np.ndarray, folder: Path) -> bytes:
    from signlet.clip import Clip
    from signlet.sources import write_clip

    write_clip(Clip.from_array(array), folder / "clip.parquet")
    return (folder / "clip.parquet").read_bytes()


@asynccontextmanager
async def running(app: Any) -> AsyncIterator[Any]:
    """The application within its lifespan."""
    async with app.router.lifespan_context(app):
        yield app


async def until(done: Callable[[], bool]) -> None:
    """Wait until done() is true, for `PATIENCE` at most."""
    end = time.monotonic() + PATIENCE
    while not done():
        assert time.monotonic() < end, "did not happen"
        await asyncio.sleep(0.005)


def let_pass(seconds: float) -> None:
    """Set the event loop's clock forward, so that its timeouts end.

    A test that waits instead depends on how busy the machine is.
    """
    loop = asyncio.get_running_loop()
    now = loop.time
    loop.time = lambda: now() + seconds  # type: ignore[method-assign]


def as_form(content: bytes, name: str = "clip.npy") -> tuple[bytes, str]:
    """A body with one file, and its content type."""
    head = f'--b\r\nContent-Disposition: form-data; name="clip"; filename="{name}"\r\n\r\n'
    return head.encode() + content + b"\r\n--b--\r\n", "multipart/form-data; boundary=b"


async def ask(
    app: Any, chunks: Sequence[bytes | str | None], kind: str = BINARY, **headers: str
) -> tuple[int, dict[str, str], Any, int]:
    """POST /recognise in pieces; None never arrives, "gone" leaves.

    Status, headers, JSON, pieces taken.
    """
    sent: list[dict[str, Any]] = []
    left = list(chunks)
    leaves = "gone" in left

    async def receive() -> dict[str, Any]:
        piece = left.pop(0) if left else None
        if piece is None:
            await asyncio.sleep(60)
        if piece == "gone":
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": piece, "more_body": len(left) > leaves}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    head = {"content-type": kind, **{k.replace("_", "-"): v for k, v in headers.items()}}
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": "/recognise",
        "raw_path": b"/recognise",
        "query_string": b"",
        "headers": [(k.encode(), v.encode()) for k, v in head.items()],
        "client": ("127.0.0.1", 1),
        "server": ("testserver", 80),
    }
    await app(scope, receive, send)
    body = b"".join(message.get("body", b"") for message in sent)
    assert [message["type"] for message in sent].count("http.response.start") == 1
    answered = {k.decode(): v.decode() for k, v in sent[0]["headers"]}
    return sent[0]["status"], answered, json.loads(body), len(chunks) - len(left)
