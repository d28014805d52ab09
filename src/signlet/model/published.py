"""The four published sizes by name, and their checkpoints' tensor names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import torch
from torch import Tensor

from signlet.errors import SignletError
from signlet.model.config import PUBLISHED
from signlet.model.recogniser import SignModel

_EMBEDDING = {
    "type_embed": "embedding.type_table",
    "landmark_embed": "embedding.landmark_table",
    "type_norm": "embedding.type_norm",
    "landmark_norm": "embedding.landmark_norm",
    "pos_cnn.0": "embedding.conv_1",
    "pos_cnn.1": "embedding.conv_2",
    "pos_dense": "embedding.position",
    "dense": "embedding.mix",
}
_PARTS = {
    "left_hand_mlp": "encoder.left_hand",
    "right_hand_mlp": "encoder.right_hand",
    "lips_mlp": "encoder.lips",
    "face_mlp": "encoder.face",
    "full_mlp": "encoder.full",
    "landmark_mlp": "encoder.join",
}
_LAYER = {
    "layer.0.attention.output.dense": "attention_out",
    "layer.0.attention.output.LayerNorm": "attention_norm",
    "layer.0.intermediate.dense": "intermediate",
    "layer.0.output.dense": "out",
    "layer.0.output.LayerNorm": "out_norm",
    "rel_embeddings": "attention.positions",
    "LayerNorm": "attention.positions_norm",
}
_QKV = "layer.0.attention.self.{}_proj"


def published(name: str, num_classes: int = 250) -> SignModel:
    """A new model of a published size.

    name: len25_full, len25_distilled, len80_full or len80_distilled.
    Raises SignletError for another name.
    """
    if name not in PUBLISHED:
        raise SignletError(f"no published model is called {name!r}; known: {', '.join(PUBLISHED)}")
    return SignModel(replace(PUBLISHED[name], num_classes=num_classes))


def load_published(model: SignModel, state: Mapping[str, Tensor]) -> None:
    """Copy tensors under the published names into `model`.

    state: tensor name -> Tensor (or array) in float32; `num_batches_tracked` may be absent.
    Raises SignletError where a tensor is missing, unknown or of another shape.
    """
    given = {k: torch.as_tensor(v) for k, v in state.items() if "num_batches_tracked" not in k}
    try:
        ours = _renamed(given)
    except KeyError as missing:
        raise SignletError(f"published checkpoint: tensor {missing} is missing") from None
    expected = {k: v for k, v in model.state_dict().items() if "num_batches_tracked" not in k}
    _check_same(expected, ours)
    model.load_state_dict(ours, strict=False)


def _renamed(state: dict[str, Tensor]) -> dict[str, Tensor]:
    rest = dict(state)
    ours: dict[str, Tensor] = {}

    def move(theirs: str, mine: str) -> None:
        # A bias is absent in some layers; a weight never is.
        ours[f"{mine}.weight"] = rest.pop(f"{theirs}.weight")
        for kind in ("bias", "running_mean", "running_var"):
            if f"{theirs}.{kind}" in rest:
                ours[f"{mine}.{kind}"] = rest.pop(f"{theirs}.{kind}")

    for theirs, mine in _EMBEDDING.items():
        move(theirs, mine)
    for theirs, mine in _PARTS.items():
        move(f"{theirs}.0", f"{mine}.linear")
        move(f"{theirs}.1", f"{mine}.norm")
    for number in range(3):
        prefix = f"frame_transformer_{number + 1}."
        for theirs, mine in _LAYER.items():
            move(prefix + theirs, f"layers.{number}.{mine}")
        for kind in ("weight", "bias"):
            names = [f"{prefix}{_QKV.format(p)}.{kind}" for p in ("query", "key", "value")]
            ours[f"layers.{number}.attention.qkv.{kind}"] = torch.cat([rest.pop(n) for n in names])
    move("logits", "logits")
    if rest:
        raise SignletError(f"published checkpoint: unknown tensor {min(rest)}")
    return ours


def _check_same(expected: dict[str, Tensor], given: dict[str, Tensor]) -> None:
    if missing := sorted(expected.keys() - given.keys()):
        raise SignletError(f"published checkpoint: has no tensor for {missing[0]}")
    for name, tensor in expected.items():
        if tensor.shape != given[name].shape:
            raise SignletError(
                f"published checkpoint: {name} has shape {tuple(given[name].shape)}, "
                f"the model needs {tuple(tensor.shape)}; choose the model of that size"
            )
