"""Train a recipe again without some signs, so that there are clips of signs that it cannot know.

The signs are dealt into groups. For each group and each fold a model is trained on the other
groups' signs and the other folds' signers, and answers to the fold's clips: those of the
group are of unknown signs *and* of unseen signers, as they will be in use.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from signlet.errors import SignletError
from signlet.evaluation.folds import FoldPlan
from signlet.evaluation.predict import predict, predictions_of
from signlet.evaluation.predictions import Predictions, average, read_predictions, write_predictions
from signlet.files.atomic import write_text
from signlet.files.json_text import parsed
from signlet.files.regular import content_of
from signlet.files.same_settings import differing
from signlet.modelfile.averaging import Kind
from signlet.pack import PackedSet
from signlet.runs.folder import RunFolder
from signlet.training import Recipe, fit
from signlet.training.progress import Events
from signlet.training.run import plan_of
from signlet.training.settings import plain
from signlet.training.turns import Turn

SETTINGS, SOUP = "settings.json", "soup"
_LARGEST = 256 << 20
_GROUPS_SEED = 42
"""Of the groups of signs; the same for every run, so that runs can be averaged."""


def _impossible(signs: int, groups: int) -> str:
    if signs < 3:
        return f"{signs} signs are too few to leave some out; give clips of other signs: --unknown"
    possible = "3" if signs == 3 else f"a number from 2 to {signs}"
    return (
        f"--leave-out {groups}: give {possible} for your {signs} signs, so that at least two "
        "remain to train on, or give clips of other signs: --unknown"
    )


def sign_groups(signs: int, groups: int) -> list[NDArray[np.int64]]:
    """Classes 0..signs-1 dealt at random into groups of about the same size.

    Raises SignletError if there are fewer than two groups, more groups than signs, or
    fewer than two signs besides a group.
    """
    largest = -(-signs // max(groups, 1))
    if not 2 <= groups <= signs or signs - largest < 2:
        raise SignletError(_impossible(signs, groups))
    order = np.random.default_rng(_GROUPS_SEED).permutation(signs)
    return [np.sort(part) for part in np.array_split(order, groups)]


def without(packed: PackedSet, left_out: NDArray[np.int64]) -> PackedSet:
    """The same clips, where these classes are unknown: label -1, the others closed up."""
    kept = np.setdiff1d(np.arange(len(packed.signs)), left_out)
    number = np.full(len(packed.signs) + 1, -1, dtype=np.int64)  # the last one is for label -1
    number[kept] = np.arange(len(kept))
    signs = tuple(packed.signs[i] for i in kept)
    header = replace(packed.header, settings=replace(packed.header.settings, signs=signs))
    return replace(packed, header=header, labels=number[packed.labels])


@dataclass(frozen=True)
class LeaveOut:
    """Trainings of a recipe without some of the signs, for every group and fold.

    work: where their answers are kept; what is finished there is not trained again.
    split: the published split that the run held out, None for folds of signers.
    """

    recipe: Recipe
    packed: PackedSet
    folds: tuple[int, ...]
    groups: int
    work: Path
    device: str = "auto"
    split: str | None = None

    def folder(self, fold: int, group: int) -> Path:
        """Return the folder of one training's checkpoint and predictions."""
        return self.work / f"fold-{fold}-without-{group}-of-{self.groups}"

    def _predictions(self, fold: int, group: int) -> Path:
        return RunFolder(self.folder(fold, group)).predictions

    def todo(self) -> list[tuple[int, int]]:
        """Fold and group of the trainings that are not finished."""
        every = product(self.folds, range(self.groups))
        return [one for one in every if not self._predictions(*one).exists()]

    def check(self) -> None:
        """Raise SignletError, before a training, where one would have fewer than two signs."""
        parts = sign_groups(len(self.packed.signs), self.groups)
        plan = plan_of(self.packed, self.recipe, self.split)
        for fold, group in self.todo():
            shown = np.unique(self.packed.labels[plan.training(fold)])
            left = np.setdiff1d(shown, parts[group])
            if len(left) < 2:
                raise SignletError(
                    f"fold {fold}, group {group}: only {len(left)} of the signs would remain to "
                    "train on; use more groups, so that each leaves out fewer signs, or give "
                    "clips of unknown signs"
                )

    def run(self, events: Events | None = None) -> list[Predictions]:
        """Train what is missing; the answers to the held-out signers' clips of each training.

        Clips of the signs left out have label -1. Each clip of a fold is unknown to one of
        the trainings and known to the others.
        Raises SignletError; `Interrupted` after Ctrl-C, when the same call goes on.
        """
        events = events or Events()
        self.check()
        parts = sign_groups(len(self.packed.signs), self.groups)
        plan = plan_of(self.packed, self.recipe, self.split)
        with RunFolder(self.work).only_one():
            self._open()
            todo = self.todo()
            for place, (fold, group) in enumerate(todo, 1):
                names = _listed([self.packed.signs[i] for i in parts[group]])
                events.line(f"Training {place} of {len(todo)}: fold {fold}, without {names}.")
                turn = Turn(place, len(todo))
                self._train(fold, group, parts[group], plan, events, turn)
        every = product(self.folds, range(self.groups))
        return [self._answers(self._predictions(*one)) for one in every]

    def _answers(self, path: Path) -> Predictions:
        """Read the answers of a training. Raises SignletError if its file is damaged."""
        found = read_predictions(path)
        if set(found) != {SOUP} or not set(found[SOUP].signs) < set(self.packed.signs):
            raise SignletError(
                f"{path}: belongs to another training; delete {path.parent} to train it again"
            )
        return found[SOUP]

    def _train(
        self,
        fold: int,
        group: int,
        part: NDArray[np.int64],
        plan: FoldPlan,
        events: Events,
        turn: Turn,
    ) -> None:
        clips, folder = without(self.packed, part), self.folder(fold, group)
        rows, tested = plan.training(fold), plan.held_out(fold)
        rows = rows[clips.labels[rows] >= 0]
        soup = fit(self.recipe, clips, rows, folder, device=self.device, events=events, turn=turn)
        answers = predict(soup, clips, torch.from_numpy(tested)).numpy()
        held_out = {SOUP: predictions_of(clips, tested, answers, fold)}
        write_predictions(self._predictions(fold, group), held_out)

    def _open(self) -> None:
        """Refuse a folder whose trainings are of another recipe or other clips."""
        settings = {
            "recipe": plain(self.recipe),
            "clips": self.packed.header.settings.fingerprint,
            "signs": list(self.packed.signs),
        }
        path = self.work / SETTINGS
        if not path.exists():
            write_text(path, json.dumps(settings, indent=1, ensure_ascii=False) + "\n")
        elif differing(_read_json(path), settings):
            raise SignletError(
                f"{self.work}: was trained with another recipe or other clips; delete the "
                "folder, or choose another one with --work"
            )


def averaged(runs: Sequence[Sequence[Predictions]], kind: Kind) -> list[Predictions]:
    """Average the answers of several runs, training by training.

    runs: `LeaveOut.run` of each, for the same folds and groups; kind: see `averaging`.
    Raises SignletError if the runs hold out other clips or know other signs.
    """
    return [average(parts, kind) for parts in zip(*runs, strict=True)]


def _read_json(path: Path) -> dict[str, Any] | None:
    """None if the file is damaged."""
    try:
        found = parsed(content_of(path, _LARGEST))
    except (SignletError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def _listed(names: Sequence[str], shown: int = 8) -> str:
    more = f" and {len(names) - shown} more signs" if len(names) > shown else ""
    return ", ".join(names[:shown]) + more
