"""Use a trained model: a clip in, signs with probabilities out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from signlet.clip import Clip, require_landmarks
from signlet.model.files import ModelFile, load_model
from signlet.preprocess import Preprocess
from signlet.sources import read_clip

Recognisable = Clip | str | Path | ArrayLike
"""A clip, a file that holds one, or raw landmarks (T, 543, 3) with NaN for not found."""


@dataclass(frozen=True)
class Prediction:
    """What a recogniser says of one clip.

    signs: K names. probabilities: (K,) float32, their sum is 1.
    """

    signs: tuple[str, ...] = field(repr=False)
    probabilities: NDArray[np.float32] = field(repr=False)

    @property
    def sign(self) -> str:
        """The likeliest sign."""
        return self.top(1)[0][0]

    def top(self, count: int = 5) -> list[tuple[str, float]]:
        """The likeliest signs with their probabilities, best first."""
        order = np.argsort(-self.probabilities, kind="stable")[:count]
        return [(self.signs[i], float(self.probabilities[i])) for i in order]

    def __repr__(self) -> str:
        best = ", ".join(f"{sign} {probability:.1%}" for sign, probability in self.top(3))
        return f"Prediction({best})"


class Recogniser:
    """A loaded model; the answers of its members are averaged.

    signs: K names of the signs that it knows. about: what the file says of itself.
    """

    def __init__(self, model: ModelFile) -> None:
        self.signs = model.signs
        self.about: dict[str, Any] = model.about
        self._members = [m.eval() for m in model.members]
        self._average = model.average

    @classmethod
    def load(cls, path: str | Path) -> Recogniser:
        """Read a run folder or a model file. Raises SignletError where it is not usable."""
        return cls(load_model(path))

    def __call__(self, clip: Recognisable) -> Prediction:
        """Recognise one clip.

        Raises ClipError where it cannot be read, or no landmark was found in any frame.
        """
        return self.batch([clip])[0]

    @torch.inference_mode()
    def batch(self, clips: Iterable[Recognisable]) -> list[Prediction]:
        """Recognise many clips at once; the answers are those of one at a time."""
        raw = [torch.from_numpy(_frames(clip)) for clip in clips]
        if not raw:
            return []
        # Each member sees the clips at its own length; members of one length share the work.
        lengths = {m.config.max_len for m in self._members}
        ready = {max_len: _prepared(raw, max_len) for max_len in lengths}
        answers = [m(*ready[m.config.max_len]).float().softmax(1).numpy() for m in self._members]
        probabilities = self._average.of(answers)
        return [Prediction(self.signs, row) for row in probabilities]


def _prepared(raw: list[Tensor], max_len: int) -> tuple[Tensor, Tensor]:
    """Clips (T, 543, 3) of any length -> (B, max_len, 100, 3) and mask (B, max_len)."""
    preprocess = Preprocess(max_len)
    frames, masks = zip(*(preprocess(one) for one in raw), strict=True)
    return torch.stack(frames), torch.stack(masks)


def _frames(clip: Recognisable) -> NDArray[np.float32]:
    if isinstance(clip, str | Path):
        clip = read_clip(clip)
    elif not isinstance(clip, Clip):
        clip = Clip.from_array(clip, name="array")
    require_landmarks(clip.frames, clip.name)
    # A clip read from a file may be read-only; torch wants memory it could write to.
    return clip.frames if clip.frames.flags.writeable else clip.frames.copy()
