"""Training: settings, losses of the three models, loop, checkpoints and run folders."""

from signlet.errors import Interrupted
from signlet.train.fold import Diverged
from signlet.train.processes import Processes, start_processes
from signlet.train.run import fit, train
from signlet.train.settings import Recipe

__all__ = ["Diverged", "Interrupted", "Processes", "Recipe", "fit", "start_processes", "train"]
