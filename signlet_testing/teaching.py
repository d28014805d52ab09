"""Helpers of the teaching tests: a tiny exported model, and clips of letters."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from signlet.calibration import Calibration
from signlet.export import onnx as onnx_export
from signlet.model import ModelSize, SignModel
from signlet.modelfile.averaging import Average
from signlet.modelfile.card import Card
from signlet.modelfile.float16 import Halves
from signlet_testing.clips import moving_hand

OWN = ("a", "b", "été")
MAX_LEN, WIDTH = 12, 16
SIZE = ModelSize(dense=8, widths=(16, 24, 24, WIDTH), heads=4)


def tiny_model() -> SignModel:
    """Random weights, large enough that clips differ."""
    torch.manual_seed(0)
    model = SignModel(SIZE.config(MAX_LEN, len(OWN))).eval()
    for module in model.modules():
        if isinstance(module, torch.nn.Linear):
            torch.nn.init.normal_(module.weight, 0, 1.2 / module.in_features**0.5)
    return model


def tiny_card(embedding: int | None = WIDTH, prototypes: Halves | None = None) -> Card:
    """The card of `tiny_model`."""
    return Card(
        signs=OWN,
        max_lens=(MAX_LEN,),
        average=Average.plain(1),
        precision="fp32",
        embedding=embedding,
        licence="CC0-1.0",
        calibration=Calibration(1.5, 0.4, 0.05, 0.8, 0.4, 100, 50),
        prototypes=prototypes,
        about={"recipe": "tiny"},
    )


def own_rows() -> Halves:
    """(3, 16) prototypes of OWN."""
    rows = np.random.default_rng(5).normal(size=(len(OWN), WIDTH))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float16)


def write_onnx(path: Path, card: Card) -> Path:
    """The tiny model with a card."""
    onnx_export.write(path, [tiny_model()], card.average, card)
    return path


def clips(signs: int = 3, signers: int = 2, takes: int = 2) -> list[NDArray[np.float32]]:
    """Each (T, 543, 3): takes of signers of signs, the signs one after the other."""
    return [
        moving_hand(sign, signer, take)
        for sign in range(signs)
        for signer in range(signers)
        for take in range(takes)
    ]


def labels(signers: int = 2, takes: int = 2) -> list[str]:
    """The signs of `clips`."""
    return [s for s in ("circle", "line", "wave") for _ in range(signers * takes)]


def people(signers: int = 2, takes: int = 2, signs: int = 3) -> list[str]:
    """The signers of `clips`."""
    return [f"p{who}" for _ in range(signs) for who in range(signers) for _ in range(takes)]
