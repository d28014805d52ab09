"""Clips of `few_shot.py`, and what is made of each once: embeddings, landmarks, distances.

All of it is kept in a folder and made again only where clips or model have changed.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.accuracy.baseline import RAW_CHOSEN, features
from signlet.clip import Clip
from signlet.pretrained import model_path
from signlet.recognition.recogniser import Recogniser
from signlet.sources import ClipRef, Source, open_source

Integers = NDArray[np.int64]
Numbers = NDArray[np.float64]
Texts = NDArray[np.str_]

DATA = ("letters", "webcam", "words")
FRAMES = 8
"""Frames of a clip that are compared as they are."""
WARPED = 16
"""Frames at most of a clip for dynamic time warping."""
COPIES = "fsl"
"""The lexicon's French letters are the American ones a second time."""
IDLE = "_none"
_AT_ONCE = 32
_HANDS = slice(0, 42)
"""Of the chosen landmarks."""


@dataclass(frozen=True, eq=False)
class Clips:
    """N clips of one data set.

    name: of the set. refs: where the clips lie. labels: (N,) into `signs`. signers: (N,).
    """

    name: str
    source: Source
    refs: tuple[ClipRef, ...]
    signs: tuple[str, ...]
    labels: Integers
    signers: Texts

    @classmethod
    def of(cls, name: str, source: Source, refs: Sequence[ClipRef]) -> Clips:
        signs, labels = np.unique([ref.sign or "" for ref in refs], return_inverse=True)
        signers = np.array([ref.signer or "" for ref in refs])
        return cls(name, source, tuple(refs), tuple(signs.tolist()), labels, signers)

    def read(self) -> Iterator[list[Clip]]:
        """All clips, some at a time."""
        for start in range(0, len(self.refs), _AT_ONCE):
            yield [self.source.read(ref) for ref in self.refs[start : start + _AT_ONCE]]

    def fingerprint(self) -> str:
        """Changes with names and sizes of the files."""
        sizes = (f"{ref.name} {ref.path.stat().st_size}" for ref in self.refs)
        return hashlib.sha256("\n".join(sizes).encode()).hexdigest()[:16]


def read_clips(name: str, shared: Path) -> Clips:
    """One of the data sets. shared: folder with those that are folders of clips."""
    if name == "letters":
        source = open_source("fingerspelling")
        return Clips.of(name, source, [ref for ref in source.refs() if ref.signer != COPIES])
    source = open_source(str(shared / name))
    refs = source.refs()
    return Clips.of(name, source, unseen_words(refs, shared) if name == "words" else refs)


def unseen_words(refs: Sequence[ClipRef], shared: Path) -> list[ClipRef]:
    """Clips of people of whom no model has seen a thing, and who show two signs three times."""
    free = set((shared / "words" / "free-groups.txt").read_text(encoding="utf-8").split())
    seen = free | {ref.signer for ref in open_source(str(shared / "webcam")).refs()}
    left = [ref for ref in refs if ref.signer not in seen and ref.sign != IDLE]
    clips = Counter((ref.signer, ref.sign) for ref in left)
    often = Counter(signer for (signer, _), count in clips.items() if count > 2)
    return [ref for ref in left if often[ref.signer] > 1]


# --- what is made of them ---------------------------------------------------------------------


def kept(path: Path, make: Callable[[], dict[str, NDArray[Any]]]) -> dict[str, NDArray[Any]]:
    """Arrays of a file that is written where it is missing."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_suffix(".part.npz")
        np.savez(temporary, **make())
        temporary.replace(path)
    with np.load(path) as file:
        return {name: file[name] for name in file.files}


def embeddings(clips: Clips, model: str, recogniser: Recogniser, work: Path) -> Numbers:
    """(N, D) of a model, rows of length 1. model: where it lies."""
    path = work / f"{clips.name}-{clips.fingerprint()}-{model_fingerprint(model)}.npz"

    def make() -> dict[str, NDArray[Any]]:
        return {"rows": np.concatenate([recogniser.embed_batch(part) for part in clips.read()])}

    return kept(path, make)["rows"].astype(np.float64)


def model_fingerprint(model: str) -> str:
    path = Path(model_path(model))
    files = [path / "config.json", path / "model.safetensors"] if path.is_dir() else [path]
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:16]


@dataclass(frozen=True, eq=False)
class Landmarks:
    """Of N clips, in units of the hand and of the body.

    resampled: (N, 8 * 162), hands and arms. hands: for each clip (T, 126), T up to 16.
    """

    resampled: Numbers
    hands: list[Numbers]


def landmarks(clips: Clips, work: Path) -> Landmarks:
    def make() -> dict[str, NDArray[Any]]:
        chosen = [clip.frames[:, RAW_CHOSEN] for part in clips.read() for clip in part]
        lengths = [min(WARPED, max(1, int(_with_hands(frames)))) for frames in chosen]
        warped = [
            features(frames, length).reshape(length, -1, 3)[:, _HANDS].reshape(length, -1)
            for frames, length in zip(chosen, lengths, strict=True)
        ]
        return {
            "resampled": np.stack([features(frames, FRAMES) for frames in chosen]),
            "hands": np.concatenate(warped),
            "lengths": np.array(lengths),
        }

    found = kept(work / f"{clips.name}-{clips.fingerprint()}-landmarks.npz", make)
    hands = np.split(found["hands"].astype(np.float64), np.cumsum(found["lengths"])[:-1])
    return Landmarks(found["resampled"].astype(np.float64), hands)


def _with_hands(frames: NDArray[np.float32]) -> int:
    return int((~np.isnan(frames[:, _HANDS, 0])).any(1).sum())


def warped_distances(clips: Clips, hands: list[Numbers], work: Path) -> Numbers:
    """(N, N) of dynamic time warping; infinite between signers who are never compared."""

    def make() -> dict[str, NDArray[Any]]:
        from dtaidistance import dtw_ndim

        distances = np.full((len(hands), len(hands)), np.inf, np.float32)
        for rows in _compared(clips):
            part = dtw_ndim.distance_matrix_fast([hands[row] for row in rows], parallel=False)
            distances[np.ix_(rows, rows)] = part
        return {"distances": distances}

    path = work / f"{clips.name}-{clips.fingerprint()}-warped.npz"
    return kept(path, make)["distances"].astype(np.float64)


def _compared(clips: Clips) -> list[Integers]:
    if clips.name != "words":
        return [np.arange(len(clips.refs))]
    return [np.flatnonzero(clips.signers == signer) for signer in np.unique(clips.signers)]
