"""Training: a recipe and packed clips in, a run folder with models and predictions out."""

from signlet.errors import Interrupted
from signlet.training.fold import Diverged
from signlet.training.processes import Processes, start_processes
from signlet.training.run import fit, train
from signlet.training.settings import Recipe

__all__ = ["Diverged", "Interrupted", "Processes", "Recipe", "fit", "start_processes", "train"]
