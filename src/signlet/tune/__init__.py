"""A small search over a recipe's values that is tested on signers no choice has seen."""

from signlet.tune.outcome import Outcome, write_outcome
from signlet.tune.search import METRICS, Metric, Search, tune
from signlet.tune.show import print_outcome
from signlet.tune.space import DEFAULT_SPACE, Choices, Range, Space, read_space, with_values
from signlet.tune.study import require_optuna

__all__ = [
    "DEFAULT_SPACE",
    "METRICS",
    "Choices",
    "Metric",
    "Outcome",
    "Range",
    "Search",
    "Space",
    "print_outcome",
    "read_space",
    "require_optuna",
    "tune",
    "with_values",
    "write_outcome",
]
