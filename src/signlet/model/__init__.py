"""The sign model: frames (B, T, 100, 3) and mask (B, T) in, logits (B, K) out.

Read `reference.py` to learn the model. The other modules run it, and each says at its top what it
does otherwise and what that gains.
"""

from signlet.model.config import PUBLISHED, ModelConfig, ModelSize
from signlet.model.mixup import Mixup
from signlet.model.published import load_published, published
from signlet.model.recogniser import SignModel, joint_embedding, unit

__all__ = [
    "PUBLISHED",
    "Mixup",
    "ModelConfig",
    "ModelSize",
    "SignModel",
    "joint_embedding",
    "load_published",
    "published",
    "unit",
]
