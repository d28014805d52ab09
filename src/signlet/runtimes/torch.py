"""Run folders and `model.safetensors`, by torch."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from signlet.model import joint_embedding
from signlet.model.files import ModelFile, load_model
from signlet.modelfile.answers import library
from signlet.modelfile.calibration import Calibration, read_calibration
from signlet.preprocess import Preprocess
from signlet.runtimes import Answers, Runtime, require_frames


class TorchRuntime(Runtime):
    """A model file's members in torch; see `signlet.runtimes.Runtime`."""

    max_frames: int | None = None

    def __init__(
        self, model: ModelFile, calibration: Calibration | None = None, name: str = "the model"
    ) -> None:
        """name: what errors call it."""
        self._name = name
        self.signs = model.signs
        self.about = model.about
        self.calibration = calibration
        self._members = [m.eval() for m in model.members]
        self._average = model.average
        self.embedding_size = sum(m.config.widths[3] for m in model.members)

    def probabilities(self, raws: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
        """Each clip (T, 543, 3) float32, NaN = not found -> (B, K)."""
        return self.answers(raws)[0]

    def answers(self, raws: Sequence[NDArray[np.float32]]) -> Answers:
        """Probabilities (B, K) and embeddings (B, D), as `signlet.runtimes.Runtime` has them."""
        with library(self._name, "be run"):
            return self._answers(raws)

    @torch.inference_mode()
    def _answers(self, raws: Sequence[NDArray[np.float32]]) -> Answers:
        if not raws:
            sizes = len(self.signs), self.embedding_size or 0
            return np.empty((0, sizes[0]), np.float32), np.empty((0, sizes[1]), np.float32)
        require_frames(raws)
        clips = [torch.from_numpy(_writeable(raw)) for raw in raws]
        # Each member sees the clips at its own length; members of one length share the work.
        lengths = {m.config.max_len for m in self._members}
        ready = {max_len: _prepared(clips, max_len) for max_len in lengths}
        features = [m.features(*ready[m.config.max_len]) for m in self._members]
        logits = [m.classify(one).float() for m, one in zip(self._members, features, strict=True)]
        answers = [one.softmax(1).numpy() for one in logits]
        return self._average.of(answers), joint_embedding([one.float() for one in features]).numpy()


def load(path: Path, threads: int = 0) -> TorchRuntime:
    """Read a run folder or a model file. threads: of torch as a whole; 0 leaves them alone.

    Raises SignletError if it is not usable.
    """
    if threads:
        torch.set_num_threads(threads)
    folder = path if path.is_dir() else path.parent
    return TorchRuntime(load_model(path), read_calibration(folder), str(path))


def _writeable(raw: NDArray[np.float32]) -> NDArray[np.float32]:
    """A clip read from a file may be read-only; torch wants memory it could write to."""
    return raw if raw.flags.writeable else raw.copy()


def _prepared(raws: list[Tensor], max_len: int) -> tuple[Tensor, Tensor]:
    """Clips (T, 543, 3) of any length -> (B, max_len, 100, 3) and mask (B, max_len)."""
    preprocess = Preprocess(max_len)
    frames, masks = zip(*(preprocess(raw) for raw in raws), strict=True)
    return torch.stack(frames), torch.stack(masks)
