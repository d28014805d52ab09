"""The head of a trained model: its linear layer, or the likeness to its training clips."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray

from signlet.evaluation.predict import embed
from signlet.model import SignModel
from signlet.pack import PackedSet
from signlet.training.processes import Processes
from signlet.training.settings import HeadSettings


def with_head(
    model: SignModel,
    settings: HeadSettings,
    packed: PackedSet,
    training: NDArray[np.int64],
    processes: Processes,
) -> SignModel:
    """The trained model, or a copy of it that names signs by likeness to its training clips.

    training: (N,) int64 rows of the packed set that it was trained on, all with a label.
    processes: share the work; all of them get the same model.
    """
    if settings.kind == "linear":
        return model
    rows = torch.from_numpy(training)
    embeddings = processes.shared(lambda own: embed(model, packed, own), rows).numpy()
    config = replace(model.config, prototypes=settings.prototypes)
    named = SignModel(config)
    named.load_state_dict(model.state_dict(), strict=False)  # but the head, which is empty
    assert named.nearest is not None
    named.nearest.fit(embeddings, np.asarray(packed.labels)[training])
    return named.to(next(model.parameters()).device).eval()
