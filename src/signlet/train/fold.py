"""Train the three models of one fold, from wherever its checkpoint stands."""

from __future__ import annotations

import hashlib
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml
from numpy.typing import NDArray
from torch import Tensor

from signlet.errors import SignletError
from signlet.pack import PackedSet
from signlet.predict import accuracy
from signlet.soup import empty_soup
from signlet.train.batches import Batches
from signlet.train.checkpoint import load_checkpoint, save_checkpoint
from signlet.train.metrics import EpochMetrics
from signlet.train.optimiser import make_optimiser, optimise
from signlet.train.progress import Display
from signlet.train.schedule import consistency_factor, learning_rate_factor
from signlet.train.settings import Recipe
from signlet.train.task import Task

CHECKPOINT = "checkpoint.pt"
TRAINED = ("student", "distilled")


class Interrupted(SignletError):  # noqa: N818
    """Ctrl-C: the state is saved and `--resume` continues."""


class FoldTraining:
    """One fold's models, optimisers and place in the training.

    packed: on the device to train on. training, held_out: (N,) int64 rows of it.
    folder: where the checkpoint goes.
    """

    def __init__(
        self,
        recipe: Recipe,
        packed: PackedSet,
        training: NDArray[np.int64],
        held_out: NDArray[np.int64],
        folder: Path,
        device: torch.device,
    ) -> None:
        torch.manual_seed(recipe.seed)
        self.recipe, self.packed, self.folder, self.device = recipe, packed, folder, device
        self.held_out = torch.from_numpy(held_out)
        self.batches = Batches.of(packed, training, recipe)
        self.task = Task(recipe, len(packed.signs)).to(device)
        self.models = {name: getattr(self.task, name) for name in TRAINED}
        self.optimisers = {n: make_optimiser(m, recipe.optimiser) for n, m in self.models.items()}
        self.soup = empty_soup(self.task.distilled)
        self.epoch = self.step = 0
        self.sums: dict[str, Tensor] = {}
        self.metrics: list[EpochMetrics] = []

    @property
    def steps(self) -> int:
        """Steps of the whole training."""
        return self.batches.steps * self.recipe.optimiser.epochs

    def run(self, display: Display, save: bool = True) -> None:
        """Train to the end. Raises Interrupted after Ctrl-C, with the state saved."""
        with _stop_on_interrupt() as stopped:
            while self.epoch < self.recipe.optimiser.epochs:
                self._run_epoch(display, stopped)
                ended = self.epoch == self.recipe.optimiser.epochs
                if save and (ended or self.epoch % self.recipe.save_every == 0):
                    self.save()

    def _run_epoch(self, display: Display, stopped: Callable[[], bool]) -> None:
        self.task.train()
        order = self.batches.order(self.epoch)
        started, clips = time.perf_counter(), 0
        while self.step < len(order):
            self._run_step(order[self.step])
            clips += order.shape[1]
            display.advance(self.epoch, self.step, clips / (time.perf_counter() - started))
            if stopped():
                self.save()
                raise Interrupted(
                    "stopped; the state is saved: run the same command again (train: with --resume)"
                )
        seconds = time.perf_counter() - started
        self._end_epoch(seconds, clips / max(seconds, 1e-9))
        display.epoch_ended(self.metrics[-1])

    def _run_step(self, rows: Tensor) -> None:
        recipe, place = self.recipe, self.epoch * self.batches.steps + self.step
        torch.manual_seed(_dropout_seed(recipe.seed, place))
        batch = self.batches.batch(rows.to(self.device), self.epoch, self.step)
        with torch.autocast(
            self.device.type, torch.bfloat16, enabled=recipe.optimiser.precision == "bf16"
        ):
            ramp = consistency_factor(place, self.steps, recipe.teacher.ramp)
            losses = self.task.losses(batch, ramp)
        for name, model in self.models.items():
            losses[name].backward()
            optimise(self.optimisers[name], model, place, self.steps, recipe.optimiser)
        self.task.update_teacher(place)
        for name, value in losses.items():
            if name not in TRAINED:
                self.sums[name] = self.sums.get(name, torch.zeros(())) + value.detach()
        self.step += 1

    def _end_epoch(self, seconds: float, speed: float) -> None:
        recipe, done = self.recipe, self.epoch + 1
        means = {name: float(total) / self.step for name, total in self.sums.items()}
        if not all(np.isfinite(value) for value in means.values()):
            raise SignletError(
                f"loss is not a number in epoch {done}; lower optimiser.learning_rate"
            )
        if done > recipe.optimiser.epochs - recipe.soup_epochs:
            self.soup.update_parameters(self.task.distilled)
        accuracies: dict[str, float] = {}
        if done % recipe.validate_every == 0 or done == recipe.optimiser.epochs:
            models = {**self.models, "teacher": self.task.teacher}
            accuracies = {n: accuracy(m, self.packed, self.held_out) for n, m in models.items()}
        last = done * self.batches.steps - 1
        rate = learning_rate_factor(last, self.steps, recipe.optimiser.warm_up)
        rate *= recipe.optimiser.learning_rate
        self.metrics.append(EpochMetrics.of(done, seconds, speed, rate, means, accuracies))
        self.epoch, self.step = done, 0
        self.sums = {}

    def save(self) -> None:
        """Write the checkpoint."""
        state: dict[str, Any] = {
            "settings": fingerprint(self.recipe, self.packed, self.batches.rows),
            "task": self.task.state_dict(),
            "optimisers": {name: o.state_dict() for name, o in self.optimisers.items()},
            "soup": self.soup.state_dict(),
            "epoch": self.epoch,
            "step": self.step,
            "sums": self.sums,
            "metrics": [asdict(row) for row in self.metrics],
        }
        save_checkpoint(self.folder / CHECKPOINT, state)

    def resume(self) -> bool:
        """Continue from the checkpoint, if there is one.

        Raises SignletError where it belongs to other settings or clips.
        """
        path = self.folder / CHECKPOINT
        if not path.exists():
            return False
        state = load_checkpoint(path)
        if state.get("settings") != fingerprint(self.recipe, self.packed, self.batches.rows):
            raise SignletError(
                f"{path}: was written with other settings or clips; "
                "use the same recipe and data, or another --run"
            )
        self.task.load_state_dict(state["task"])
        for name, optimiser in self.optimisers.items():
            optimiser.load_state_dict(state["optimisers"][name])
        self.soup.load_state_dict(state["soup"])
        self.epoch, self.step = state["epoch"], state["step"]
        self.sums = dict(state["sums"])
        self.metrics = [EpochMetrics(**row) for row in state["metrics"]]
        return True


def fingerprint(recipe: Recipe, packed: PackedSet, rows: Tensor) -> str:
    """What must be the same for a resumed training: settings, clips and fold."""
    digest = hashlib.sha256(yaml.safe_dump(asdict(recipe), default_flow_style=True).encode())
    digest.update("\n".join([*packed.signs, *packed.names]).encode())
    digest.update(rows.numpy().tobytes())
    return digest.hexdigest()


def _dropout_seed(seed: int, place: int) -> int:
    """Seed of torch's own generator, which only dropout draws from, in one step."""
    return int(np.random.SeedSequence([seed, place]).generate_state(1, np.uint64)[0]) >> 1


@contextmanager
def _stop_on_interrupt() -> Iterator[Callable[[], bool]]:
    """Turn the first Ctrl-C into a flag, so that a step is never cut in half."""
    asked: list[int] = []

    def note(number: int, _frame: object) -> None:
        asked.append(number)
        signal.signal(signal.SIGINT, before)

    try:
        before = signal.signal(signal.SIGINT, note)
    except ValueError:  # not in the main thread: nobody can press Ctrl-C on us
        yield lambda: False
        return
    try:
        yield lambda: bool(asked)
    finally:
        signal.signal(signal.SIGINT, before)
