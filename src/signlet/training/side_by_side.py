"""Student and distilled model at the same time, each with half of a CPU's threads.

A step of theirs is many products of a few milliseconds with passes over memory between them,
which a second thread inside an operation hardly helps. The two models share nothing but the
teacher's answer, so on a CPU each is worked on by a thread of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import torch

from signlet.training.processes import Processes


class SideBySide:
    """Does the same to several models, all at once where that pays."""

    def __init__(self, processes: Processes) -> None:
        # Several processes average gradients in an order that must be the same on all of them.
        self._may = processes.count == 1 and processes.device.type == "cpu"
        self._pool: ThreadPoolExecutor | None = None

    def each(self, names: Sequence[str], work: Callable[[str], None]) -> None:
        """work(name) for every name; raises what the first of them raised, after all ended."""
        threads = torch.get_num_threads()
        if not self._may or threads < len(names):
            for name in names:
                work(name)
            return
        share = threads // len(names)
        try:
            self._at_once(names, work, share)
        finally:
            torch.set_num_threads(threads)

    def _at_once(self, names: Sequence[str], work: Callable[[str], None], share: int) -> None:
        def with_share(name: str) -> None:
            torch.set_num_threads(share)  # of this thread
            work(name)

        self._pool = self._pool or ThreadPoolExecutor(len(names) - 1, "model")
        others = [self._pool.submit(with_share, name) for name in names[1:]]
        try:
            with_share(names[0])
        finally:
            for other in others:
                other.exception()  # waits
        for other in others:
            other.result()
