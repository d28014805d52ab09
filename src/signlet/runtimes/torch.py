"""Run folders and `model.safetensors`, by torch."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from signlet.calibration import Calibration, read_calibration
from signlet.model.files import ModelFile, load_model
from signlet.preprocess import Preprocess


class TorchRuntime:
    """A model file's members in torch; see `signlet.runtimes.Runtime`."""

    max_frames: int | None = None

    def __init__(self, model: ModelFile, calibration: Calibration | None = None) -> None:
        self.signs = model.signs
        self.about = model.about
        self.calibration = calibration
        self._members = [m.eval() for m in model.members]
        self._average = model.average

    @torch.inference_mode()
    def probabilities(self, raws: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
        """Each clip (T, 543, 3) float32, NaN = not found -> (B, K)."""
        clips = [torch.from_numpy(_writeable(raw)) for raw in raws]
        # Each member sees the clips at its own length; members of one length share the work.
        lengths = {m.config.max_len for m in self._members}
        ready = {max_len: _prepared(clips, max_len) for max_len in lengths}
        answers = [m(*ready[m.config.max_len]).float().softmax(1).numpy() for m in self._members]
        return self._average.of(answers)


def load(path: Path, threads: int = 0) -> TorchRuntime:
    """Read a run folder or a model file. threads: of torch as a whole; 0 leaves them alone.

    Raises SignletError where it is not usable.
    """
    if threads:
        torch.set_num_threads(threads)
    folder = path if path.is_dir() else path.parent
    return TorchRuntime(load_model(path), read_calibration(folder))


def _writeable(raw: NDArray[np.float32]) -> NDArray[np.float32]:
    """A clip read from a file may be read-only; torch wants memory it could write to."""
    return raw if raw.flags.writeable else raw.copy()


def _prepared(raws: list[Tensor], max_len: int) -> tuple[Tensor, Tensor]:
    """Clips (T, 543, 3) of any length -> (B, max_len, 100, 3) and mask (B, max_len)."""
    preprocess = Preprocess(max_len)
    frames, masks = zip(*(preprocess(raw) for raw in raws), strict=True)
    return torch.stack(frames), torch.stack(masks)
