"""The trainings of an ablation: sets, variants, folds and seeds."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from benchmarks.accuracy.ablation_results import (
    Job,
)
from benchmarks.accuracy.ablation_variants import Variant, choose
from benchmarks.environment import SHARED
from signlet.errors import SignletError
from signlet.training import Recipe
from signlet.training.recipes import load_recipe

SETS = ("letters", "words")
WORDS = SHARED / "data" / "webcam"
RECIPE = Path(__file__).with_name("ablation_recipe.yaml")
EPOCHS = {"letters": 40, "words": 24}
"""Of that recipe, where no others are asked for."""
PRESETS = {"screen": ([0], [0, 1]), "confirm": ([0, 1, 2, 3], [0, 1, 2])}
"""Folds and seeds."""


def base_recipe(given: argparse.Namespace) -> Recipe:
    """The recipe to change."""
    recipe = load_recipe(given.recipe)
    return recipe if given.epochs is None else lasting(recipe, given.epochs)


def lasting(recipe: Recipe, epochs: int) -> Recipe:
    """So many epochs, looked at and saved at their end only, which changes no result."""
    return replace(
        recipe,
        optimiser=replace(recipe.optimiser, epochs=epochs),
        validate_every=epochs,
        save_every=epochs,
    )


def epochs_of(given: argparse.Namespace, recipe: Recipe, name: str) -> int:
    """Epochs of the trainings on a set."""
    ours = given.epochs is None and given.recipe == str(RECIPE)
    return EPOCHS[name] if ours else recipe.optimiser.epochs


def plan(given: argparse.Namespace, recipe: Recipe, console: Console) -> list[Job]:
    """All trainings asked for, done or not; one seed and fold after the other."""
    folds, seeds = PRESETS["confirm" if given.confirm else "screen"]
    folds = folds if given.folds is None else given.folds
    seeds = seeds if given.seeds is None else given.seeds
    if not set(folds) <= set(range(recipe.num_folds)) or min(seeds) < 0 or given.threads < 1:
        raise SignletError(
            f"--folds goes from 0 to {recipe.num_folds - 1}, --seeds from 0, --threads from 1"
        )
    variants = effective(choose(given.variants), recipe, console)
    sets = present(given, console)
    if not sets:
        raise SignletError("no set of clips is left; see --sets and --words")
    return [
        Job(name, variant.name, fold, seed, epochs_of(given, recipe, name))
        for seed in seeds
        for fold in folds
        for name in sets
        for variant in variants
    ]


def effective(variants: list[Variant], recipe: Recipe, console: Console) -> list[Variant]:
    """Those that differ from the base recipe."""
    same = [v.name for v in variants if v.changes_nothing(recipe)]
    if same:
        console.print(f"Left out, as it changes nothing here: {', '.join(same)}.", soft_wrap=True)
    return [v for v in variants if v.name not in same]


def present(given: argparse.Namespace, console: Console) -> list[str]:
    """The sets that are here."""
    if "words" in given.sets and not given.words.is_dir():
        console.print(f"Left out: words, as {given.words} is not here; see --words.")
        return [name for name in given.sets if name != "words"]
    return list(dict.fromkeys(given.sets))
