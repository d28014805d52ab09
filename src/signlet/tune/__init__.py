"""Hyperparameter search: a recipe and a space in, the best recipe and its test score out."""

from signlet.tune.result import SearchResult, write_result
from signlet.tune.search import METRICS, Metric, Search, check_search, tune
from signlet.tune.show import print_result
from signlet.tune.space import DEFAULT_SPACE, Choices, Range, Space, read_space, with_values
from signlet.tune.study import require_optuna, require_study_name

__all__ = [
    "DEFAULT_SPACE",
    "METRICS",
    "Choices",
    "Metric",
    "Range",
    "Search",
    "SearchResult",
    "Space",
    "check_search",
    "print_result",
    "read_space",
    "require_optuna",
    "require_study_name",
    "tune",
    "with_values",
    "write_result",
]
