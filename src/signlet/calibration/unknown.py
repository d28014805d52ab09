"""A model's answers to clips of signs the model does not know."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from signlet.errors import SignletError
from signlet.evaluation.predict import predict
from signlet.evaluation.predictions import Predictions
from signlet.model.files import ModelFile
from signlet.pack import PackedSet
from signlet.text.confusables import numbers, one_form


def require_unknown(model: ModelFile, signs: Sequence[str | None]) -> None:
    """Raise SignletError if the model knows the signs of all clips; None for one without a sign."""
    known = numbers(model.signs)
    if all(sign is not None and one_form(sign) in known for sign in signs):
        raise SignletError(
            f"the model knows the signs of all {len(signs):,} clips; name clips of other signs"
        )


def predict_unknown(model: ModelFile, *sets: PackedSet) -> Predictions:
    """A model's answers to all clips of a packed set whose sign it does not know.

    sets: the clips packed for each length that a member takes; one set for most models.
    Clips without a sign count as unknown ones. Signs are matched by name.
    Returns predictions with the label -1.
    Raises SignletError if the clips are packed for another length, or all signs are known.
    """
    packed, length = sets[0], {one.max_len: one for one in sets}
    missing = sorted({m.config.max_len for m in model.members} - set(length))
    if missing:
        raise SignletError(
            f"packed with max_len {packed.max_len}, the model takes {missing[0]}; "
            "pack the clips again, or name the clips instead of the packed set"
        )
    known = numbers(model.signs)
    strange = [one_form(sign) not in known for sign in packed.signs]
    rows = np.flatnonzero([label < 0 or strange[label] for label in packed.labels])
    require_unknown(model, [packed.signs[i] if i >= 0 else None for i in packed.labels])
    chosen = torch.from_numpy(rows)
    answers = [predict(m, length[m.config.max_len], chosen).numpy() for m in model.members]
    return Predictions(
        names=[packed.names[row] for row in rows],
        signers=[packed.signers[row] for row in rows],
        labels=np.full(len(rows), -1, dtype=np.int64),
        probabilities=model.average.of(answers),
        folds=np.full(len(rows), -1, dtype=np.int64),
        signs=model.signs,
    )
