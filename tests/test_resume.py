"""A training that is stopped after any of its steps goes on to the same weights."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from signlet.cli import main
from signlet.cli.resume_hints import KEPT
from signlet.errors import Interrupted
from signlet.pack import PackedSet
from signlet.training import Recipe, clips, fold
from signlet.training.checkpoint import load_checkpoint
from signlet.training.fold import CHECKPOINT, FoldTraining
from signlet.training.progress import Silent
from signlet_testing.clips import moving_hand
from signlet_testing.recipes import SMALL, TINY, fold_training, weights

EPOCHS = 2


def with_steps(steps: int, packed: PackedSet, folder: Path) -> Recipe:
    """The tiny recipe with so many steps an epoch."""
    clips = len(fold_training(TINY, packed, folder).batches.rows)
    length = replace(TINY.optimiser, epochs=EPOCHS, batch_size=-(-clips // steps))
    recipe = replace(TINY, optimiser=length)
    assert fold_training(recipe, packed, folder).batches.steps == steps
    return recipe


def stopping(monkeypatch: pytest.MonkeyPatch, after: int) -> None:
    """Let a signal come in the step `after`, 1 for the first that is trained; 0 for none."""

    @contextmanager
    def stop() -> Iterator[Callable[[], bool]]:
        asked: list[bool] = []
        yield lambda: asked.append(True) or len(asked) == after  # type: ignore[func-returns-value]

    monkeypatch.setattr(fold, "stop_on_interrupt", stop)


def stopped(recipe: Recipe, packed: PackedSet, folder: Path) -> tuple[int, int]:
    """Go on from what lies in the folder to the stop; the place that is in the checkpoint."""
    training = fold_training(recipe, packed, folder)
    training.resume()
    with pytest.raises(Interrupted):
        training.run(Silent())
    state = load_checkpoint(folder / CHECKPOINT)
    return state["epoch"], state["step"]


def ended(recipe: Recipe, packed: PackedSet, folder: Path) -> FoldTraining:
    """Go on to the end."""
    training = fold_training(recipe, packed, folder)
    training.resume()
    training.run(Silent())
    return training


def same(one: FoldTraining, other: FoldTraining) -> bool:
    """Whether weights, soup and figures are equal, bit for bit; times are others."""
    first, second = weights(one), weights(other)
    figures = [[replace(m, seconds=0, clips_per_second=0) for m in x.metrics] for x in (one, other)]
    return str(figures[0]) == str(figures[1]) and all(
        torch.equal(first[n], second[n]) for n in first
    )


@pytest.mark.parametrize(("steps", "device"), [(1, "cpu"), (2, "cpu"), (3, "cpu"), (2, "meta")])
def test_stopped_after_every_step(
    steps: int,
    device: str,
    tiny_packed: PackedSet,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Clips that are on another device than the training are fetched ahead."""
    recipe = with_steps(steps, tiny_packed, tmp_path / "a")
    monkeypatch.setattr(PackedSet, "device", torch.device(device))
    stopping(monkeypatch, 0)
    undisturbed = ended(recipe, tiny_packed, tmp_path / "a")
    stopping(monkeypatch, 1)
    places = [stopped(recipe, tiny_packed, tmp_path / "b") for _ in range(EPOCHS * steps + 1)]
    within = [(epoch, step) for epoch in range(EPOCHS) for step in range(1, steps + 1)]
    assert places == [*within, (EPOCHS, 0)]
    stopping(monkeypatch, 0)
    assert same(undisturbed, ended(recipe, tiny_packed, tmp_path / "b"))


def test_the_command_says_the_same_wherever_it_is_stopped_and_what_it_says_is_right(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The signal comes in the packing, in the only step, and while the models are written."""
    for number, sign in enumerate(("circle", "line")):
        (tmp_path / "clips" / sign).mkdir(parents=True)
        for take in range(3):
            file = tmp_path / "clips" / sign / f"anna_{take}.npz"
            np.savez(file, landmarks=moving_hand(number, 0, take))
    command = ["train", "--data", str(tmp_path / "clips"), "--run", str(tmp_path / "run"), *SMALL]
    command += ["--folds", "none", "--full-fit", "--jobs", "1"]
    stops = [(clips, "pack"), (FoldTraining, "run_step"), (FoldTraining, "with_head")]
    for place, (owner, name) in enumerate(stops):
        with monkeypatch.context() as patch:
            patch.setattr(owner, name, with_a_signal(getattr(owner, name)))
            assert main([*command, *["--resume"][:place]]) == 143
        assert capsys.readouterr().err.endswith(f"signlet: stopped; {KEPT['train']}\n")
    assert "the same command with --resume continues" in KEPT["train"]
    assert main([*command, "--resume"]) == 0
    assert (tmp_path / "run" / "model.safetensors").exists()


def with_a_signal(work: Callable[..., Any]) -> Callable[..., Any]:
    """The same work, in which a signal comes."""

    def stopped_work(*given: Any, **named: Any) -> Any:
        done = work(*given, **named)
        signal.raise_signal(signal.SIGTERM)
        return done

    return stopped_work
