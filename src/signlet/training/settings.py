"""Every setting of a training run: the recipe files and the command line's flags come from here."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from signlet.augment import AugmentConfig
from signlet.errors import SignletError
from signlet.model import ModelSize
from signlet.modelfile import MAX_SIZE
from signlet.text.names import is_name

MOST_FITS = 16
MOST = 10**9
"""No number of a recipe is larger, but for its seed."""
MOST_SEED = 2**59
"""JSON of other programs keeps whole numbers of 18 digits."""
FEW_BATCHES = 4
"""With fewer whole batches in an epoch than this, every clip takes part in every epoch."""


@dataclass(frozen=True)
class PackingSettings:
    """The clips, and the way they are packed."""

    max_len: int = 32
    """Frames kept of a clip; longer ones are thinned out evenly."""
    dtype: Literal["float32", "float16"] = "float32"
    """Type of the packed landmarks on disk."""
    default_source: str = ""
    """Clips to use without `--data`."""


@dataclass(frozen=True)
class OptimiserSettings:
    """Length of the training and AdamW's settings, for student and distilled model alike."""

    epochs: int = 100
    """Passes over the training clips."""
    min_steps: int = 0
    """Steps of a training that `signlet train` provides for: with few clips it adds epochs until
    this number is reached, unless you give the epochs; 0: never."""
    batch_size: int = 32
    """Clips of a step, over all processes."""
    group: int = 32
    """Clips that are mixed up with each other and among which OUSM leaves out the hardest;
    the published training had 32 on each GPU. A batch that is not a multiple is one group."""
    learning_rate: float = 3e-4
    """Largest learning rate."""
    weight_decay: float = 0.4
    """Decay of weight matrices and tables; biases and norms have none."""
    warm_up: float = 0.25
    """Share of the steps with linear warm-up of the learning rate; linear decay follows."""
    clip_norm: float = 10.0
    """Largest norm of a model's gradient; 0 switches clipping off."""
    precision: Literal["fp32", "bf16"] = "fp32"
    """bf16: matrix products in bfloat16 by autocast."""


@dataclass(frozen=True)
class LossSettings:
    """Cross entropy and which samples count."""

    smoothing: float = 0.3
    """Probability taken from the true sign and spread over all others."""
    ousm: int = 3
    """Samples of highest loss left out of each group, at most a quarter of it; 0: none."""


@dataclass(frozen=True)
class TeacherSettings:
    """Mean teacher: a moving average of the student that student and distilled follow."""

    enabled: bool = True
    """False: no consistency loss; the average is still computed and tested."""
    decay: float = 0.97
    """Decay of the moving average; a plain average while there are few steps."""
    weight: float = 5.0
    """Weight of the consistency loss."""
    ramp: float = 0.25
    """Share of the steps in which that weight rises as exp(-5 (1 - t)^2)."""


@dataclass(frozen=True)
class MixupSettings:
    """Manifold mixup before a random transformer layer."""

    schedule: Literal["rising", "falling", "none"] = "rising"
    """Change of the mixing probability over the epochs: rising in the published write-up, falling
    in the published code."""
    probability: float = 0.5
    """Probability that the schedule starts from or rises to."""
    end: float = 0.9
    """Share of the epochs at which it has risen to `probability` or fallen to 0."""
    alpha: float = 0.4
    """Both parameters of the Beta distribution of a clip's share in a mixed pair."""


@dataclass(frozen=True)
class HeadSettings:
    """The head that names the sign in a trained model."""

    kind: Literal["linear", "nearest"] = "linear"
    """linear: the trained layer. nearest: the similarity of a clip to each sign's mean and to its
    nearest example, fitted after the training; better with few or uneven clips."""
    prototypes: int = 16
    """Examples of each sign that the nearest head keeps; for a sign with more clips, the centres
    of that many clusters."""


@dataclass(frozen=True)
class Recipe:
    """One training run."""

    name: str = "demo"
    """Name of the recipe, and of the run folder unless another is given."""
    packing: PackingSettings = field(default_factory=PackingSettings)
    """Clips and packing."""
    student: ModelSize = field(default_factory=ModelSize)
    """The model being trained; the teacher averages it."""
    distilled: ModelSize = field(default_factory=ModelSize)
    """The model to ship; it has its own optimiser and learns from the same teacher."""
    augment: AugmentConfig = field(default_factory=AugmentConfig)
    """Augmentations, drawn separately for every model."""
    optimiser: OptimiserSettings = field(default_factory=OptimiserSettings)
    """AdamW and the schedule."""
    loss: LossSettings = field(default_factory=LossSettings)
    """Cross entropy."""
    teacher: TeacherSettings = field(default_factory=TeacherSettings)
    """Mean teacher."""
    mixup: MixupSettings = field(default_factory=MixupSettings)
    """Manifold mixup."""
    head: HeadSettings = field(default_factory=HeadSettings)
    """The classifier of the finished models."""
    soup_epochs: int = 10
    """Number of last epochs whose weights the soup averages; at most half of all epochs, because
    earlier ones are too different."""
    fits: int = 1
    """Trainings on all clips (with `--full-fit`, or for small sets); each starts from other random
    weights, and the run's model averages their answers."""
    num_folds: int = 4
    """Number of folds; no signer is in two of them."""
    validate_every: int = 1
    """Epochs between two tests on the held-out signers; the last epoch always has one."""
    save_every: int = 1
    """Epochs between two checkpoints."""
    seed: int = 0
    """Seed of weights, order of clips, augmentations, dropout and mixup, but not of the folds."""

    def __post_init__(self) -> None:
        """Refuse values that make no training. Raises SignletError, which names the setting."""
        self._check_extremes()
        self._check_signs_of_numbers()
        if self.fits > MOST_FITS:
            raise SignletError(f"fits is {self.fits}; give at most {MOST_FITS}")

    def _check_extremes(self) -> None:
        """Numbers that no training could count to, or whose model no file could hold."""
        require_plain_name(self.name)
        for name, value in flat_numbers(asdict(self)):
            most = MOST_SEED if name == "seed" else MOST
            if "widths" in name or name.endswith((".dense", ".heads", ".max_len")):
                most = MAX_SIZE
            if not -most <= value <= most:  # NaN is in no range
                raise SignletError(f"{name} is {value}; give at most {most:,}")

    def _check_signs_of_numbers(self) -> None:
        positive = {
            "optimiser.epochs": self.optimiser.epochs,
            "optimiser.batch_size": self.optimiser.batch_size,
            "optimiser.group": self.optimiser.group,
            "optimiser.learning_rate": self.optimiser.learning_rate,
            "packing.max_len": self.packing.max_len,
            "soup_epochs": self.soup_epochs,
            "head.prototypes": self.head.prototypes,
            "fits": self.fits,
            "num_folds": self.num_folds,
            "validate_every": self.validate_every,
            "save_every": self.save_every,
            "mixup.alpha": self.mixup.alpha,
            "mixup.end": self.mixup.end,
        }
        shares = {
            "optimiser.warm_up": self.optimiser.warm_up,
            "loss.smoothing": self.loss.smoothing,
            "teacher.decay": self.teacher.decay,
            "teacher.ramp": self.teacher.ramp,
            "mixup.probability": self.mixup.probability,
        }
        for name, value in positive.items():
            if not value > 0:
                raise SignletError(f"{name} is {value}; it must be above 0")
        for name, value in shares.items():
            if not 0 <= value < 1:
                raise SignletError(f"{name} is {value}; it must be at least 0 and below 1")
        not_negative = {
            "optimiser.min_steps": self.optimiser.min_steps,
            "optimiser.weight_decay": self.optimiser.weight_decay,
            "optimiser.clip_norm": self.optimiser.clip_norm,
            "loss.ousm": self.loss.ousm,
            "teacher.weight": self.teacher.weight,
            "seed": self.seed,
        }
        for name, value in not_negative.items():
            if value < 0:
                raise SignletError(f"{name} is {value}; it must not be negative")


def require_plain_name(name: str) -> None:
    """Raise SignletError if a recipe's name cannot be that of a folder."""
    if not is_name(name) or name in (".", "..") or set(name) & set("/\\"):
        raise SignletError(
            f"name is {name[:60]!r}; give a name that a folder can have, without / and \\"
        )


def flat_numbers(settings: Any, name: str = "") -> Iterator[tuple[str, float]]:
    """Every number in nested settings, by its dotted name."""
    if isinstance(settings, dict):
        for key, value in settings.items():
            yield from flat_numbers(value, f"{name}.{key}" if name else key)
    elif isinstance(settings, tuple):
        for value in settings:
            yield from flat_numbers(value, name)
    elif isinstance(settings, int | float):
        yield name, settings


def soup_length(recipe: Recipe) -> int:
    """Last epochs whose weights go into the soup."""
    return min(recipe.soup_epochs, max(1, recipe.optimiser.epochs // 2))


def plain(recipe: Recipe) -> dict[str, Any]:
    """All settings as YAML knows them: lists for tuples."""
    settings: dict[str, Any] = json.loads(json.dumps(asdict(recipe)))
    return settings


def steps_and_batch_size(
    clips: int, batch: int, processes: int = 1, groups: int = 1
) -> tuple[int, int]:
    """Steps of an epoch over so many clips, and the clips of each step.

    From four whole batches on, the clips that fill none, at most a fifth, wait for another
    epoch. Fewer clips are spread evenly over one batch more, so that none waits; where they do
    not come out even, some are seen twice.
    processes: the clips of a step are a multiple of it, as `batch` must be.
    groups: of a batch. Batches of several stay whole as long as one is filled, so that groups, and
        with them the results, are the same for any number of processes.
    """
    whole, rest = divmod(clips, batch)
    if whole >= FEW_BATCHES or (whole and (not rest or groups > 1)):
        return whole, batch
    each = -(-clips // (whole + 1))
    return whole + 1, -(-each // processes) * processes


def group_size(batch: int, group: int) -> int:
    """Clips of each group in a batch: `group`, or the whole batch where that does not divide it."""
    return group if batch % group == 0 else batch
