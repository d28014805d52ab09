"""Sizes and switches of one model: all that is needed to rebuild it."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Literal

from signlet.errors import SignletError

MAX_KERNEL, MAX_BLOCKS = 99, 16


@dataclass(frozen=True, kw_only=True)
class ModelSize:
    """The part of a model that a recipe sets; the defaults are the small model of the demo."""

    backbone: Literal["deberta", "conv"] = "deberta"
    """deberta: the published system's frame encoder and transformer layers. conv: causal
    convolutions over time with a transformer layer after each stage, a smaller network; it makes
    no use of dense, part_dropout, centre_parts, position_convolutions and disentangled."""
    dense: int = 64
    """Width of each part's frame features."""
    widths: tuple[int, int, int, int] = (128, 192, 192, 192)
    """Hidden width before the first transformer layer and after each of the three; of conv: of
    the stem, after each of the two stages, and at the end."""
    heads: int = 8
    """Attention heads; must divide the first three widths."""
    encoder_dropout: float = 0.05
    """Dropout after the joined frame features."""
    part_dropout: float = 0.05
    """Dropout in each part's features (the published small models use half of 0.05)."""
    layer_dropout: tuple[float, float, float] = (0.05, 0.1, 0.1)
    """Dropout in each transformer layer (0.2 in the third of the published students); of conv:
    the chance of a clip to skip a block of the first and of the second stage, and dropout at the
    end."""
    centre_parts: bool = True
    """Subtract each part's mean over the clip before its features are made."""
    hand_shapes: bool = False
    """Both hands around their own centre in every frame and scaled to one size: deberta's parts
    of the hands see these (where they are is still in the part of all points), conv sees them
    beside the positions; not in the published system."""
    position_convolutions: bool = True
    """Two convolutions over time in the embedding of each point's position."""
    disentangled: bool = True
    """DeBERTa's content-to-position and position-to-content terms; False: plain attention."""

    kernel: int = 17
    """conv only: frames that a convolution sees, the last of which is the frame itself."""
    blocks: int = 3
    """conv only: convolutions before each transformer layer."""
    motion: bool = False
    """Each point's movement since one and since two frames before is an input."""
    bones: bool = False
    """The directions of the fingers' bones are an input."""
    late_dropout: float = 0.0
    """Dropout before the logits that starts late in training."""
    late_from: float = 0.05
    """Share of the epochs after which it starts."""

    def __post_init__(self) -> None:
        """Refuse sizes that cannot be built."""
        if self.backbone not in ("deberta", "conv"):
            raise SignletError(f"backbone is {self.backbone}; give deberta or conv")
        if not 1 <= self.kernel <= MAX_KERNEL or not 1 <= self.blocks <= MAX_BLOCKS:
            raise SignletError(
                f"kernel is {self.kernel}, blocks {self.blocks}; give 1 to {MAX_KERNEL} and 1 to "
                f"{MAX_BLOCKS}"
            )
        if self.dense < 1 or self.heads < 1:
            raise SignletError(f"dense is {self.dense}, heads {self.heads}; give at least 1")
        if len(self.widths) != 4 or any(w < 1 or w % self.heads for w in self.widths[:3]):
            raise SignletError(
                f"widths is {self.widths}; give four widths, the first three multiples of "
                f"heads ({self.heads})"
            )
        own = (self.encoder_dropout, self.part_dropout, self.late_dropout)
        for dropout in (*own, *self.layer_dropout):
            if not 0 <= dropout < 1:
                raise SignletError(f"a dropout is {dropout}; give at least 0 and below 1")
        if not 0 <= self.late_from <= 1:
            raise SignletError(f"late_from is {self.late_from}; give 0 to 1")

    def config(self, max_len: int, num_classes: int) -> ModelConfig:
        """A model of this size for clips of this length and this number of signs."""
        return ModelConfig(
            **{field.name: getattr(self, field.name) for field in fields(ModelSize)},
            max_len=max_len,
            num_classes=num_classes,
        )


@dataclass(frozen=True, kw_only=True)
class ModelConfig(ModelSize):
    """All that is needed to build a `SignModel`."""

    max_len: int = 32
    """Largest number of frames a clip has after preprocessing."""
    num_classes: int = 26
    """Number of signs."""
    prototypes: int = 0
    """Prototypes of each sign in the head that names signs by likeness; 0: the last Linear names
    them. Such a head is put onto a trained model (`signlet.training.head`)."""

    def __post_init__(self) -> None:
        """Refuse sizes that cannot be built."""
        super().__post_init__()
        if self.max_len < 1 or self.num_classes < 1 or self.prototypes < 0:
            raise SignletError(
                f"max_len is {self.max_len}, num_classes {self.num_classes}, prototypes "
                f"{self.prototypes}; give at least 1, of prototypes at least 0"
            )


_FULL: dict[str, Any] = {"heads": 16, "layer_dropout": (0.05, 0.1, 0.2), "num_classes": 250}
_DISTILLED: dict[str, Any] = {"heads": 16, "part_dropout": 0.025, "dense": 192, "num_classes": 250}
PUBLISHED: dict[str, ModelConfig] = {
    "len25_full": ModelConfig(max_len=25, dense=512, widths=(1024, 1280, 1536, 1536), **_FULL),
    "len25_distilled": ModelConfig(max_len=25, widths=(512, 768, 768, 512), **_DISTILLED),
    "len80_full": ModelConfig(max_len=80, dense=256, widths=(512, 768, 1024, 1024), **_FULL),
    "len80_distilled": ModelConfig(max_len=80, widths=(512, 576, 576, 512), **_DISTILLED),
}
"""The four published sizes."""
