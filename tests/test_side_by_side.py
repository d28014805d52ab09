"""Student and distilled model in threads of their own: the same training, no surprises."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from signlet.model.elementwise import Dropout, dropout_seed
from signlet.pack import PackedSet
from signlet.training.processes import Processes
from signlet.training.progress import Silent
from signlet.training.side_by_side import SideBySide
from signlet_testing import PATIENCE
from signlet_testing.distributed_run import Exact
from signlet_testing.recipes import TINY, fold_training, weights


@pytest.fixture
def two_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def test_with_two_threads_the_models_meet(two_threads: None) -> None:
    meeting = threading.Barrier(2)
    SideBySide(Processes()).each(
        ("student", "distilled"), lambda _: meeting.wait(PATIENCE) and None
    )


@pytest.mark.parametrize("processes", [Processes(), Processes(0, 2)])
def test_with_one_thread_or_several_processes_they_take_turns(processes: Processes) -> None:
    torch.set_num_threads(processes.count)
    turns: list[tuple[str, int]] = []
    try:
        SideBySide(processes).each(
            ("student", "distilled"), lambda name: turns.append((name, threading.get_ident()))
        )
    finally:
        torch.set_num_threads(1)
    assert turns == [("student", threading.get_ident()), ("distilled", threading.get_ident())]


@pytest.mark.parametrize("failing", ["student", "distilled"])
def test_an_error_of_either_is_raised_when_both_have_ended(two_threads: None, failing: str) -> None:
    ended = []

    def work(name: str) -> None:
        ended.append(name)
        if name == failing:
            raise ValueError(name)

    both = SideBySide(Processes())
    with pytest.raises(ValueError, match=failing):
        both.each(("student", "distilled"), work)
    assert sorted(ended) == ["distilled", "student"]
    assert torch.get_num_threads() == 2
    both.each(("student", "distilled"), ended.append)  # and may go on
    assert len(ended) == 4


@pytest.fixture
def double() -> Iterator[None]:
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def test_side_by_side_is_the_same_training(
    double: None, tiny_packed: PackedSet, tmp_path: Path
) -> None:
    """The weights agree with one thread's; in double precision, see `Exact`."""
    packed = Exact.open(tiny_packed.path)
    alone = fold_training(TINY, packed, tmp_path / "alone")
    alone.run(Silent(), save=False)
    torch.set_num_threads(2)
    try:
        together = fold_training(TINY, packed, tmp_path / "together")
        together.run(Silent(), save=False)
    finally:
        torch.set_num_threads(1)
    for name, tensor in weights(alone).items():
        torch.testing.assert_close(weights(together)[name], tensor, rtol=1e-6, atol=1e-9)


def test_dropout_of_one_thread_does_not_disturb_another() -> None:
    drop, ones = Dropout(0.5).train(), torch.ones(1000)
    with dropout_seed(1):
        alone = drop(ones)
    with dropout_seed(1):
        other = threading.Thread(target=lambda: [drop(ones) for _ in range(10)])
        other.start()
        other.join()
        torch.testing.assert_close(drop(ones), alone, rtol=0, atol=0)
    with dropout_seed(2):
        assert not torch.equal(drop(ones), alone)
