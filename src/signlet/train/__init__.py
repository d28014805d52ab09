"""Training: settings, losses of the three models, loop, checkpoints and run folders."""

from signlet.train.fold import Interrupted
from signlet.train.run import train
from signlet.train.settings import Recipe

__all__ = ["Interrupted", "Recipe", "train"]
