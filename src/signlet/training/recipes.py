"""Recipes by name or path: read, checked, and as flags of a command.

jsonargparse knows what a value of each setting can be; one that it cannot be becomes one line.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from dataclasses import fields
from importlib.resources import files
from pathlib import Path
from typing import Any

from jsonargparse import ActionConfigFile, ArgumentParser  # type: ignore[attr-defined]

from signlet.errors import SignletError
from signlet.files.missing_path import not_found_message
from signlet.files.regular import blocked, irregular
from signlet.files.settings_file import check_sections, read_mapping
from signlet.text.wrong_values import UNPARSED, wrong_value
from signlet.training.settings import Recipe

_RECIPES = files("signlet") / "recipes"
_REMEDY = "see the recipes that come with signlet, in its folder recipes"


def recipe_names() -> list[str]:
    """Recipes that come with signlet."""
    return sorted(p.name.removesuffix(".yaml") for p in _RECIPES.iterdir() if ".yaml" in p.name)


def recipe_path(name: str) -> str:
    """A recipe's file: one of signlet's by name, or the user's own by path."""
    if name in recipe_names():
        return str(_RECIPES / f"{name}.yaml")
    if why := blocked(Path(name)):
        raise SignletError(f"--recipe {why}")
    if irregular(Path(name)):
        missing = not_found_message(name, "file or recipe", recipe_names())
        raise SignletError(f"--recipe {missing}; signlet has {', '.join(recipe_names())}")
    read_mapping(Path(name), _REMEDY)
    return name


class _RecipeFile(ActionConfigFile):
    """A file in UTF-8; jsonargparse reads it as whatever the locale says."""

    def __call__(self, parser: Any, cfg: Any, values: Any, option_string: Any = None) -> None:
        content = read_mapping(Path(values), _REMEDY)
        flags = frozenset(action.dest for action in parser._actions) - {"help", self.dest}
        try:
            check_sections(content, Recipe, flags - {field.name for field in fields(Recipe)})
        except SignletError as error:
            raise SignletError(f"{values}: {error}") from None
        text = json.dumps(content, default=str, ensure_ascii=False)
        # The library tries whether it is a path, which a locale may not be able to write. What
        # stands for a letter here is YAML's own escape.
        text = text.encode("ascii", "backslashreplace").decode("ascii")
        self.apply_config(parser, cfg, self.dest, text)


def add_recipe(parser: ArgumentParser) -> None:
    """Add `--recipe` and one flag for every setting that a recipe can hold."""
    parser.add_argument(
        "--recipe",
        action=_RecipeFile,
        help=f"recipe by name ({', '.join(recipe_names())}) or a YAML file; flags override it",
    )
    parser.add_class_arguments(Recipe, as_group=True)


def recipe_of(parser: ArgumentParser, parsed: Any) -> Recipe:
    """The recipe in parsed arguments. Raises SignletError if a setting has no usable value."""
    given = parsed.as_dict()
    names = [field.name for field in fields(Recipe)]
    check_sections({name: given[name] for name in names}, Recipe)
    values = parser.instantiate(parsed)
    return Recipe(**{name: values[name] for name in names})


def recipe_in(settings: Mapping[str, Any]) -> Recipe:
    """The recipe of settings as a run folder keeps them; raises anything where they are none."""
    check_sections(settings, Recipe)
    parser = ArgumentParser(exit_on_error=False)
    add_recipe(parser)
    return recipe_of(parser, parser.parse_object(dict(settings)))


def load_recipe(name: str) -> Recipe:
    """A recipe by name or path, without any flags. Raises SignletError."""
    parser = ArgumentParser(prog="signlet train", exit_on_error=False)
    add_recipe(parser)
    given = ["--recipe", recipe_path(name)]
    try:
        parsed = parser.parse_args(given)
    except argparse.ArgumentError as error:
        text = " ".join(str(error).split())
        raise SignletError(wrong_value(parser, text, given) or text) from None
    except UNPARSED as error:
        text = " ".join(str(error).split())
        raise SignletError(f"a value cannot be read ({text[:200]}); see {parser.prog} -h") from None
    return recipe_of(parser, parsed)
