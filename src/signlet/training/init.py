"""Start a training from the weights of an earlier one, whose signs may be others."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import torch

from signlet.errors import SignletError
from signlet.evaluation.duplicates import duplicate_key
from signlet.evaluation.predictions import read_predictions
from signlet.files.missing_path import not_found_message
from signlet.model import SignModel
from signlet.model.config import ModelConfig
from signlet.model.files import CONFIG, WEIGHTS, ModelFile, load_model
from signlet.pack import PackedSet
from signlet.pretrained import STARTER, names, weights_path
from signlet.runs.folder import FULL, RunFolder
from signlet.text.confusables import numbers, one_form
from signlet.training.settings import Recipe
from signlet.training.task import Task

_PARTS = {"student": "student", "teacher": "teacher", "distilled": "soup"}
"""Model of a new training -> the model of the earlier one that it starts from. The soup is the
earlier run's model, and of the distilled model's size."""
TOLD = "trained_on_clips"
"""Names of the clips, in what a model that comes with signlet says of itself."""
_SHAPE = [
    field.name
    for field in fields(ModelConfig)
    if "dropout" not in field.name and field.name not in ("num_classes", "prototypes")
]
"""The settings that must agree; dropout, signs and the head may differ."""


@dataclass(frozen=True)
class Init:
    """Weights to start from.

    where: as the user named it. digest: SHA-256 of the weights and signs.
    signs: K glosses of the earlier model. models: student, teacher, distilled.
    clips, contents, signers: names and `duplicate_key`s of the clips that the models were trained
        on, and their signers, as far as the run folder still knows them.
    """

    where: str
    digest: str
    signs: tuple[str, ...]
    models: dict[str, SignModel]
    clips: frozenset[str] = frozenset()
    contents: frozenset[Any] = frozenset()
    signers: frozenset[str] = frozenset()

    def start(self, task: Task, signs: tuple[str, ...]) -> None:
        """Copy the weights into a new task for `signs` (K' glosses).

        All tensors but the last Linear are the earlier model's; of that one the rows of the
        signs that both know, by name. The other signs keep their random rows.
        """
        for name, model in self.models.items():
            target: SignModel = getattr(task, name)
            random = target.logits.state_dict()
            kept = model.state_dict()
            state = {tensor: kept[tensor] for tensor in target.state_dict()}  # not its head
            for kind, fresh in random.items():
                state[f"logits.{kind}"] = self._rows(state[f"logits.{kind}"], fresh, signs)
            target.load_state_dict(state)

    def _rows(
        self, before: torch.Tensor, fresh: torch.Tensor, signs: tuple[str, ...]
    ) -> torch.Tensor:
        """fresh (K', ...) with the rows of before (K, ...) where the sign is the same."""
        rows = fresh.clone()
        number = numbers(self.signs)
        for i, sign in enumerate(map(one_form, signs)):
            if sign in number:
                rows[i] = before[number[sign]]
        return rows

    def clips_in(self, packed: PackedSet) -> int:
        """Clips of the set that the models were trained on, by name or content."""
        return sum(
            name in self.clips
            or (bool(self.contents) and duplicate_key(packed, i) in self.contents)
            for i, name in enumerate(packed.names)
        )

    def about(self, packed: PackedSet) -> dict[str, Any]:
        """For the model file: what it was started from."""
        known = sorted(set(numbers(self.signs)) & set(numbers(packed.signs)))
        return {
            "model": self.where,
            "sha256": self.digest,
            "signs_in_common": len(known),
            "clips_in_common": self.clips_in(packed),
        }


def read_init(where: str, recipe: Recipe) -> Init:
    """Read the weights to start from.

    where: run folder of `signlet train`, one training in it (RUN/fold-2), a folder of one model
        (`model.safetensors`), or the name of a model that comes with signlet. Of a run folder
        student, teacher and soup of the full fit are taken, without one those of the first fold.
    Raises SignletError if it is not one, where any of these models or the run's own is missing or
    damaged, or where they are of other sizes than the recipe's.
    """
    path = _folder(where)
    training = _training(path)
    if training is None:
        files = dict.fromkeys(_PARTS, load_model(path))
        folders = [path]
    else:
        files = {name: load_model(training / part) for name, part in _PARTS.items()}
        folders = [training / part for part in _PARTS.values()]
        own = {} if training == path else {path: _own(path, training)}
        _require_together(dict(zip(folders, files.values(), strict=True)) | own, training)
    models = {name: _only(where, file) for name, file in files.items()}
    for name, model in models.items():
        _check_size(where, name, model.config, recipe)
    signs = files["distilled"].signs
    clips, contents, signers = _trained_on(path, training)
    clips |= _told(files["distilled"])
    return Init(where, _digest(folders, signs), signs, models, clips, contents, signers)


def _folder(where: str) -> Path:
    path = Path(where)
    shipped = weights_path(where)
    if shipped is not None and not path.exists():
        return shipped
    if path.suffix.lower() in (".onnx", ".tflite"):
        raise SignletError(
            f"--init {where}: an exported model cannot be trained on; name the run folder that it "
            f"was made from, or {STARTER}, the model that comes with signlet"
        )
    if not path.exists():
        raise SignletError(
            f"--init {not_found_message(where, 'run folder', names())}; name one that signlet "
            f"train wrote, or {STARTER}"
        )
    return path.parent if path.name in (WEIGHTS, CONFIG) else path


def _training(path: Path) -> Path | None:
    """The training in a run folder: the full fit, else the first fold, else none."""
    run = RunFolder(path)
    for training in (run.training(FULL), *run.folds):
        if training.model("soup").is_dir() or training.metrics.exists():
            return training.path
    return path if run.model("soup").is_dir() else None


def _require_together(files: dict[Path, ModelFile], whole: Path) -> None:
    """Raise SignletError if a run's models, by their folders, are not of the same signs.

    whole: folder that they belong to.
    """
    signs = files[whole / "soup"].signs
    for folder, file in files.items():
        if file.signs != signs:
            raise SignletError(
                f"{folder}: knows other signs than {whole / 'soup'}, so one of them belongs to "
                "another run; copy the run again, or start from another one"
            )


def _own(run: Path, training: Path) -> ModelFile:
    """The run's own model. Nothing is taken from it, but signlet does not build on a damaged
    run."""
    try:
        return load_model(run)
    except SignletError as error:
        raise SignletError(f"{error}, or give --init {training}") from None


def _only(where: str, file: ModelFile) -> SignModel:
    if len(file.members) > 1:
        raise SignletError(
            f"--init {where}: is the average of {len(file.members)} models; name the folder of "
            "one of them, such as RUN/fold-0"
        )
    return file.members[0]


def _check_size(where: str, name: str, have: ModelConfig, recipe: Recipe) -> None:
    role = "distilled" if name == "distilled" else "student"
    size = recipe.distilled if role == "distilled" else recipe.student
    want = size.config(recipe.packing.max_len, have.num_classes)
    for setting in _SHAPE:
        before, now = getattr(have, setting), getattr(want, setting)
        if before != now:
            flag = "packing.max_len" if setting == "max_len" else f"{role}.{setting}"
            value = json.dumps(before)
            raise SignletError(
                f"--init {where}: its {name} has {setting} {value}, this training {flag} "
                f"{json.dumps(now)}; give --{flag} '{value}', or start from another model"
            )


def _digest(folders: list[Path], signs: tuple[str, ...]) -> str:
    digest = hashlib.sha256(json.dumps(signs).encode())
    for folder in folders:
        with (folder / WEIGHTS).open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()


def _told(file: ModelFile) -> frozenset[str]:
    """Names of clips in a model's own description, which has no run folder beside it."""
    names = file.about.get(TOLD)
    known = names if isinstance(names, list) else []
    return frozenset(name for name in known if isinstance(name, str))


def _trained_on(
    path: Path, training: Path | None
) -> tuple[frozenset[str], frozenset[Any], frozenset[str]]:
    """Names, contents and signers of the clips, as far as they are still known."""
    run = RunFolder(path if training != path else path.parent)
    names, signers, contents = set[str](), set[str](), set[Any]()
    if run.predictions.is_file():
        held_out = next(iter(read_predictions(run.predictions).values()))
        names, signers = set(held_out.names), set(held_out.signers)
    if run.has_packed:
        packed = PackedSet.open(run.packed)
        rows = np.flatnonzero(packed.labels >= 0)
        names |= {packed.names[i] for i in rows}
        signers |= {packed.signers[i] for i in rows}
        contents = {duplicate_key(packed, int(i)) for i in rows}
    return frozenset(names), frozenset(contents), frozenset(signers - {""})
