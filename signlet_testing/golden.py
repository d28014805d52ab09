"""Numbers of the published system that several test files compare with (tests/data/README.md)."""

from __future__ import annotations

import json
import zlib

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from signlet.landmarks import NUM_RAW
from signlet.model import SignModel, load_published, published
from signlet_testing import ROOT

DATA = ROOT / "tests" / "data"
STATES: dict[str, dict[str, list[int]]] = json.loads((DATA / "golden_state.json").read_text())


def made_weights(name: str) -> dict[str, Tensor]:
    """The weights with which the golden logits were computed (tests/data/README.md)."""
    weights = {}
    for tensor, shape in sorted(STATES[name].items()):
        if "num_batches_tracked" in tensor:
            continue
        seed = [7, zlib.crc32(tensor.encode())]
        a = np.random.default_rng(seed).standard_normal(shape).astype(np.float32)
        if "running_var" in tensor:
            a = np.abs(a) + 0.5
        elif "running_mean" in tensor:
            a = 0.1 * a
        elif a.ndim == 1:
            a = 1 + 0.1 * a if tensor.endswith("weight") else 0.1 * a
        else:
            a = 0.5 * a if "embed" in tensor else a / np.sqrt(np.prod(shape[1:]))
        weights[tensor] = torch.from_numpy(np.asarray(a, dtype=np.float32))
    return weights


def golden_model(name: str) -> SignModel:
    """A published size with the golden weights, in eval mode."""
    model = published(name).eval()
    load_published(model, made_weights(name))
    return model


def golden_clips() -> dict[str, NDArray[np.float32]]:
    """Raw landmarks (T, 543, 3); rows that preprocessing does not look at are NaN."""
    with np.load(DATA / "golden_clips.npz") as stored:
        rows = stored["rows"]
        clips = {name: stored[name].astype(np.float32) for name in stored if name != "rows"}
    return {name: _whole(clip, rows) for name, clip in clips.items()}


def _whole(clip: NDArray[np.float32], rows: NDArray[np.int64]) -> NDArray[np.float32]:
    raw = np.full((len(clip), NUM_RAW, 3), np.nan, np.float32)
    raw[:, rows] = clip
    return raw


def golden_logits(name: str) -> dict[str, NDArray[np.float32]]:
    """clip -> (250,)."""
    with np.load(DATA / "golden_logits.npz") as stored:
        return {key.split("/")[1]: stored[key] for key in stored if key.startswith(name + "/")}
