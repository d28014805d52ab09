"""Rows (N,) of a packed set in, probabilities (N, K) or embeddings (N, D) of a model out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from signlet.errors import SignletError
from signlet.evaluation.predictions import Predictions
from signlet.files.missing_path import exists
from signlet.model import SignModel, unit
from signlet.model.files import ModelFile
from signlet.pack import PackedSet, pack
from signlet.pack.layout import HEADER
from signlet.running.bars import Bars
from signlet.sources import open_source
from signlet.text.confusables import numbers, one_form


@torch.inference_mode()
def predict(model: SignModel, packed: PackedSet, rows: Tensor, batch_size: int = 256) -> Tensor:
    """Softmax of the model in eval mode.

    rows: (N,) int64 rows of the packed set. Returns (N, K) float32 on the CPU.
    """
    return _each(model, packed, rows, batch_size, lambda *clips: model(*clips).float().softmax(1))


@torch.inference_mode()
def embed(model: SignModel, packed: PackedSet, rows: Tensor, batch_size: int = 256) -> Tensor:
    """Features of the model in eval mode, of length 1.

    rows: (N,) int64 rows of the packed set. Returns (N, D) float32 on the CPU.
    """
    return _each(model, packed, rows, batch_size, lambda *clips: unit(model.features(*clips)))


def _each(
    model: SignModel,
    packed: PackedSet,
    rows: Tensor,
    batch_size: int,
    answer: Callable[[Tensor, Tensor], Tensor],
) -> Tensor:
    """answer(frames, mask) of all rows in portions, the model in eval mode, -> (N, ...)."""
    was_training = model.training
    model.eval()
    device = next(model.parameters()).device
    parts = []
    for chunk in rows.split(batch_size):
        frames, mask = packed.batch(chunk)
        parts.append(answer(torch.nan_to_num(frames).to(device), mask.to(device)).float().cpu())
    model.train(was_training)
    return torch.cat(parts)


def packed_for(
    model: ModelFile,
    where: str | Path,
    out: Path,
    progress: Bars | bool,
    columns: str | None = None,
    names: str | None = None,
    check: Callable[[Sequence[str | None]], object] | None = None,
) -> list[PackedSet]:
    """A packed set as it is, or the clips of a source packed for each member's length.

    out: where to pack them to. progress: as in `pack`. columns, names: as in `open_source`.
    check: raises SignletError, before a clip is read, if the signs of a source's clips do not
        allow what they are for; None for a clip of unknown sign.
    Raises SignletError if the clips are missing.
    """
    if is_packed(where, columns, names):
        return [PackedSet.open(where)]
    source = open_source(where, columns, names)
    if check is not None:
        check([ref.sign for ref in source.refs()])
    lengths = sorted({member.config.max_len for member in model.members})
    return [pack(source, out / str(length), length, progress=progress) for length in lengths]


def is_packed(where: str | Path, columns: str | None = None, names: str | None = None) -> bool:
    """Return True if `where` is a packed set.

    Raises SignletError if it is one and `columns` or `names` are given: its clips have names.
    """
    if not exists(Path(where) / HEADER):
        return False
    for flag, value in (("columns", columns), ("names", names)):
        if value is not None:
            raise SignletError(
                f"--{flag} {value}: {where} is packed already; give this flag to signlet pack"
            )
    return True


def predictions_of(
    packed: PackedSet, rows: NDArray[np.int64], probabilities: NDArray[np.float32], fold: int
) -> Predictions:
    """Probabilities (N, K) for rows (N,) of the packed set, with what is known of the clips."""
    names, signers = packed.names, packed.signers
    return Predictions(
        names=[names[row] for row in rows],
        signers=[signers[row] for row in rows],
        labels=np.asarray(packed.labels)[rows],
        probabilities=probabilities,
        folds=np.full(len(rows), fold, dtype=np.int64),
        signs=packed.signs,
    )


def require_known(model: ModelFile, signs: Iterable[str | None]) -> None:
    """Raise SignletError if the model knows none of the signs, which are matched by name."""
    known = numbers(model.signs)
    if not any(sign is not None and one_form(sign) in known for sign in signs):
        raise SignletError("no clip shows a sign that the model knows; compare the sign names")


def predict_known(model: ModelFile, *sets: PackedSet) -> Predictions:
    """A model's predictions for all clips of a packed set whose sign it knows.

    sets: the clips packed for each length that a member takes; one set for most models.
    Signs are matched by name, so the set may have others, in another order.
    Raises SignletError if the clips were packed for another length, or none is known.
    """
    packed, length = sets[0], {one.max_len: one for one in sets}
    for member in model.members:
        if member.config.max_len not in length:
            raise SignletError(
                f"the clips are packed with max_len {packed.max_len}, the model takes "
                f"{member.config.max_len}; pack them again, or name the clips instead of the "
                "packed set"
            )
    if any(one.names != packed.names for one in sets):
        raise SignletError("the packed sets hold different clips; pack them again")
    known = numbers(model.signs)
    number = np.array([*(known.get(one_form(sign), -1) for sign in packed.signs), -1])
    labels = number[packed.labels]  # -1, unknown, is the last one
    rows = np.flatnonzero(labels >= 0)
    require_known(model, (packed.signs[packed.labels[row]] for row in rows))
    chosen = torch.from_numpy(rows)
    answers = [predict(m, length[m.config.max_len], chosen).numpy() for m in model.members]
    names, signers = packed.names, packed.signers
    return Predictions(
        names=[names[row] for row in rows],
        signers=[signers[row] for row in rows],
        labels=labels[rows],
        probabilities=model.average.of(answers),
        folds=np.full(len(rows), -1, dtype=np.int64),
        signs=model.signs,
    )
