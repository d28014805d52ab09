"""Packing on a Ray cluster: the same files as here, and one line where it cannot be used.

A cluster of two nodes with one CPU each is started on this machine, with Ray's smallest
object store (75 MiB; where /dev/shm is smaller, Ray takes /tmp by itself).
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from signlet.cli import main
from signlet.clip import Clip
from signlet.errors import SignletError
from signlet.pack import cluster, pack, writer
from signlet.pack.shard import Shard
from signlet.sources import ClipRef
from signlet_testing import importable
from signlet_testing.clips import Synthetic, moving_hand

STORE = 75 * 1024 * 1024


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Of a running cluster of two nodes; nothing of it is left behind."""
    ray = pytest.importorskip("ray")
    from ray.cluster_utils import Cluster

    logging.getLogger("ray").setLevel(logging.CRITICAL)
    node = {"num_cpus": 1, "object_store_memory": STORE, "include_dashboard": False}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        # The nodes import the sources below.
        patch.setenv("PYTHONPATH", importable(Path(__file__).parent)["PYTHONPATH"])
        patch.delenv("RAY_ADDRESS", raising=False)
        patch.setattr(cluster, "PATIENCE", 200.0)  # a busy machine is no failure
        nodes = Cluster(initialize_head=True, head_node_args=node)
        try:
            nodes.add_node(**node)
            yield nodes.address
        finally:
            ray.shutdown()
            nodes.shutdown()


@dataclass(frozen=True)
class Logged(Synthetic):
    """Notes which process read which clip. stop: where Ctrl-C comes."""

    log: Path = Path("log")
    stop: str = ""

    def read(self, ref: ClipRef) -> Clip:
        if ref.name == self.stop:
            raise KeyboardInterrupt
        with self.log.open("a") as log:
            log.write(f"{os.getpid()} {ref.name}\n")
        return super().read(ref)

    def noted(self) -> list[list[str]]:
        return [line.split() for line in self.log.read_text().splitlines()]


def content(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


# --- on a cluster -----------------------------------------------------------------------


@pytest.mark.slow
def test_the_command_gives_the_same_files_as_here(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(writer, "SHARD_CLIPS", 2)
    monkeypatch.chdir(tmp_path)  # the workers start elsewhere
    for take in range(5):
        path = Path("clips", "wave", f"anna_{take}.npy")
        path.parent.mkdir(parents=True, exist_ok=True)
        np.save(path, moving_hand(0, 1, take))
    Path("clips/wave/ben_0.npy").write_bytes(b"no array")
    capfd.readouterr()
    command = ["pack", "clips", "--max_len", "12", "-o"]
    assert main([*command, "out", "--backend", "ray", "--address", address]) == 0
    said, complaints = capfd.readouterr()
    assert "5 clips" in said
    assert "1 clips skipped" in said
    assert complaints == ""
    assert main([*command, "here", "--jobs", "1"]) == 0
    assert content(Path("out")) == content(Path("here"))


@pytest.mark.slow
def test_what_was_begun_here_goes_on_there_in_two_processes(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "SHARD_CLIPS", 2)
    source = Logged(log=tmp_path / "log")
    names = [ref.name for ref in source.refs()]
    with pytest.raises(KeyboardInterrupt):
        pack(replace(source, stop=names[5]), tmp_path / "out", 12, jobs=1)
    source.log.unlink()
    pack(source, tmp_path / "out", 12, backend="ray", address=address)
    processes, read = zip(*source.noted(), strict=True)
    assert sorted(read) == sorted(names[4:])
    assert len(set(processes) - {str(os.getpid())}) == 2
    pack(source, tmp_path / "undisturbed", 12, jobs=1)
    assert content(tmp_path / "out") == content(tmp_path / "undisturbed")


# --- a node that is of no use -----------------------------------------------------------


@pytest.mark.parametrize(
    ("lacking", "problem"),
    [
        ({"mark": "elsewhere"}, r"shards: is not the folder that the other machines see"),
        ({"sample": Path("nowhere.npz")}, r"nowhere\.npz: does not exist"),
        ({"version": "0.0.1"}, r"not 0\.0\.1; install the same"),
    ],
)
def test_a_node_that_lacks_something_is_named_and_writes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lacking: dict[str, object], problem: str
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "shards"
    folder.mkdir()
    (folder / "mark").touch()
    shared = replace(cluster.Shared(str(tmp_path), "mark", None), **lacking)
    with pytest.raises(SignletError, match=rf"^node \S+: .*{problem}") as caught:
        cluster._write_there(
            shared, Synthetic(), Synthetic().refs(), Shard(folder, 0), 12, "float32"
        )
    assert "\n" not in str(caught.value)
    assert set(content(folder)) == {"mark"}


# --- a cluster that is of no use --------------------------------------------------------


def refused(out: Path, problem: str, **options: object) -> None:
    with pytest.raises(SignletError, match=problem) as caught:
        pack(Synthetic(), out, 12, **options)
    assert "\n" not in str(caught.value)


def test_without_ray_the_remedy_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    refused(tmp_path, "needs the extra ray", backend="ray")


def test_no_answer_is_one_line_after_a_while(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("ray")
    monkeypatch.setattr(cluster, "PATIENCE", 1.0)
    refused(tmp_path, "127.0.0.1:1: .*no answer within 1 s", backend="ray", address="127.0.0.1:1")
    assert not any(path.name.startswith(".") for path in tmp_path.rglob("*"))


@pytest.mark.slow
def test_a_senseless_address_is_one_line(tmp_path: Path) -> None:
    pytest.importorskip("ray")
    refused(tmp_path, "--address nonsense: cannot connect", backend="ray", address="nonsense")


@pytest.mark.parametrize(("jobs", "free"), [(3, 2), (-1, 0)])
def test_more_workers_than_free_cpus_are_refused(jobs: int, free: int) -> None:
    ray = SimpleNamespace(
        available_resources=lambda: {"CPU": float(free)}, cluster_resources=lambda: {"CPU": 2.0}
    )
    with pytest.raises(SignletError, match=f"has 2 CPUs, {free} of them free"):
        cluster._workers(ray, jobs)


def test_an_address_without_a_cluster_and_unknown_backends_are_refused(tmp_path: Path) -> None:
    refused(tmp_path, "add --backend ray", address="10.0.0.1:6379")
    refused(tmp_path, "backend is dask; choose local or ray", backend="dask")
    assert list(tmp_path.iterdir()) == []
