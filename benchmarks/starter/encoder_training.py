"""Which encoder is good at being taught new signs?

Cost: about 6 minutes on one core for 800 steps, and half a minute to read the clips.
Page: docs/teach.md
Results: none

    python -m benchmarks.starter.encoder_training --out runs/encoder          lexicon and free words
    python -m benchmarks.starter.encoder_training --everything --out runs/all  no model to give away

A step looks at 24 made-up signs with 4 clips each (`made_signs.py`) and at 48 real clips, each
changed at random in two ways. The supervised contrastive loss (Khosla et al. 2020,
arXiv:2004.11362) pulls clips of one sign together and pushes all others apart; a cosine classifier
names the real ones besides. What is kept is the moving average of the weights. The folder that is
written is a model for `signlet.load` and `--init`; it names the signs that it learned from by their
examples.

800 steps take about 6 minutes of one core, the reading of the clips half a minute.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import cross_entropy
from torch.optim.swa_utils import AveragedModel

from benchmarks.clips.made_body import lose_parts
from benchmarks.clips.made_library import Library
from benchmarks.clips.made_random import Random
from benchmarks.clips.made_signs import MadeSigns, standardised
from benchmarks.clips.real_clips import (
    MAX_LEN,
    WORDS,
    RealClip,
    free_groups,
    groups_to_learn,
    lexicon,
    words,
)
from signlet.augment import AugmentConfig, Draws, augment
from signlet.cli.bars import Bars
from signlet.model import ModelSize, SignModel, unit
from signlet.model.elementwise import dropout_seed
from signlet.model.files import save_model
from signlet.training.optimiser import make_optimiser, optimise
from signlet.training.schedule import ema_decay
from signlet.training.settings import OptimiserSettings

SIZE = ModelSize(hand_shapes=True)
"""The small model of the recipes `demo` and `small`."""
OPTIMISER = OptimiserSettings(
    learning_rate=1e-3, weight_decay=0.05, warm_up=0.1, clip_norm=5.0, precision="bf16"
)
REAL_CHANGES = AugmentConfig(max_degrees=30.0, face_cutmix=0, fill_hand=0)
MADE_CHANGES = AugmentConfig(
    rotate=0.3, max_degrees=10.0, resize=0.3, crop=0, face_cutmix=0, fill_hand=0
)
"""Made-up clips differ already; they are mirrored, and turned and resized a little."""
REAL_NOISE = 0.01
DECAY = 0.99
"""Of the moving average of the weights."""
PROTOTYPES = 16
"""Examples of a sign that the saved model keeps, at most."""
COSINE_SCALE, SMOOTHING = 16.0, 0.1
"""Of the classifier that names the real clips."""
_MADE_SEED, _REAL_SEED = 1, 7
"""Added to the seed, so that streams of random numbers differ."""
_EVERY = 100

Report = Callable[[int, float], None]


@dataclass(frozen=True)
class EncoderSettings:
    """One training. Every random number comes from the seed."""

    steps: int = 800
    seed: int = 0
    made_signs: int = 24
    made_clips: int = 4
    """Clips of each made-up sign."""
    real_clips: int = 48
    views: int = 2
    """Of each real clip."""
    temperature: float = 0.1
    """Of the contrastive loss."""
    naming: float = 0.5
    """Weight of the cross entropy of the real clips' signs."""


@dataclass(frozen=True, eq=False)
class Batch:
    """frames (B, 16, 100, 3), NaN where not found; mask (B, 16) bool; labels (B,) int64."""

    frames: Tensor
    mask: Tensor
    labels: Tensor


# --- batches ------------------------------------------------------------------------------


class MadeBatches:
    """Made-up signs, new ones in each step."""

    def __init__(self, library: Library, settings: EncoderSettings, first_label: int) -> None:
        self._signs = MadeSigns(library, settings.seed + _MADE_SEED)
        self._settings, self._first_label = settings, first_label

    def next(self, step: int) -> Batch:
        made = self._signs.batch(self._settings.made_signs, self._settings.made_clips)
        draws = Draws(self._settings.seed, step, torch.arange(len(made.labels)), 0)
        frames = standardised(made.frames)
        frames, mask = augment(frames, made.mask, MADE_CHANGES, draws, early=False)
        return Batch(frames, mask, made.labels + self._first_label)


class RealBatches:
    """Real clips drawn at random, each changed in several ways."""

    def __init__(self, clips: Sequence[RealClip], settings: EncoderSettings) -> None:
        self._frames = torch.stack([clip.frames for clip in clips])
        self._mask = torch.stack([clip.mask for clip in clips])
        self._labels = torch.from_numpy(numbered(clips))
        self._settings, self._random = settings, Random(settings.seed)

    def next(self, step: int) -> Batch:
        rows = self._random.whole(len(self._labels), self._settings.real_clips)
        rows = rows.repeat(self._settings.views)
        draws = Draws(self._settings.seed + _REAL_SEED, step, torch.arange(len(rows)), 0)
        before = self._frames[rows], self._mask[rows]
        frames, mask = augment(*before, REAL_CHANGES, draws, early=False)
        lose_parts(self._random, frames)
        frames = frames + self._random.normal(*frames.shape) * REAL_NOISE
        return Batch(standardised(frames), mask, self._labels[rows])


def signs_of(clips: Sequence[RealClip]) -> list[tuple[str, ...]]:
    """The clips' signs, each once, in the order in which they come."""
    return list(dict.fromkeys(clip.sign for clip in clips))


def numbered(clips: Sequence[RealClip]) -> NDArray[np.int64]:
    """(N,) number of each clip's sign in `signs_of`."""
    number = {sign: i for i, sign in enumerate(signs_of(clips))}
    return np.array([number[clip.sign] for clip in clips], dtype=np.int64)


# --- training -----------------------------------------------------------------------------


def contrast(embeddings: Tensor, labels: Tensor, temperature: float) -> Tensor:
    """Supervised contrastive loss: each clip should be nearer to all of its sign than to others.

    embeddings: (B, D) of length 1. labels: (B,); a clip that is alone of its sign only pushes.
    """
    itself = torch.eye(len(labels), dtype=torch.bool, device=labels.device)
    likeness = (embeddings @ embeddings.mT / temperature).masked_fill(itself, -torch.inf)
    logs = (likeness - likeness.logsumexp(1, keepdim=True)).masked_fill(itself, 0.0)
    same = (labels[:, None] == labels) & ~itself
    count = same.sum(1)
    means = (logs * same).sum(1) / count.clamp(min=1)
    return -means[count > 0].mean()


def train_encoder(
    clips: Sequence[RealClip],
    settings: EncoderSettings,
    report: Report = lambda step, loss: None,
) -> SignModel:
    """An encoder in eval mode; its head was not trained. report: told after each step."""
    library = Library.of(clip.points for clip in clips)
    real = RealBatches(clips, settings)
    made = MadeBatches(library, settings, first_label=len(signs_of(clips)))
    with dropout_seed(settings.seed):
        model = SignModel(SIZE.config(MAX_LEN, num_classes=len(signs_of(clips)))).train()
        average = AveragedModel(model, avg_fn=_moved)
        optimiser = make_optimiser(model, OPTIMISER)
        for step in range(settings.steps):
            loss = _loss(model, made.next(step), real.next(step), settings)
            loss.backward()
            optimise(optimiser, model, step, settings.steps, OPTIMISER)
            average.update_parameters(model)
            report(step, loss.item())
    return cast(SignModel, average.module).eval()


def _moved(average: Tensor, now: Tensor, updates: Tensor | int) -> Tensor:
    return average.lerp(now, 1 - ema_decay(int(updates), DECAY))


def _loss(model: SignModel, made: Batch, real: Batch, settings: EncoderSettings) -> Tensor:
    frames = torch.cat([made.frames, real.frames]).nan_to_num()
    mask, labels = torch.cat([made.mask, real.mask]), torch.cat([made.labels, real.labels])
    with torch.autocast(frames.device.type, torch.bfloat16, OPTIMISER.precision == "bf16"):
        features = model.features(frames, mask)
    embeddings = unit(features.float())
    apart = contrast(embeddings, labels, settings.temperature)
    likeness = embeddings[-len(real.labels) :] @ unit(model.logits.weight).mT
    named = cross_entropy(likeness * COSINE_SCALE, real.labels, label_smoothing=SMOOTHING)
    return apart + settings.naming * named


# --- what becomes of it -------------------------------------------------------------------


@torch.inference_mode()
def embedded(encoder: SignModel, clips: Sequence[RealClip], at_once: int = 128) -> Tensor:
    """(N, D) of length 1. encoder: in eval mode."""
    parts = []
    for first in range(0, len(clips), at_once):
        part = clips[first : first + at_once]
        frames = torch.stack([clip.frames for clip in part]).nan_to_num()
        parts.append(unit(encoder.features(frames, torch.stack([clip.mask for clip in part]))))
    return torch.cat(parts)


def with_examples(
    encoder: SignModel, embeddings: NDArray[np.float32], labels: NDArray[np.int64]
) -> SignModel:
    """The encoder with a head that names signs by their examples, in eval mode.

    embeddings: (N, D) of length 1. labels: (N,) from 0, each number at least once.
    """
    count = int(labels.max()) + 1
    named = SignModel(replace(encoder.config, num_classes=count, prototypes=PROTOTYPES))
    kept = {k: v for k, v in encoder.state_dict().items() if not k.startswith("logits.")}
    named.load_state_dict(kept, strict=False)
    for unused in named.logits.parameters():
        torch.nn.init.zeros_(unused)
    assert named.nearest is not None
    named.nearest.fit(embeddings, labels)
    return named.eval()


def told(settings: EncoderSettings, clips: Sequence[RealClip]) -> dict[str, Any]:
    """Describe the training for the model's file."""
    return {
        "recipe": "encoder_training",
        "source": f"{len(clips)} real clips of {len(signs_of(clips))} signs, and made-up signs",
        **asdict(settings),
    }


def to_learn(folder: Path, everything: bool = False) -> list[RealClip]:
    """The lexicon, and what may be learned from of the words, where they are."""
    clips = lexicon()
    if not folder.exists():
        print(f"{folder}: is not there; the encoder learns from the lexicon alone")
        return clips
    return clips + words(folder, groups_to_learn(folder) if everything else free_groups(folder))


def reporting(bars: Bars) -> Report:
    """Moves a bar, and prints the loss now and then."""
    seen: list[float] = []

    def report(step: int, loss: float) -> None:
        bars.step()
        seen.append(loss)
        if (step + 1) % _EVERY == 0:
            print(f"step {step + 1}: loss {np.mean(seen[-_EVERY:]):.3f}", flush=True)

    return report


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, required=True, help="folder of the model")
    parser.add_argument("--words", type=Path, default=WORDS)
    parser.add_argument(
        "--everything", action="store_true", help="groups without a free licence too"
    )
    parser.add_argument("--steps", type=int, default=EncoderSettings.steps)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    torch.set_num_threads(1)
    settings = EncoderSettings(given.steps, given.seed)
    clips = to_learn(given.words, given.everything)
    with Bars() as bars:
        bars.begin("training", settings.steps)
        encoder = train_encoder(clips, settings, reporting(bars))
    model = with_examples(encoder, embedded(encoder, clips).numpy(), numbered(clips))
    signs = ["/".join(sign) for sign in signs_of(clips)]
    save_model(given.out, [model], signs, told(settings, clips))
    print(f"written: {given.out}")


if __name__ == "__main__":
    main()
