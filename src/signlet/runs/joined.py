"""Finished trainings in, their models and joined predictions (N, K) out; they must fit together."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from signlet.errors import SignletError
from signlet.evaluation.predictions import Predictions, read_predictions
from signlet.model import SignModel
from signlet.model.files import load_model
from signlet.runs.folder import MODELS


def members_of(folder: Path, signs: tuple[str, ...]) -> tuple[SignModel, ...]:
    """A fold's models. Raises SignletError if they are damaged or know other signs."""
    file = load_model(folder)
    if file.signs != signs:
        raise _of_another(folder)
    return file.members


def joined_predictions(
    paths: Sequence[Path], signs: tuple[str, ...] | None = None
) -> dict[str, Predictions]:
    """Out-of-fold predictions of student, teacher, distilled and soup; {} without folds.

    paths: the folds' files. signs: that they must be of; None for those of the first.
    Raises SignletError if a file is damaged or of another run.
    """
    parts = [read_predictions(path) for path in paths]
    for path, part in zip(paths, parts, strict=True):
        signs = signs or next(iter(part.values())).signs
        if not set(MODELS) <= set(part) or any(one.signs != signs for one in part.values()):
            raise _of_another(path)
    return {name: _join([part[name] for part in parts]) for name in MODELS} if parts else {}


def _of_another(path: Path) -> SignletError:
    return SignletError(
        f"{path}: belongs to another run, or has other signs; delete {path.parent} to train "
        "that fold again"
    )


def _join(parts: Sequence[Predictions]) -> Predictions:
    return Predictions(
        names=[name for part in parts for name in part.names],
        signers=[signer for part in parts for signer in part.signers],
        labels=np.concatenate([part.labels for part in parts]),
        probabilities=np.concatenate([part.probabilities for part in parts]),
        folds=np.concatenate([part.folds for part in parts]),
        signs=parts[0].signs,
    )
