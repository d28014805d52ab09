"""The search space: values of a recipe to choose from; chosen values in, a recipe out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jsonargparse import ArgumentParser

from signlet.errors import SignletError, reason_of
from signlet.files.settings_file import check_sections, read_mapping
from signlet.training import Recipe
from signlet.training.settings import MOST, plain

WIDTH, DROPOUT = "width_factor", "dropout_factor"
"""Keys that no recipe has: all widths, or all dropouts, of both models times a factor."""
_FIXED = ("packing", "num_folds", "seed", "name")
_MOST_DROPOUT = 0.9


def _is_number(value: Any) -> bool:
    """Return True for a finite number, as a recipe may hold it."""
    return type(value) in (int, float) and abs(value) <= MOST


@dataclass(frozen=True)
class Range:
    """Numbers from low to high, both included; log: small ones are as likely as large ones."""

    low: float
    high: float
    log: bool = False

    def __post_init__(self) -> None:
        numbers = _is_number(self.low) and _is_number(self.high)
        if not numbers or not self.low < self.high or (self.log and self.low <= 0):
            raise SignletError(
                f"low is {self.low!r}, high {self.high!r}; give numbers, low below high, and "
                "above 0 for log (write 3.0e-4, not 3e-4, which YAML takes for text)"
            )

    @property
    def ends(self) -> tuple[Any, ...]:
        """Both ends."""
        return self.low, self.high

    def holds(self, value: Any) -> bool:
        """Return True if the value can be drawn."""
        return bool(self.low <= value <= self.high)


@dataclass(frozen=True)
class Choices:
    """One of a few values."""

    choices: tuple[Any, ...]

    def __post_init__(self) -> None:
        if len(self.choices) < 2:
            raise SignletError("choices has fewer than two values; give at least two to choose")

    @property
    def ends(self) -> tuple[Any, ...]:
        """All of them."""
        return self.choices

    def holds(self, value: Any) -> bool:
        """Return True if the value can be drawn."""
        return value in self.choices


Space = Mapping[str, Range | Choices]
"""Dotted recipe key (`optimiser.learning_rate`) or factor -> what it may be."""

DEFAULT_SPACE: Space = {
    "optimiser.learning_rate": Range(3e-4, 3e-3, log=True),
    WIDTH: Choices((0.5, 1.0, 1.5)),
    DROPOUT: Range(0.5, 4.0, log=True),
    "mixup.schedule": Choices(("none", "rising", "falling")),
    "teacher.weight": Range(0.5, 10.0, log=True),
    "loss.smoothing": Range(0.0, 0.4),
    "loss.ousm": Range(0, 6),
    "augment.max_degrees": Range(0.0, 60.0),
}
"""For hundreds to a few thousand clips; the number of epochs stays the recipe's."""


def read_space(path: Path) -> Space:
    """Read `key: {low, high, log}` and `key: {choices: [...]}` from a YAML file.

    Raises SignletError, naming file and key, where it is not one.
    """
    content = read_mapping(path, "write lines of key: {low: .., high: ..}")
    if not content:
        raise SignletError(
            f"{path}: contains no search space; write lines of key: {{low: .., high: ..}}"
        )
    return {key: _entry(path, key, about) for key, about in content.items()}


def _entry(path: Path, key: str, about: Any) -> Range | Choices:
    try:
        if isinstance(about, dict) and set(about) == {"choices"}:
            values = about["choices"]
            return Choices(tuple(tuple(x) if isinstance(x, list) else x for x in values))
        if isinstance(about, dict) and {"low", "high"} <= set(about) <= {"low", "high", "log"}:
            return Range(about["low"], about["high"], bool(about.get("log", False)))
    except SignletError as error:
        raise SignletError(f"{path}: {key}: {error}") from None
    except TypeError:
        pass
    raise SignletError(f"{path}: {key}: give {{low, high, log}} or {{choices: [...]}}")


def check_space(recipe: Recipe, space: Space) -> None:
    """Raise SignletError if a key or one of its outermost values makes no recipe."""
    for key, about in space.items():
        for value in about.ends:
            try:
                with_values(recipe, {key: value})
            except SignletError as error:
                raise SignletError(f"space: {key} = {value!r}: {error}") from None


def value_of(recipe: Recipe, key: str) -> Any:
    """Return the recipe's value at a dotted key; 1.0 for a factor. Raises SignletError."""
    if key in (WIDTH, DROPOUT):
        return 1.0
    value: Any = recipe
    for part in key.split("."):
        if part not in getattr(value, "__dataclass_fields__", ()):
            known = ", ".join(field.name for field in fields(recipe))
            raise SignletError(
                f"{key} is not a setting of a recipe; keys begin with {known}, "
                f"or are {WIDTH} or {DROPOUT}"
            )
        value = getattr(value, part)
    if is_dataclass(value):
        names = ", ".join(f"{key}.{field.name}" for field in fields(value))
        raise SignletError(f"{key} is a group of values; give one of {names}")
    return value


def with_values(recipe: Recipe, values: Mapping[str, Any]) -> Recipe:
    """The recipe with other values at dotted keys; factors are applied last.

    Raises SignletError if the key is unknown, it cannot be searched, or its value
    does not fit.
    """
    settings = plain(recipe)
    for key, value in values.items():
        if key.split(".")[0] in _FIXED:
            raise SignletError(f"{key} cannot be searched; the trials share clips, folds and seed")
        value_of(recipe, key)
        if key not in (WIDTH, DROPOUT):
            *groups, last = key.split(".")
            place = settings
            for group in groups:
                place = place[group]
            place[last] = list(value) if isinstance(value, tuple) else value
    for key in (WIDTH, DROPOUT):
        if not _is_number(factor := values.get(key, 1.0)) or not factor > 0:
            raise SignletError(f"{key} is {factor!s:.60}; give a number above 0")
    for model in (settings["student"], settings["distilled"]):
        _scale(model, values.get(WIDTH, 1.0), values.get(DROPOUT, 1.0))
    return _recipe(settings)


def _scale(model: dict[str, Any], width: float, dropout: float) -> None:
    if width != 1:
        heads = model["heads"]
        model["dense"] = max(1, round(model["dense"] * width))
        model["widths"] = [max(1, round(w * width / heads)) * heads for w in model["widths"]]
    if dropout != 1:
        for name in ("encoder_dropout", "part_dropout"):
            model[name] = min(_MOST_DROPOUT, model[name] * dropout)
        model["layer_dropout"] = [min(_MOST_DROPOUT, x * dropout) for x in model["layer_dropout"]]


@cache
def _parser() -> ArgumentParser:
    parser: ArgumentParser = ArgumentParser(exit_on_error=False)
    parser.add_class_arguments(Recipe)
    return parser


def _recipe(settings: Mapping[str, Any]) -> Recipe:
    """Checks types as the command line does."""
    parser = _parser()
    check_sections(settings, Recipe)
    try:
        values = parser.instantiate(parser.parse_object(dict(settings)))
    except SignletError:
        raise
    except Exception as error:  # whatever jsonargparse makes of an odd value
        raise SignletError(reason_of(error)) from None
    return Recipe(**{field.name: values[field.name] for field in fields(Recipe)})
