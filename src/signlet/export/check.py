"""An exported file against torch: the same probabilities, or no file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from signlet.averaging import Average
from signlet.errors import ClipError, SignletError
from signlet.export.cases import edge_cases
from signlet.model import SignModel
from signlet.model.files import ModelFile
from signlet.runtimes import Runtime, open_runtime
from signlet.runtimes.measure import Measured, measure
from signlet.runtimes.torch import TorchRuntime

BOUNDS = {"fp32": 1e-4, "fp16": 5e-3, "int8": 0.2}
"""Largest difference of a probability that an export may have, by precision of its weights."""


@dataclass(frozen=True)
class Check:
    """How an exported file compares with torch, and what it costs here.

    real, edge: numbers of clips compared; edge cases are made, real clips are the user's.
    refused: edge cases that are longer than the file takes, and were refused as they must be.
    difference: largest, of any probability of any clip; at which clip.
    disagreements: clips whose likeliest sign is another one; of real clips alone.
    bytes: of the file.
    """

    real: int
    edge: int
    refused: int
    difference: float
    at: str
    bound: float
    disagreements: int
    disagreements_real: int
    bytes: int
    measured: Measured

    def as_json(self) -> dict[str, Any]:
        """For files and cards."""
        return asdict(self)


def check(
    path: Path,
    models: Sequence[SignModel],
    average: Average,
    signs: Sequence[str],
    clips: Mapping[str, NDArray[np.float32]],
    bound: float,
) -> Check:
    """Compare a file with its models on real clips and on edge cases.

    clips: name -> raw landmarks (T, 543, 3). bound: on the difference of any probability.
    Raises SignletError where it is broken, or a clip is answered that is longer than the
    file says it takes.
    """
    runtime = open_runtime(path, threads=1)
    edges = {f"edge case: {name}": clip for name, clip in edge_cases()}
    answered = {n: c for n, c in {**clips, **edges}.items() if _fits(c, runtime)}
    refused = [c for c in edges.values() if not _fits(c, runtime)]
    _require_refused(runtime, refused, path)
    reference = TorchRuntime(ModelFile(tuple(signs), tuple(models), average))
    wanted = reference.probabilities(list(answered.values()))
    got = np.concatenate([runtime.probabilities([clip]) for clip in answered.values()])
    apart = np.abs(got - wanted).max(1)  # NaN anywhere makes it NaN
    worst = int(np.argmax(np.where(np.isnan(apart), np.inf, apart)))
    name = list(answered)[worst]
    if not apart[worst] <= bound:
        raise SignletError(
            f"{path.name}: differs from torch by {apart[worst]:.2g} at {name}, allowed is "
            f"{bound:g}; nothing was written: export with a higher precision, or raise --bound"
        )
    other = got.argmax(1) != wanted.argmax(1)
    real = sum(name in clips for name in answered)
    return Check(
        real=real,
        edge=len(answered) - real,
        refused=len(refused),
        difference=float(apart[worst]),
        at=name,
        bound=bound,
        disagreements=int(other.sum()),
        disagreements_real=int(other[[name in clips for name in answered]].sum()),
        bytes=path.stat().st_size,
        measured=measure(path),
    )


def _fits(clip: NDArray[np.float32], runtime: Runtime) -> bool:
    return runtime.max_frames is None or len(clip) <= runtime.max_frames


def _require_refused(runtime: Runtime, clips: Sequence[NDArray[np.float32]], path: Path) -> None:
    for clip in clips:
        try:
            runtime.probabilities([clip])
        except ClipError:
            continue
        raise SignletError(f"{path.name}: took a clip of {len(clip)} frames, which it would cut")
