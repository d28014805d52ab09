"""Student and distilled model at the same time, each with half of a CPU's threads.

A step of theirs is many products of a few milliseconds with passes over memory between them,
which a second thread inside an operation hardly helps. The two models share nothing but the
teacher's answer, so on a CPU each is worked on by a thread of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import torch

from signlet.training.processes import Processes

Result = TypeVar("Result")


class SideBySide:
    """Does the same to several models, all at once where that pays."""

    def __init__(self, processes: Processes) -> None:
        # Several processes average gradients in an order that must be the same on all of them.
        self._may = processes.count == 1 and processes.device.type == "cpu"
        self._pool: ThreadPoolExecutor | None = None

    def each(self, names: Sequence[str], work: Callable[[str], Result]) -> list[Result]:
        """work(name) of every name, in this order.

        Raises what the first of them raised, after all ended.
        """
        threads = torch.get_num_threads()
        if not self._may or threads < len(names):
            return [work(name) for name in names]
        share = threads // len(names)
        try:
            return self._at_once(names, work, share)
        finally:
            torch.set_num_threads(threads)

    def _at_once(
        self, names: Sequence[str], work: Callable[[str], Result], share: int
    ) -> list[Result]:
        def with_share(name: str) -> Result:
            torch.set_num_threads(share)  # of this thread
            return work(name)

        self._pool = self._pool or ThreadPoolExecutor(len(names) - 1, "model")
        others = [self._pool.submit(with_share, name) for name in names[1:]]
        try:
            first = with_share(names[0])
        finally:
            for other in others:
                other.exception()  # waits
        return [first, *(other.result() for other in others)]
