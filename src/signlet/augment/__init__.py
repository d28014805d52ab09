"""Augmentations of packed clips, as batched tensor operations on whatever device the batch is."""

from signlet.augment.apply import augment
from signlet.augment.config import AugmentConfig
from signlet.augment.draws import Draws
from signlet.augment.partners import SignGroups, partners

__all__ = ["AugmentConfig", "Draws", "SignGroups", "augment", "partners"]
