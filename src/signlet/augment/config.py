"""Settings of the augmentations: the published probabilities are the defaults."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

from signlet.errors import SignletError


@dataclass(frozen=True)
class AugmentConfig:
    """The probability and strength of each change of clips in training; 0 switches a step off.

    Raises SignletError if a value is outside its range.
    """

    interpolate: float = 0.5
    """Probability of filling gaps in time with values between their neighbours."""

    flip: float = 0.5
    """Probability of mirroring the signer: left becomes right."""

    rotate: float = 0.5
    """Probability of turning the clip in the image plane."""

    max_degrees: float = 60.0
    """Largest angle of a turn, to either side."""

    crop: float = 0.5
    """Probability of cutting frames off the start or the end."""

    crop_share: float = 0.2
    """Largest share of a clip's frames that is cut off, below 1."""

    crop_min_frames: int = 20
    """Clips with fewer frames than this are never cut."""

    resize: float = 0.5
    """Probability of making the signer larger or smaller."""

    resize_low: float = 0.7
    """Smallest factor of a resize."""

    resize_high: float = 1.3
    """Largest factor of a resize."""

    distort: float = 0.5
    """Share of the resizes that take a factor of their own for each of x, y and z."""

    fill_hand: float = 0.25
    """Probability of filling a hand that is never found with the mirrored other hand."""

    face_cutmix: float = 0.25
    """Probability of taking the head from another clip of the same sign."""

    early_share: float = 0.5
    """`fill_hand` and `face_cutmix` happen only in this first share of the epochs."""

    def __post_init__(self) -> None:
        wide = {"max_degrees", "crop_min_frames", "resize_low", "resize_high"}
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name not in wide and not 0 <= value <= 1:
                raise SignletError(f"augment.{field.name} is {value}; give a number from 0 to 1")
        if self.crop_share == 1:
            raise SignletError("augment.crop_share is 1, which leaves no frame; give less than 1")
        if not 0 <= self.max_degrees <= 180:
            raise SignletError(f"augment.max_degrees is {self.max_degrees}; give 0 to 180")
        if not 0 < self.resize_low <= self.resize_high < math.inf:
            raise SignletError(
                f"augment.resize_low is {self.resize_low} and resize_high {self.resize_high}; "
                "resize_low must be above 0 and at most resize_high"
            )

    def is_early(self, epoch: int, epochs: int) -> bool:
        """True if this epoch (from 0) of `epochs` belongs to the early share."""
        return epoch < self.early_share * epochs
