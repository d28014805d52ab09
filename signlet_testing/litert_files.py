"""A tiny model.tflite of three members, the models it comes from, and clips."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from signlet.calibration import Calibration
from signlet.landmarks import LEFT_HAND, NUM_RAW, RIGHT_HAND
from signlet.model import ModelConfig, SignModel
from signlet.modelfile.averaging import Average
from signlet.modelfile.card import Card

SIGNS = ("circle", "line", "wave", "été", "zwölf")
SHORT, LONG = 6, 40
"""Frames of the short members and of the long one ..."""
SLOTS = (12, 24, LONG)
"""... and of that one's variants."""
AVERAGE = Average("softmax", (1, Average("logits", (0, 2))))


def small_model(max_len: int, seed: int = 0, **switches: Any) -> SignModel:
    """Tiny, with statistics and weights that let every part of it matter."""
    torch.manual_seed(seed)
    config = ModelConfig(
        max_len=max_len,
        num_classes=len(SIGNS),
        dense=16,
        heads=4,
        **{"widths": (32, 40, 40, 32), **switches},
    )
    model = SignModel(config).eval()
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm1d):
            assert module.running_mean is not None
            assert module.running_var is not None
            module.running_mean.normal_(0, 0.3)
            module.running_var.uniform_(0.5, 2)
        if isinstance(module, torch.nn.Linear):
            torch.nn.init.normal_(module.weight, 0, 1.2 / module.in_features**0.5)
    return model


def card_for(models: list[SignModel], average: Average, precision: str = "fp32") -> Card:
    return Card(
        signs=SIGNS,
        max_lens=tuple(model.config.max_len for model in models),
        average=average,
        precision=precision,
        embedding=sum(model.config.widths[3] for model in models),
        licence="CC0-1.0",
        calibration=Calibration(1.5, 0.4, 0.05, 0.9, 0.3, 100, 50),
        about={"recipe": "test"},
    )


def clip(frames: int, seed: int = 0, hands: float = 0.8) -> NDArray[np.float32]:
    """(T, 543, 3) of a moving person; each hand is found in that share of the frames."""
    rng = np.random.default_rng([seed, frames])
    rest = rng.normal(0.5, 0.15, (1, NUM_RAW, 3))
    raw = rest + rng.normal(0, 0.01, (frames, NUM_RAW, 3)).cumsum(0)
    for hand in (LEFT_HAND, RIGHT_HAND):
        raw[rng.random(frames) >= hands, hand] = np.nan
    return raw.astype(np.float32)


@pytest.fixture(scope="module")
def models() -> list[SignModel]:
    """Two members in one variant, one in three, of different widths and switches."""
    plain = {"disentangled": False, "position_convolutions": False, "centre_parts": False}
    longer = small_model(LONG, 1, widths=(32, 40, 40, 24), prototypes=3, hand_shapes=True)
    return [small_model(SHORT, **plain), longer, small_model(SHORT, 2)]


@pytest.fixture(scope="module")
def exported(
    models: list[SignModel], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], Path]:
    """The file of a wished precision; the slow conversion happens once (conftest.py)."""
    pytest.importorskip("litert_torch")
    pytest.importorskip("ai_edge_quantizer")
    from signlet.export import litert

    folder = tmp_path_factory.mktemp("litert")

    def write(precision: str) -> Path:
        path = folder / f"{precision}.tflite"
        if not path.exists():
            litert.write(path, models, AVERAGE, card_for(models, AVERAGE, precision))
        return path

    return write


@pytest.fixture(scope="module")
def bare(models: list[SignModel], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The short member without its embedding."""
    pytest.importorskip("litert_torch")
    from signlet.export import litert

    path, average = tmp_path_factory.mktemp("bare") / "model.tflite", Average.plain(1)
    card = replace(card_for(models[:1], average), embedding=None)
    litert.write(path, models[:1], average, card)
    return path
