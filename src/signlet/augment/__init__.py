"""Augmentations of packed clips on any device: frames (B, T, 100, 3), mask (B, T) in and out."""

from signlet.augment.apply import augment
from signlet.augment.config import AugmentConfig
from signlet.augment.draws import Draws
from signlet.augment.same_class import SignGroups, draw_same_class

__all__ = ["AugmentConfig", "Draws", "SignGroups", "augment", "draw_same_class"]
