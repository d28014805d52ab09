"""Training: settings, losses of the three models, loop, checkpoints and run folders."""

from signlet.errors import Interrupted
from signlet.training.fold import Diverged
from signlet.training.processes import Processes, start_processes
from signlet.training.run import fit, train
from signlet.training.settings import Recipe

__all__ = ["Diverged", "Interrupted", "Processes", "Recipe", "fit", "start_processes", "train"]
