"""The sign model: landmark embedding, frame encoder, disentangled attention, logits."""

from signlet.model.config import PUBLISHED, ModelConfig, ModelSize
from signlet.model.published import load_published, published
from signlet.model.recogniser import Mixup, SignModel, joined, unit

__all__ = [
    "PUBLISHED",
    "Mixup",
    "ModelConfig",
    "ModelSize",
    "SignModel",
    "joined",
    "load_published",
    "published",
    "unit",
]
