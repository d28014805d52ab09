"""A tiny exported ensemble and the models it comes from."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from signlet.calibration import Calibration
from signlet.export import Exported, export_ensemble
from signlet.export.cases import wandering
from signlet.model import ModelSize, SignModel
from signlet.modelfile.averaging import Average

SIZE = ModelSize(dense=8, widths=(16, 24, 24, 16), heads=4)
SIGNS = ("alpha", "beta", "gamma", "delta", "Ω, eps")
CALIBRATION = Calibration(1.5, 0.9, 0.05, 0.8, 0.4, 100, 50)
NESTED = Average("logits", (Average("softmax", (0, 1)), 2))
RANDOM = np.random.default_rng(0)


def trained_like(size: ModelSize, max_len: int, seed: int) -> SignModel:
    """A model whose statistics and weights are not those of a new one."""
    torch.manual_seed(seed)
    model = SignModel(size.config(max_len, len(SIGNS)))
    for name, tensor in model.state_dict().items():
        if name.endswith(("running_mean", "bias")):
            tensor.uniform_(-0.3, 0.3)
        elif name.endswith("running_var"):
            tensor.uniform_(0.5, 1.5)
    return model.eval()


@pytest.fixture(scope="module")
def models() -> list[SignModel]:
    other = replace(SIZE, hand_shapes=True, disentangled=False, position_convolutions=False)
    return [
        trained_like(SIZE, 8, 0),
        trained_like(replace(SIZE, centre_parts=False, widths=(16, 24, 24, 24)), 12, 1),
        trained_like(other, 8, 2),
    ]


@pytest.fixture(scope="module")
def exported(models: list[SignModel], tmp_path_factory: pytest.TempPathFactory) -> Exported:
    return export_ensemble(
        models,
        SIGNS,
        tmp_path_factory.mktemp("export"),
        to=("onnx",),
        precision="fp32",
        average=NESTED,
        calibration=CALIBRATION,
        about={"recipe": "tiny", "strange": float("nan")},
        licence="CC0-1.0",
        clips={"real": wandering(30, RANDOM)},
    )
