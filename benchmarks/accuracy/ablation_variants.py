"""The variants of an ablation: changes of the base recipe, one at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from signlet.errors import SignletError
from signlet.training import Recipe

BASE = "base"
WRITE_UP, CODE = "write-up", "code"
"""The two sides where the published description and the published program disagree."""


@dataclass(frozen=True)
class Variant:
    """One change.

    name: on the command line and in the CSV. group, label: heading and line in table and
    figure. changes: dotted name of a recipe's setting -> its value here.
    side: WRITE_UP or CODE where the two disagree on this setting, else "".
    works: whether the change has any effect on trainings with that recipe.
    """

    name: str
    group: str
    label: str
    changes: Mapping[str, Any]
    side: str = ""
    works: Callable[[Recipe], bool] = lambda recipe: True

    def of(self, recipe: Recipe) -> Recipe:
        """The recipe with this change. Raises SignletError where a setting does not exist."""
        for name, value in self.changes.items():
            recipe = _with(recipe, name.split("."), value, name)
        return recipe

    def changes_nothing(self, recipe: Recipe) -> bool:
        """Return True if training with the change is the same as training without it."""
        return bool(self.changes) and (self.of(recipe) == recipe or not self.works(recipe))


def _with(settings: Any, path: list[str], value: Any, name: str) -> Any:
    first, *rest = path
    if first not in {field.name for field in fields(settings)}:
        raise SignletError(f"{name}: a recipe has no such setting; mend the variant that names it")
    inner = _with(getattr(settings, first), rest, value, name) if rest else value
    return replace(settings, **{first: inner})


def _both(**settings: Any) -> dict[str, Any]:
    """The same for both models."""
    return {
        f"{model}.{name}": value
        for model in ("student", "distilled")
        for name, value in settings.items()
    }


def _crops(recipe: Recipe) -> bool:
    return recipe.packing.max_len >= recipe.augment.crop_min_frames


_STEPS = {
    "interpolate": "no interpolation",
    "flip": "no flip",
    "rotate": "no rotation",
    "crop": "no crop",
    "resize": "no resize",
    "distort": "no distortion",
    "fill_hand": "no filled hand",
    "face_cutmix": "no face CutMix",
}
_WORKS: dict[str, Callable[[Recipe], bool]] = {
    "crop": _crops,
    "distort": lambda recipe: recipe.augment.resize > 0,
}
_MIXUP, _LOSS, _AUGMENT = "manifold mixup", "losses", "augmentation"
_MODEL, _REGULARISATION = "model", "regularisation"
_FEATURE_DROPOUT = "feature dropout {}"

VARIANTS: tuple[Variant, ...] = (
    Variant(BASE, "", "base recipe", {}),
    Variant("mixup-rising", _MIXUP, "rising", {"mixup.schedule": "rising"}, WRITE_UP),
    Variant("mixup-falling", _MIXUP, "falling", {"mixup.schedule": "falling"}, CODE),
    Variant("no-mixup", _MIXUP, "none", {"mixup.schedule": "none"}),
    Variant("no-teacher", _LOSS, "no mean teacher", {"teacher.enabled": False}),
    Variant("no-ousm", _LOSS, "no OUSM", {"loss.ousm": 0}),
    Variant("no-smoothing", _LOSS, "no label smoothing", {"loss.smoothing": 0.0}),
    Variant("smoothing-0.1", _LOSS, "label smoothing 0.1", {"loss.smoothing": 0.1}),
    Variant(
        "dropout-0.25",
        _REGULARISATION,
        _FEATURE_DROPOUT.format("0.25"),
        _both(encoder_dropout=0.25, part_dropout=0.25),
        WRITE_UP,
    ),
    Variant(
        "dropout-0.05",
        _REGULARISATION,
        _FEATURE_DROPOUT.format("0.05"),
        _both(encoder_dropout=0.05, part_dropout=0.05),
        CODE,
    ),
    Variant(
        "weight-decay-0.05",
        _REGULARISATION,
        "weight decay 0.05",
        {"optimiser.weight_decay": 0.05},
    ),
    *(
        Variant(
            f"no-{step.replace('_', '-')}",
            _AUGMENT,
            label,
            {f"augment.{step}": 0.0},
            works=_WORKS.get(step, lambda recipe: True),
        )
        for step, label in _STEPS.items()
    ),
    Variant(
        "rotate-30",
        _AUGMENT,
        "rotate by 30° at most",
        {"augment.max_degrees": 30.0},
        works=lambda recipe: recipe.augment.rotate > 0,
    ),
    Variant(
        "crop-short",
        _AUGMENT,
        "crop clips of 8 frames too",
        {"augment.crop_min_frames": 8},
        works=lambda recipe: recipe.augment.crop > 0,
    ),
    Variant(
        "no-augmentation",
        _AUGMENT,
        "none at all",
        {f"augment.{step}": 0.0 for step in _STEPS},
    ),
    Variant("no-hand-shapes", _MODEL, "no hand shapes", _both(hand_shapes=False)),
    Variant("motion", _MODEL, "with motion", _both(motion=True)),
    Variant("no-motion", _MODEL, "no motion", _both(motion=False)),
    Variant("bones", _MODEL, "with directions of bones", _both(bones=True)),
    Variant("no-centring", _MODEL, "parts not centred", _both(centre_parts=False)),
    Variant(
        "no-position-convolutions",
        _MODEL,
        "no position convolutions",
        _both(position_convolutions=False),
    ),
    Variant("plain-attention", _MODEL, "plain attention", _both(disentangled=False)),
)


def choose(names: list[str] | None) -> list[Variant]:
    """The variants of these names in our order, all where None; the base always comes first.

    Raises SignletError for a name that is none.
    """
    known = [variant.name for variant in VARIANTS]
    unknown = [name for name in names or () if name not in known]
    if unknown:
        raise SignletError(f"--variants {unknown[0]}: there is none; choose {', '.join(known)}")
    return [v for v in VARIANTS if names is None or v.name in {BASE, *names}]
