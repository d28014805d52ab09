"""Resident memory of a service's processes, read from Linux."""

from __future__ import annotations

import contextlib
import resource
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MIB = 1 << 20


def children(pid: int) -> list[int]:
    """Processes that this one has started."""
    found: list[int] = []
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            found += map(int, (task / "children").read_text().split())
    return found


def resident(pid: int) -> float:
    """MiB; 0 where it has ended."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (OSError, IndexError):
        return 0.0
    return pages * resource.getpagesize() / MIB


def of_service(pid: int) -> dict[str, float]:
    """MiB of the parent, and of its children together."""
    return {"parent": resident(pid), "children": sum(map(resident, children(pid)))}


@contextmanager
def watched(pid: int, seconds: float = 0.02) -> Iterator[dict[str, float]]:
    """Meanwhile the largest resident memory of each, and of all together, is noted."""
    most = {"parent": 0.0, "children": 0.0, "together": 0.0}
    stop = threading.Event()

    def watch() -> None:
        while not stop.wait(seconds):
            now = of_service(pid)
            now["together"] = sum(now.values())
            most.update({name: max(most[name], now[name]) for name in most})

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield most
    finally:
        stop.set()
        thread.join()
