"""Sizes and switches of one model; enough to rebuild it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from signlet.errors import SignletError


@dataclass(frozen=True)
class ModelConfig:
    """Dimensions of a `SignModel`. The defaults are the small model of the demo."""

    max_len: int = 32
    """Largest number of frames a clip has after preprocessing."""
    dense: int = 64
    """Width of each part's frame features."""
    widths: tuple[int, int, int, int] = (128, 192, 192, 192)
    """Hidden width before the first transformer layer and after each of the three."""
    heads: int = 8
    """Attention heads; must divide the first three widths."""
    encoder_dropout: float = 0.05
    """Dropout after the joined frame features."""
    part_dropout: float = 0.05
    """Dropout in each part's features (the published small models use half of 0.05)."""
    layer_dropout: tuple[float, float, float] = (0.05, 0.1, 0.1)
    """Dropout in each transformer layer (0.2 in the third of the published students)."""
    centre_parts: bool = True
    """Subtract each part's mean over the clip before its features are made."""
    position_convolutions: bool = True
    """Two convolutions over time in the embedding of each point's position."""
    disentangled: bool = True
    """DeBERTa's content-to-position and position-to-content terms; False: plain attention."""
    num_classes: int = 26
    """Number of signs."""

    def __post_init__(self) -> None:
        """Refuse sizes that cannot be built."""
        for name in ("max_len", "dense", "heads", "num_classes"):
            if getattr(self, name) < 1:
                raise SignletError(f"model.{name} is {getattr(self, name)}; it must be at least 1")
        if len(self.widths) != 4 or any(w < 1 or w % self.heads for w in self.widths[:3]):
            raise SignletError(
                f"model.widths is {self.widths}; give four widths, "
                f"the first three multiples of model.heads ({self.heads})"
            )

    def with_classes(self, num_classes: int, max_len: int) -> ModelConfig:
        """The same model for another set of signs and clip length."""
        return replace(self, num_classes=num_classes, max_len=max_len)


_STUDENT_LAYERS = (0.05, 0.1, 0.2)
PUBLISHED: dict[str, ModelConfig] = {
    "len25_full": ModelConfig(
        25, 512, (1024, 1280, 1536, 1536), 16, layer_dropout=_STUDENT_LAYERS, num_classes=250
    ),
    "len25_distilled": ModelConfig(
        25, 192, (512, 768, 768, 512), 16, part_dropout=0.025, num_classes=250
    ),
    "len80_full": ModelConfig(
        80, 256, (512, 768, 1024, 1024), 16, layer_dropout=_STUDENT_LAYERS, num_classes=250
    ),
    "len80_distilled": ModelConfig(
        80, 192, (512, 576, 576, 512), 16, part_dropout=0.025, num_classes=250
    ),
}
"""The four published sizes."""
