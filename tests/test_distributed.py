"""Several processes train as one does: the same losses, weights and predictions."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from signlet.errors import SignletError
from signlet.evaluation.predictions import read_predictions
from signlet.pack import PackedSet
from signlet.runs import RunFolder
from signlet.runs.metrics import EpochMetrics, read_metrics
from signlet.training import train
from signlet.training.fold import CHECKPOINT, FoldTraining
from signlet.training.processes import Processes
from signlet_testing import PATIENCE, importable
from signlet_testing.distributed_run import TINY, Job, forkserver

KILLS = int(os.environ.get("SIGNLET_TEST_KILLS", "1"))
"""The documented ten take minutes; the first kills one rank, another test the whole job."""
ENVIRONMENT = importable() | {"OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}


@pytest.fixture(scope="module")
def start(tiny_packed: PackedSet) -> Iterator[Callable[..., Job]]:
    """Starts a training in a folder with so many processes."""
    with forkserver() as context:
        yield partial(Job.started, context, tiny_packed.path)


def curve(run: Path) -> np.ndarray:
    """(epochs, 7) what was measured in each epoch, apart from times."""
    rows: list[EpochMetrics] = read_metrics(run / "fold-0" / "metrics.csv")
    names = ("loss", "consistency", "accuracy")
    return np.array([[v for k, v in vars(r).items() if k.startswith(names)] for r in rows])


@pytest.fixture(scope="module")
def two_and_one(start: Callable[..., Job], tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Run folders of the same training by two processes and by one."""
    runs = [tmp_path_factory.mktemp("processes") / name for name in ("two", "one")]
    for job in [start(run, 2 - i, watch=True) for i, run in enumerate(runs)]:
        job.finish()
    return runs


def test_two_processes_have_the_loss_curve_of_one(two_and_one: list[Path]) -> None:
    two, one = (curve(run) for run in two_and_one)
    assert two.shape == one.shape == (TINY.optimiser.epochs, 7)
    np.testing.assert_allclose(two, one, rtol=1e-4, atol=1e-6)


def test_all_processes_hold_the_same_teacher_student_and_statistics(
    two_and_one: list[Path],
) -> None:
    first, second = (
        torch.load(two_and_one[0] / "fold-0" / f"state-{rank}.pt", weights_only=True)
        for rank in (0, 1)
    )
    assert any(name.startswith("teacher") and "running" in name for name in first)
    for name, tensor in first.items():
        assert torch.equal(tensor, second[name]), name


def test_evaluation_counts_every_clip_once(two_and_one: list[Path], tiny_packed: PackedSet) -> None:
    two, one = (read_predictions(run / "predictions.parquet")["soup"] for run in two_and_one)
    assert two.names == one.names
    assert len(set(two.names)) == len(two.names)
    np.testing.assert_allclose(two.probabilities, one.probabilities, atol=1e-4)


def test_a_run_goes_on_with_another_number_of_processes(
    start: Callable[..., Job], two_and_one: list[Path], tmp_path: Path
) -> None:
    job = start(tmp_path / "cut", 2)
    wait_for(tmp_path / "cut" / "fold-0" / CHECKPOINT, job)
    job.kill()
    start(tmp_path / "cut", 1).finish()
    np.testing.assert_allclose(curve(tmp_path / "cut"), curve(two_and_one[1]), rtol=1e-4, atol=1e-6)


def wait_for(path: Path, job: Job) -> None:
    deadline = time.monotonic() + PATIENCE
    while not path.exists() and job.ranks[0].is_alive() and time.monotonic() < deadline:
        time.sleep(0.01)


def test_a_second_training_in_the_same_folder_is_refused(
    tiny_packed: PackedSet, tmp_path: Path
) -> None:
    with RunFolder(tmp_path).only_one(), pytest.raises(SignletError, match="another training"):
        train(TINY, tiny_packed, tmp_path, [0])


def test_the_documented_command_runs_with_a_folder_of_its_own(
    tiny_packed: PackedSet, tmp_path: Path
) -> None:
    launcher = ["torch.distributed.run", "--standalone", "--nproc_per_node", "2", "-m", "--"]
    sizes = ["--dense", "8", "--widths", "[16,16,16,16]", "--heads", "4"]
    tiny = [
        word.replace("--", f"--{model}.") if word.startswith("--") else word
        for model in ("student", "distilled")
        for word in sizes
    ]
    command = ["signlet", "train", "--data", str(tiny_packed.path), "--run", str(tmp_path / "run")]
    short = ["--optimiser.epochs", "1", "--soup_epochs", "1", "--optimiser.batch_size", "8"]
    options = ["--folds", "0", "--packing.max_len", "12", *short, *tiny]
    done = subprocess.run(
        [sys.executable, "-m", *launcher, *command, *options],
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("2 processes") == 1
    assert (tmp_path / "run" / "model.safetensors").exists()


@pytest.mark.slow
def test_killed_again_and_again_it_ends_as_if_undisturbed(
    start: Callable[..., Job], tmp_path: Path
) -> None:
    """One rank or the whole job, at random points; every resume starts at the last checkpoint."""
    rng = random.Random(7)
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    options = {"epochs": 4 * (KILLS + 1), "folds": [0], "full_fit": True}
    start(whole, 2, **options).finish()
    for kill in range(KILLS):
        job = start(cut, 2, **options)
        wait_for(cut / "fold-0" / CHECKPOINT, job)
        time.sleep(rng.uniform(0, 1.5 / KILLS))
        job.kill(*([rng.randrange(2)] if kill % 2 == 0 else []))
    start(cut, 2, **options).finish()
    for name in ("fold-0/soup", "fold-0/teacher", "full/soup", "."):
        files = [load_file(run / name / "model.safetensors") for run in (whole, cut)]
        assert all(torch.equal(files[0][key], files[1][key]) for key in files[0]), name


def test_batches_that_cannot_be_shared_are_refused() -> None:
    with pytest.raises(SignletError, match="multiple of 2"):
        Processes(0, 2).check_batch(7)


def test_the_parts_of_a_batch_are_the_batch_of_one_process(
    tiny_packed: PackedSet, tmp_path: Path
) -> None:
    rows = np.arange(16)
    alone = FoldTraining(TINY, tiny_packed, rows, rows[:4], tmp_path).batches
    whole = next(alone.stream(0))
    parts = [
        next(FoldTraining(TINY, tiny_packed, rows, rows[:4], tmp_path, p).batches.stream(0))
        for p in (Processes(0, 2), Processes(1, 2))
    ]
    assert torch.equal(whole.labels, torch.cat([part.labels for part in parts]))
    views = [torch.cat(pair) for pair in zip(*(p.frames.chunk(3) for p in parts), strict=True)]
    assert torch.equal(whole.frames, torch.cat(views))
    assert whole.mixup is not None
    shares = [p.mixup.share if p.mixup else torch.ones(4) for p in parts]
    assert torch.equal(whole.mixup.share, torch.cat(shares))
