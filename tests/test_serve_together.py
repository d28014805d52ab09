"""What all requests together may take: bytes held, places, deadlines, and who is given up."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

pytest.importorskip("fastapi")
pytest.importorskip("prometheus_client")

from signlet import SignletError
from signlet.serve import memory_budget as rooms
from signlet.serve.app import make_app
from signlet.serve.limits import Limits
from signlet.serve.memory_budget import MemoryBudget
from signlet.serve.rejection import Rejection
from signlet_testing.serving import BINARY, Standin, as_npy, ask, clip, let_pass, running, until

GOOD = as_npy(clip())
HALF = GOOD[: len(GOOD) // 2]
LEAST = {"max_bytes": 1 << 16, "max_frames": 10}


def serve(do: Callable[[Any], Awaitable[Any]], recogniser: Any = None, **limits: Any) -> Any:
    """Run do(app) within the application's lifespan; afterwards it must hold nothing."""

    async def main() -> Any:
        app = make_app(recogniser or Standin(), Limits(decoders=1, **LEAST | limits))
        async with running(app):
            said = await do(app)
            service = app.state.service
            assert (service._budget.held, service.under_way, service.waiting()) == (0, 0, 0)
            assert not service._budget._arriving
            return said

    return asyncio.run(main())


def held(app: Any) -> int:
    return int(app.state.service._budget.held)


def slow_ones(app: Any, count: int, *pieces: bytes) -> list[asyncio.Task[Any]]:
    """Requests that send these pieces, and then nothing."""
    return [asyncio.create_task(ask(app, [*pieces, None])) for _ in range(count)]


async def ended(tasks: list[asyncio.Task[Any]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def test_bodies_beyond_what_may_be_held_are_told_to_come_back() -> None:
    async def do(app: Any) -> Any:
        slow = slow_ones(app, 3, HALF)
        await until(lambda: held(app) == 3 * len(HALF))
        refused = await ask(app, [GOOD])
        await ended(slow)
        return refused, await ask(app, [GOOD])

    refused, then = serve(do, max_held=3 * len(HALF) + 1000)
    assert (refused[0], refused[1]["retry-after"], then[0]) == (503, "1", 200)
    assert "has reached its memory limit" in refused[2]["detail"]


@pytest.mark.parametrize("pieces", [[HALF], [HALF[:50]] * 40, [b"\x93"]])
def test_slow_senders_make_room_for_others(
    pieces: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rooms, "_PAUSED", -1.0)  # every pause is too long at once

    async def do(app: Any) -> Any:
        slow = slow_ones(app, 20, *pieces)
        await until(lambda: held(app) > 0)
        honest = [(await ask(app, [GOOD]))[0] for _ in range(5)]
        given_up = [await task for task in slow if task.done()]
        await ended(slow)
        return honest, given_up

    honest, given_up = serve(do, max_held=len(GOOD) + 900)
    assert honest == [200] * 5
    assert all(said[0] == 503 for said in given_up)


def test_a_body_that_dribbles_is_given_up_before_one_that_is_new(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    room = MemoryBudget(100)

    async def main() -> None:
        first, second, newest = room.holder(), room.holder(), room.holder()
        async with asyncio.timeout(None) as patience:
            with room.arriving(first, patience), room.arriving(second, patience):
                first.add(bytes(60))
                second.add(bytes(30))
                first.since -= 10  # for long, although its last byte has just come
                newest.add(bytes(50))
                assert (first.given_up, second.given_up) == (True, False)
                assert (room.held, len(first.body)) == (80, 0)
                with pytest.raises(Rejection, match="too slowly"):
                    first.add(b"x")
                with pytest.raises(Rejection, match="memory limit"):
                    newest.add(bytes(50))  # the other one is as new
                await asyncio.sleep(1)

    with pytest.raises(TimeoutError):
        asyncio.run(main())


def test_slow_senders_take_no_place_of_those_that_wait() -> None:
    async def do(app: Any) -> Any:
        slow = slow_ones(app, 50, HALF[:100])
        await until(lambda: held(app) == 5000)
        ready = app.state.service.ready()
        honest = [(await ask(app, [GOOD]))[0] for _ in range(5)]
        await ended(slow)
        return ready, honest

    assert serve(do, max_waiting=1) == (True, [200] * 5)


@pytest.mark.parametrize("pieces", [[], [b"P"], [HALF, HALF[:9]]])
def test_a_body_that_pauses_too_long_is_given_up(pieces: list[bytes]) -> None:
    status, _, said, _ = serve(lambda app: ask(app, [*pieces, None]), stall_timeout=0.1)
    assert (status, "paused for 0.1 seconds" in said["detail"]) == (408, True)


def test_a_body_that_keeps_coming_slowly_has_until_the_timeout() -> None:
    async def dribble() -> Any:
        app = make_app(Standin(), Limits(decoders=1, timeout=60, stall_timeout=20))
        async with running(app):
            sent: list[Any] = []

            async def receive() -> Any:
                let_pass(9)
                await asyncio.sleep(0)
                return {"type": "http.request", "body": b"x", "more_body": True}

            async def send(message: Any) -> None:
                sent.append(message)

            head = [(b"content-type", BINARY.encode())]
            scope = {"type": "http", "method": "POST", "path": "/recognise", "headers": head}
            await app({**scope, "query_string": b"", "raw_path": b""}, receive, send)
            return sent[0]["status"], sent[1]["body"]

    status, body = asyncio.run(dribble())
    assert (status, b"within 60 seconds" in body) == (408, True)


def test_clips_that_wait_for_the_model_are_counted_too() -> None:
    gate = threading.Event()
    small = as_npy(clip(10).astype("float16"))  # half of the bytes that the clip takes

    async def do(app: Any) -> Any:
        tasks = [asyncio.create_task(ask(app, [small])) for _ in range(6)]
        await until(lambda: sum(task.done() for task in tasks) >= 4)
        assert held(app) <= 2 * clip(10).nbytes + 1000
        gate.set()
        return sorted([(await task)[0] for task in tasks])

    statuses = serve(do, Standin(gate), max_held=2 * clip(10).nbytes + 1000)
    assert set(statuses) == {200, 503}
    assert statuses.count(200) <= 2


def test_clips_whose_requests_ran_out_of_time_are_dropped_while_the_model_hangs() -> None:
    gate = threading.Event()

    async def do(app: Any) -> Any:
        service = app.state.service
        asked = [asyncio.create_task(ask(app, [GOOD])) for _ in range(9)]
        await until(lambda: recogniser.sizes == [1] and service.waiting() == 8)
        let_pass(61)
        statuses = [(await task)[0] for task in asked]
        left = service.waiting(), held(app)
        at_once = await ask(app, [GOOD])
        ready = service.ready()
        gate.set()
        await until(service.ready)
        return statuses, left, at_once, ready, (await ask(app, [GOOD]))[0]

    recogniser = Standin(gate)
    statuses, left, at_once, ready, then = serve(do, recogniser, timeout=60)
    assert (statuses, left, ready, then) == ([504] * 9, (0, 0), False, 200)
    assert (at_once[0], "does not answer" in at_once[2]["detail"]) == (503, True)


def test_what_a_client_that_has_gone_asked_is_not_read() -> None:
    async def do(app: Any) -> Any:
        service, asked = app.state.service, []
        decoder = service._decoders._idle.get_nowait()  # so that all wait for one
        for _ in range(3):
            asked.append(asyncio.create_task(ask(app, [GOOD, "gone"])))
        asked.append(asyncio.create_task(ask(app, [GOOD])))
        await until(lambda: service.under_way == 4)
        service._decoders._idle.put_nowait(decoder)
        return [(await task)[0] for task in asked]

    recogniser = Standin()
    assert serve(do, recogniser) == [400, 400, 400, 200]
    assert recogniser.sizes == [1]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"max_bytes": 1 << 30}, "max_held"),
        ({"max_held": 1 << 20, "max_bytes": 1 << 19}, "max_held"),
        ({"max_connections": 1}, "max_connections"),
        ({"stall_timeout": 0.0}, "stall_timeout"),
        ({"max_waiting": 0}, "max_waiting"),
    ],
)
def test_limits_with_which_no_request_would_fit_are_refused(wrong: Any, said: str) -> None:
    with pytest.raises(SignletError, match=said):
        Limits(**wrong)
