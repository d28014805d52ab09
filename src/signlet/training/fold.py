"""Train the three models of one fold: packed clips and rows in, weights and metrics out."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import asdict
from functools import cached_property
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
import yaml
from numpy.typing import NDArray
from torch import Tensor

from signlet.errors import Interrupted, SignletError, reason_of
from signlet.evaluation.duplicates import trained_rows
from signlet.evaluation.predict import predict
from signlet.files.same_settings import differing
from signlet.model import SignModel
from signlet.model.elementwise import dropout_seed
from signlet.model.soup import empty_soup
from signlet.pack import PackedSet
from signlet.runs.folder import CHECKPOINT
from signlet.runs.metrics import EpochMetrics
from signlet.training.batches import Batches
from signlet.training.checkpoint import load_checkpoint, save_checkpoint, unusable
from signlet.training.head import with_head
from signlet.training.init import Init
from signlet.training.interrupt import stop_on_interrupt
from signlet.training.optimiser import make_optimiser, optimise
from signlet.training.processes import Processes
from signlet.training.progress import Display
from signlet.training.schedule import consistency_factor, learning_rate_factor
from signlet.training.settings import Recipe, soup_length
from signlet.training.side_by_side import SideBySide
from signlet.training.task import TRAINED, Batch, Task

_STOPPED = "stopped; the checkpoint is saved, resume to continue this training"
"""For programs; a command says what is kept in its own words (`signlet.cli.resume_hints`)."""


class Diverged(SignletError):  # noqa: N818
    """The loss is not a number any more."""


class FoldTraining:
    """One fold's models, optimisers and position in the training.

    packed: on the device to train on, or on the host where it is too large.
    training, held_out: (N,) int64 rows of it; nothing may be held out.
    folder: where the checkpoint goes.
    processes: this process among those that train together, which can share a batch equally
        (`Processes.check_batch`).
    init: weights to start from instead of random ones.
    """

    def __init__(
        self,
        recipe: Recipe,
        packed: PackedSet,
        training: NDArray[np.int64],
        held_out: NDArray[np.int64],
        folder: Path,
        processes: Processes | None = None,
        init: Init | None = None,
    ) -> None:
        torch.manual_seed(recipe.seed)
        self.processes = processes = processes or Processes()
        _check_clips(len(training), processes.count)
        self.recipe, self.packed, self.folder = recipe, packed, folder
        self.held_out = torch.from_numpy(held_out)
        self.batches = Batches.of(packed, training, recipe, processes)
        self.init = init
        self.task = Task(recipe, len(packed.signs))
        if init is not None:
            init.start(self.task, packed.signs)
        self.task.to(processes.device)
        self.models = self.task.trained
        self.optimisers = {n: make_optimiser(m, recipe.optimiser) for n, m in self.models.items()}
        self.soup = empty_soup(self.task.distilled)
        self.epoch = self.step = 0
        self.sums: dict[str, Tensor] = {}
        self._both = SideBySide(processes)
        self.metrics: list[EpochMetrics] = []

    @property
    def steps(self) -> int:
        """Steps of the whole training."""
        return self.batches.steps * self.recipe.optimiser.epochs

    def run(self, display: Display, save: bool = True) -> None:
        """Train to the end. Raises Interrupted after Ctrl-C or SIGTERM, with the state saved.

        Several processes cannot agree on a step to stop at without waiting for each other in
        every step: Ctrl-C ends them as usual, and the last checkpoint counts.
        """
        alone = self.processes.count == 1
        self.join_processes()
        with stop_on_interrupt() if alone else nullcontext(lambda: False) as stopped:
            while self.epoch < self.recipe.optimiser.epochs:
                self._run_epoch(display, stopped)
                ended = self.epoch == self.recipe.optimiser.epochs
                if save and (ended or self.epoch % self.recipe.save_every == 0):
                    self.save()
            if save and stopped():
                raise Interrupted(_STOPPED)

    def join_processes(self) -> None:
        """From now on both models' gradients are averaged over the processes."""
        if self.processes.count > 1:
            self.task.wrap_models(self.processes.wrap)
        elif self.recipe.optimiser.precision == "bf16" and self.processes.device.type != "cpu":
            self.task.lower_weights()

    def _run_epoch(self, display: Display, stopped: Callable[[], bool]) -> None:
        self.task.train()
        started, clips = time.perf_counter(), 0
        self.task.begin_epoch(self.epoch / self.recipe.optimiser.epochs)
        for batch in self.batches.stream(self.epoch, self.step):
            self.run_step(batch)
            clips += self.batches.size
            speed = clips / (time.perf_counter() - started)
            display.advance(self.epoch, self.step - 1, speed)
            if stopped():
                self.save()
                raise Interrupted(_STOPPED)
        self._end_epoch(time.perf_counter() - started, clips)
        display.epoch_ended(self.metrics[-1])

    def run_step(self, batch: Batch) -> None:
        """One optimiser step of both models and the teacher's move."""
        global_step = self.epoch * self.batches.steps + self.step
        with self._autocast(batch):
            teacher_logits = self.task.teacher_logits(batch)
        of_both = self._both.each(
            TRAINED, lambda name: self._move(name, batch, teacher_logits, global_step)
        )
        self.task.update_teacher(global_step)
        for name, losses in zip(TRAINED, of_both, strict=True):
            for part, value in losses.items():
                before = self.sums.get(f"{part}_{name}")
                self.sums[f"{part}_{name}"] = value if before is None else before + value
        self.step += 1

    def _move(
        self, name: str, batch: Batch, teacher_logits: Tensor | None, global_step: int
    ) -> dict[str, Tensor]:
        """One model's optimiser step; scalars that its loss is made of, by their names."""
        seed = _dropout_seed(
            self.recipe.seed, global_step, self.processes.rank, TRAINED.index(name)
        )
        ramp = consistency_factor(global_step, self.steps, self.recipe.teacher.ramp)
        with dropout_seed(seed), self._autocast(batch):
            losses = self.task.losses(name, batch, teacher_logits, ramp)
        losses.pop("total").backward()
        settings = self.recipe.optimiser
        optimise(self.optimisers[name], self.models[name], global_step, self.steps, settings)
        return {part: value.detach() for part, value in losses.items()}

    def _autocast(self, batch: Batch) -> torch.autocast:
        half = self.recipe.optimiser.precision == "bf16"
        return torch.autocast(batch.frames.device.type, torch.bfloat16, enabled=half)

    def _end_epoch(self, seconds: float, clips: int) -> None:
        recipe, done = self.recipe, self.epoch + 1
        means = {n: float(self.processes.mean(x)) / self.step for n, x in self.sums.items()}
        if not all(np.isfinite(value) for value in means.values()):
            raise Diverged(f"loss is not a number in epoch {done}; lower optimiser.learning_rate")
        if done > recipe.optimiser.epochs - soup_length(recipe):
            self.soup.update_parameters(self.task.distilled)
        accuracies: dict[str, float] = {}
        if done % recipe.validate_every == 0 or done == recipe.optimiser.epochs:
            accuracies = self._accuracies()
        last = done * self.batches.steps - 1
        rate = learning_rate_factor(last, self.steps, recipe.optimiser.warm_up)
        rate *= recipe.optimiser.learning_rate
        speed = clips / max(seconds, 1e-9)
        self.metrics.append(EpochMetrics.of(done, seconds, speed, rate, means, accuracies))
        self.epoch, self.step = done, 0
        self.sums = {}

    def _accuracies(self) -> dict[str, float]:
        """Share of the held-out clips that each model names correctly; nothing if none counts.

        Those that were trained on under another name do not count, as in the verdict.
        """
        if not self._counting.any():
            return {}
        labels = self.batches.labels[self.held_out]
        models = {**self.models, "teacher": self.task.teacher}
        right = {name: self.predict(m).argmax(1) == labels for name, m in models.items()}
        return {name: float(r[self._counting].float().mean()) for name, r in right.items()}

    @cached_property
    def _counting(self) -> Tensor:
        rows = self.held_out.numpy(), self.batches.rows.numpy()
        return torch.from_numpy(~trained_rows(self.packed, *rows))

    def with_head(self, model: SignModel) -> SignModel:
        """A trained model with the head that the recipe asks for."""
        rows = self.batches.rows.numpy()
        return with_head(model, self.recipe.head, self.packed, rows, self.processes)

    def soup_with_head(self) -> SignModel:
        """Return the soup with the recipe's head: the model that a run ships."""
        return self.with_head(self.soup_model)

    @property
    def soup_model(self) -> SignModel:
        """Soup as it is so far; `AveragedModel` does not tell the type of what it averages."""
        return cast(SignModel, self.soup.module)

    def predict(self, model: SignModel) -> Tensor:
        """Probabilities (N, K) of the held-out clips, each looked at by one of the processes."""
        return self.processes.shared(lambda rows: predict(model, self.packed, rows), self.held_out)

    def save(self) -> None:
        """Write the checkpoint, on the main process."""
        state: dict[str, Any] = {
            "settings": self._fingerprint(),
            "task": self.task.state_dict(),
            "optimisers": {name: o.state_dict() for name, o in self.optimisers.items()},
            "soup": self.soup.state_dict(),
            "epoch": self.epoch,
            "step": self.step,
            "sums": self.sums,
            "metrics": [asdict(row) for row in self.metrics],
        }
        self.processes.main_only(lambda: save_checkpoint(self.folder / CHECKPOINT, state))

    def resume(self) -> bool:
        """Continue from the checkpoint, if there is one, with any number of processes.

        Raises SignletError if it belongs to other settings or clips.
        """
        path = self.folder / CHECKPOINT
        if not path.exists():
            return False
        state = load_checkpoint(path)
        if differing(state, {"settings": self._fingerprint()}):
            raise SignletError(
                f"{path}: was written with other settings, clips or starting weights; "
                "use the same recipe, data and --init, or another --run"
            )
        try:
            self._take(state)
        except Exception as error:  # whatever torch makes of states that fit nothing
            reason = reason_of(error, 200)
            raise unusable(path, f"does not fit this training ({reason})") from None
        return True

    def _take(self, state: dict[str, Any]) -> None:
        """Continue from a checkpoint's state; raises anything where it does not fit."""
        self.epoch, self.step = state["epoch"], state["step"]
        self.metrics = [EpochMetrics(**row) for row in state["metrics"]]
        epochs, steps = self.recipe.optimiser.epochs, self.batches.steps
        # A stop after an epoch's last step leaves the end of the epoch to do: step n of n.
        done = self.epoch * steps + self.step
        if self.epoch < 0 or not 0 <= self.step <= steps or done > self.steps:
            raise ValueError(f"epoch {self.epoch} of {epochs}, step {self.step} of {steps}")
        if len(self.metrics) != self.epoch:
            raise ValueError(f"figures of {len(self.metrics)} epochs after {self.epoch}")
        self.task.load_state_dict(state["task"])
        for name, optimiser in self.optimisers.items():
            optimiser.load_state_dict(state["optimisers"][name])
        self.soup.load_state_dict(state["soup"])
        self.sums = {name: x.to(self.processes.device) for name, x in state["sums"].items()}

    def _fingerprint(self) -> str:
        digest = "" if self.init is None else self.init.digest
        return fingerprint(self.recipe, self.packed, self.batches.rows, digest)


def _check_clips(clips: int, processes: int) -> None:
    if clips < processes:
        raise SignletError(f"{clips} clips are left to train on; give more clips or fewer folds")


def fingerprint(recipe: Recipe, packed: PackedSet, rows: Tensor, init: str = "") -> str:
    """Hash what a resumed training must have in common: settings, clips, fold, first weights."""
    digest = hashlib.sha256(yaml.safe_dump(asdict(recipe), default_flow_style=True).encode())
    digest.update("\n".join([*packed.signs, *packed.names]).encode())
    digest.update(rows.numpy().tobytes() + init.encode())
    return digest.hexdigest()


def _dropout_seed(seed: int, global_step: int, rank: int, model: int) -> int:
    """Seed of what one model's dropout draws in one step."""
    entropy = np.random.SeedSequence([seed, global_step, rank, model])
    return int(entropy.generate_state(1, np.uint64)[0]) >> 1
