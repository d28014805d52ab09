"""An exported file against torch: the same answers, or no file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from signlet.errors import ClipError, SignletError
from signlet.export.benchmark import Benchmark, benchmark_file
from signlet.export.cases import edge_cases
from signlet.model import SignModel
from signlet.model.files import ModelFile
from signlet.modelfile.averaging import Average
from signlet.runtimes import Runtime, open_runtime
from signlet.runtimes.torch import TorchRuntime

BOUNDS = {"fp32": 1e-4, "fp16": 5e-3, "int8": 0.2}
"""Largest difference of a probability that an export may have, by precision of its weights."""
EMBEDDING_BOUNDS = {"fp32": 2e-3, "fp16": 2e-2, "int8": 0.5}
"""Largest distance of an embedding, which is of length 1, from torch's: three times what trained
models show. In fp32 that is the rounding of preprocessing, see `signlet.preprocess`."""


@dataclass(frozen=True)
class Check:
    """The comparison of an exported file with torch, with its cost on this machine.

    real, edge: numbers of clips compared; edge cases are made, real clips are the user's.
    refused: edge cases that are longer than the file takes, and were refused as they must be.
    difference: largest, of any probability of any clip; at which clip.
    disagreements: clips whose likeliest sign is another one; of real clips alone.
    embedding_difference: largest distance of a clip's embedding, None if there is none.
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
    measured: Benchmark
    embedding_difference: float | None = None
    embedding_bound: float | None = None

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
    embedding_bound: float = EMBEDDING_BOUNDS["fp32"],
) -> Check:
    """Compare a file with its models on real clips and on edge cases.

    clips: name -> raw landmarks (T, 543, 3). bound: on the difference of any probability.
    embedding_bound: on the distance of any embedding, where the file gives one.
    Raises SignletError if it is broken, or a clip is answered that is longer than the
    file says it takes.
    """
    runtime = open_runtime(path, threads=1)
    edges = {f"edge case: {name}": clip for name, clip in edge_cases()}
    answered = {n: c for n, c in {**clips, **edges}.items() if _fits(c, runtime)}
    refused = [c for c in edges.values() if not _fits(c, runtime)]
    _require_refused(runtime, refused, path)
    reference = TorchRuntime(ModelFile(tuple(signs), tuple(models), average))
    wanted, vectors = reference.answers(list(answered.values()))
    got, embeddings = _answers(runtime, list(answered.values()))
    names = list(answered)
    apart, at = _worst(np.abs(got - wanted).max(1), names)
    _require(apart <= bound, f"{path.name}: differs from torch by {apart:.2g} at {at}", bound)
    other = got.argmax(1) != wanted.argmax(1)
    is_real = [name in clips for name in names]
    return Check(
        real=sum(is_real),
        edge=len(answered) - sum(is_real),
        refused=len(refused),
        difference=apart,
        at=at,
        bound=bound,
        disagreements=int(other.sum()),
        disagreements_real=int(other[is_real].sum()),
        **_of_embeddings(embeddings, vectors, names, embedding_bound, path),
        bytes=path.stat().st_size,
        measured=benchmark_file(path),
    )


def _answers(
    runtime: Runtime, clips: Sequence[NDArray[np.float32]]
) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]:
    """Probabilities (B, K) and, where the file gives them, embeddings (B, D), clip by clip."""
    if runtime.embedding_size is None:
        return np.concatenate([runtime.probabilities([clip]) for clip in clips]), None
    said = [runtime.answers([clip]) for clip in clips]
    probabilities, embeddings = (np.concatenate(part) for part in zip(*said, strict=True))
    return probabilities, embeddings


def _of_embeddings(
    got: NDArray[np.float32] | None,
    wanted: NDArray[np.float32],
    names: Sequence[str],
    bound: float,
    path: Path,
) -> dict[str, Any]:
    """Compare the embeddings. Raises SignletError if one is too far from torch's."""
    if got is None:
        return {}
    apart, at = _worst(np.linalg.norm(got - wanted, axis=1), names)
    said = f"{path.name}: its embedding lies {apart:.2g} from torch's at {at}"
    _require(apart <= bound, said, bound, "leave it out with --no-embedding")
    return {"embedding_difference": apart, "embedding_bound": bound}


def _worst(apart: NDArray[np.float32], names: Sequence[str]) -> tuple[float, str]:
    """The largest difference, and its clip; NaN is larger than all."""
    place = int(np.argmax(np.where(np.isnan(apart), np.inf, apart)))
    return float(apart[place]), names[place]


def _require(holds: bool, said: str, bound: float, else_: str = "raise --bound") -> None:
    if not holds:
        raise SignletError(
            f"{said}; at most {bound:g} is allowed, so nothing was written: export with a higher "
            f"precision, or {else_}"
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
