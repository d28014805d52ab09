"""Write shards on the nodes of an existing Ray cluster, through joblib's Ray backend."""

from __future__ import annotations

import logging
import os
import platform
import re
import subprocess
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from joblib import Parallel, delayed, parallel_config

from signlet.errors import SignletError
from signlet.files.atomic import write_text
from signlet.files.missing_path import exists
from signlet.pack import layout
from signlet.pack.layout import Settings
from signlet.pack.shard import Shard, write_shard
from signlet.running.bars import Step
from signlet.sources import ClipRef, Source
from signlet.text.install import needs
from signlet.version import __version__

PATIENCE = 30.0
"""Seconds a cluster has to answer."""

_TRIAL = """
import logging, sys, ray
try:
    ray.init(sys.argv[1], logging_level=logging.CRITICAL, log_to_driver=False)
except Exception as error:
    sys.exit(" ".join(str(error).split()))
"""


@dataclass(frozen=True)
class Shared:
    """The requirements that every node of the cluster has to meet.

    directory: where the command was given; relative paths start there.
    mark: name of a file in the folder of the shards; a node that lacks it has another folder.
    sample: a clip that is there, None if the clips are not files.
    version: of signlet.
    """

    directory: str
    mark: str
    sample: Path | None
    version: str = __version__

    def check(self, folder: Path) -> None:
        """Raise SignletError if this node sees another folder, no clips, or is too old."""
        if self.version != __version__:
            raise SignletError(
                f"has signlet {__version__}, not {self.version}; install the same everywhere"
            )
        if not (folder / self.mark).exists():
            raise SignletError(
                f"{folder}: is not the folder that the other machines see under this name; "
                "choose one that all nodes share"
            )
        if self.sample and not self.sample.exists():
            raise SignletError(
                f"{self.sample}: does not exist on this node; put the clips where all nodes can "
                "read them"
            )


def write_on_cluster(
    source: Source,
    work: Sequence[tuple[Shard, list[ClipRef]]],
    settings: Settings,
    jobs: int,
    address: str | None,
    advance: Step,
) -> None:
    """Write shards in worker processes of a Ray cluster.

    jobs: workers, -1 for one per free CPU of the cluster. A single one is this process.
    address: of the cluster; None for the one in RAY_ADDRESS or on this machine. A connection
        that this process has already is used and left open.
    advance: called with the number of clips of every finished shard.
    Raises SignletError if Ray is not installed, the cluster does not answer or has no free
    CPU, a node does not see the folders of this machine, or a worker was ended.
    """
    with _connected(address) as ray, _shared(work) as shared:
        workers = min(_workers(ray, jobs), len(work))
        task = delayed(_write_there)
        calls = (
            task(shared, source, refs, shard, settings.max_len, settings.dtype)
            for shard, refs in work
        )
        try:
            # A reserved CPU each: without it Ray would start all of them on the first node.
            with parallel_config("ray", n_jobs=workers, ray_remote_args={"num_cpus": 1}):
                _Reporting([len(refs) for _, refs in work], advance)(calls)
        except ray.exceptions.RayError as error:
            raise SignletError(_reason(error)) from None


def _write_there(
    shared: Shared,
    source: Source,
    refs: Sequence[ClipRef],
    shard: Shard,
    max_len: int,
    dtype: str,
) -> int:
    """`write_shard` on a node that may lack what this machine has."""
    with suppress(OSError):  # a folder that is not there shows below
        os.chdir(shared.directory)
    try:
        shared.check(shard.folder)
        return write_shard(source, refs, shard, max_len, dtype)
    except SignletError as error:
        raise SignletError(f"node {platform.node()}: {error}") from None


class _Reporting(Parallel):  # type: ignore[misc]
    """Tells of finished shards; the Ray backend cannot hand results out one by one.

    sizes: clips of each shard; all but the last are equal, so the order does not matter.
    """

    def __init__(self, sizes: list[int], advance: Step) -> None:
        super().__init__()
        self._sizes, self._advance, self._told = sizes, advance, 0

    def print_progress(self) -> None:
        """joblib calls this after every task."""
        new = self._sizes[self._told : self.n_completed_tasks]
        self._told += len(new)
        self._advance(sum(new))


@contextmanager
def _connected(address: str | None) -> Iterator[Any]:
    try:
        import ray
        from ray.util.joblib import register_ray
    except ImportError as error:
        raise SignletError(needs("packing on a Ray cluster", "ray", error)) from None
    register_ray()
    if ray.is_initialized():
        yield ray
        return
    address = address or "auto"
    if not address.startswith("ray://"):  # Ray's client has a time limit of its own
        _try_connecting(address)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Ray announces its future versions
        try:
            ray.init(address, logging_level=logging.CRITICAL, log_to_driver=False)
        except Exception as error:
            raise _no_cluster(address, str(error)) from None
    try:
        yield ray
    finally:
        ray.shutdown()


def _try_connecting(address: str) -> None:
    """Connect in another process: `ray.init` waits for minutes, and may end its process."""
    command = [sys.executable, "-c", _TRIAL, address]
    try:
        trial = subprocess.run(
            command, capture_output=True, text=True, errors="replace", timeout=PATIENCE
        )
    except subprocess.TimeoutExpired:
        raise _no_cluster(address, f"no answer within {PATIENCE:.0f} s") from None
    if trial.returncode:
        said = trial.stderr.strip().splitlines() or [f"Ray ended with {trial.returncode}"]
        raise _no_cluster(address, said[-1])


def _no_cluster(address: str, reason: str) -> SignletError:
    return SignletError(
        f"--address {address}: cannot connect to a Ray cluster ({' '.join(reason.split())}); "
        "check the address, and give the command on a machine of the cluster"
    )


@contextmanager
def _shared(work: Sequence[tuple[Shard, list[ClipRef]]]) -> Iterator[Shared]:
    shard, refs = work[0]
    mark = shard.folder / f".{layout.SETTINGS}-{uuid4().hex}"  # resume knows it as temporary
    sample = refs[0].path if exists(refs[0].path) else None
    write_text(mark, "")
    try:
        yield Shared(os.getcwd(), mark.name, sample)
    finally:
        mark.unlink(missing_ok=True)


def _workers(ray: Any, jobs: int) -> int:
    free, whole = (
        int(resources().get("CPU", 0))
        for resources in (ray.available_resources, ray.cluster_resources)
    )
    if free < max(jobs, 1):  # Ray would wait for them without a word
        raise SignletError(
            f"the Ray cluster has {whole} CPUs, {free} of them free, and {max(jobs, 1)} are "
            "needed; give fewer --jobs or wait until its other work is done"
        )
    return free if jobs == -1 else jobs


def _reason(error: Exception) -> str:
    """One line out of Ray's many."""
    text = re.sub(r"\x1b\[\d*m", "", str(error))
    missing = re.search(r"No module named '([\w.]+)'", text)
    if missing:
        return f"a node of the Ray cluster lacks {missing[1]}; install the same on every node"
    said = next(iter(text.strip().splitlines()), type(error).__name__).strip()
    return (
        f"a worker of the Ray cluster was stopped ({said.rstrip('.')}); run the same command "
        "again, finished clips are kept"
    )
