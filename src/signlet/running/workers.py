"""Worker processes that outlive a call, but never this process."""

from __future__ import annotations

import os
import signal
import warnings
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, nullcontext
from multiprocessing import resource_tracker
from pathlib import Path
from typing import Any, TypeVar

from joblib import Parallel, delayed, parallel_config

from signlet.errors import SignletError
from signlet.running.children import FROM_TERMINAL, begin_child

Result = TypeVar("Result")


def delayed_here(work: Callable[..., Result]) -> Callable[..., Any]:
    """joblib's `delayed`, where relative paths mean what they mean to the caller.

    joblib uses its workers again, and they stay in the directory they were started in.
    """
    return delayed(_Here(work, Path.cwd()))


class _Here:
    def __init__(self, work: Callable[..., Any], folder: Path) -> None:
        self.work, self.folder = work, folder

    def __call__(self, *arguments: Any) -> Any:
        os.chdir(self.folder)
        return self.work(*arguments)


def in_processes(
    calls: Iterable[Any], workers: int, kept: str, *, in_order: bool = False, **how: Any
) -> Iterator[Any]:
    """Results of `delayed_here` calls from worker processes, as they come or in order.

    The workers end with this process, whatever ends it. kept: the text that says what is kept if a
    worker is stopped. how: for joblib's Parallel. Raises SignletError if a worker was ended from
    outside.
    """
    # Workers grow with the models of MediaPipe, and loky starts others in their place.
    warnings.filterwarnings("ignore", "A worker stopped while some jobs", UserWarning)
    # A command that was asked to end leaves calls behind, and says so itself.
    warnings.filterwarnings("ignore", ".* adjusting the input task iterator", UserWarning)
    returned = "generator" if in_order else "generator_unordered"
    begin = {"initializer": begin_child, "initargs": (os.getpid(),)}
    with parallel_config("loky", n_jobs=workers, inner_max_num_threads=1, **begin):
        parallel = Parallel(return_as=returned, **how)
    try:
        with _starting() if workers > 1 else nullcontext():
            results = parallel(calls)
        yield from results
    except BrokenProcessPool:
        raise SignletError(
            "a worker process was stopped, perhaps because memory ran out; run the same command "
            "again with fewer --jobs, {kept}"
        ) from None


@contextmanager
def _starting() -> Iterator[None]:
    """Workers that start in here hear nothing of Ctrl-C, not even while they begin."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    _start_trackers()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, FROM_TERMINAL)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _start_trackers() -> None:
    """The processes that clean up after killed ones. They would complain of what they find."""
    from joblib.externals.loky.backend import resource_tracker as of_joblib

    before = os.environ.get("PYTHONWARNINGS")
    os.environ["PYTHONWARNINGS"] = "ignore"
    try:
        of_joblib.ensure_running()
        resource_tracker.ensure_running()
    finally:
        if before is None:
            del os.environ["PYTHONWARNINGS"]
        else:
            os.environ["PYTHONWARNINGS"] = before
