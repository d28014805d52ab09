"""A request's body, while it arrives."""

from __future__ import annotations

import asyncio

from starlette.requests import ClientDisconnect, Request

from signlet.serve.limits import Limits
from signlet.serve.memory_budget import Held, MemoryBudget, too_slow
from signlet.serve.rejection import Rejection


async def read_body(request: Request, limits: Limits, budget: MemoryBudget, held: Held) -> None:
    """Read the body into `held`; it is left where it is as soon as it is too long.

    Raises Rejection: 400 if it ends early, 408 where it pauses too long, 413 where it is too
    long, 415 where it is packed, 503 where there is no room for it.
    """
    _check_head(request, limits)
    try:
        async with asyncio.timeout(limits.stall_timeout) as patience:
            with budget.arriving(held, patience):
                await _collect(request, limits, held, patience)
    except TimeoutError:
        raise too_slow() if held.given_up else _paused(limits) from None
    except ClientDisconnect:
        raise Rejection(400, "body: ended early") from None


def _check_head(request: Request, limits: Limits) -> None:
    coding = request.headers.get("content-encoding", "identity")
    if coding != "identity":
        raise Rejection(415, f"content encoding {coding[:40]}: not supported; send it uncompressed")
    promised = request.headers.get("content-length", "")
    if promised.isdecimal() and len(promised) < 20 and int(promised) > limits.max_bytes:
        raise _too_long(limits)


async def _collect(request: Request, limits: Limits, held: Held, patience: asyncio.Timeout) -> None:
    loop = asyncio.get_running_loop()
    async for chunk in request.stream():
        if held.bytes + len(chunk) > limits.max_bytes:
            raise _too_long(limits)
        held.add(chunk)
        patience.reschedule(loop.time() + limits.stall_timeout)


def _too_long(limits: Limits) -> Rejection:
    return Rejection(413, f"body: has more than {limits.max_bytes} bytes; send a shorter clip")


def _paused(limits: Limits) -> Rejection:
    return Rejection(408, f"body: paused for {limits.stall_timeout:g} seconds; send it again")
