"""Use a trained model: a clip in, probabilities or an embedding out. No torch is needed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from signlet.clip import Clip, require_landmarks, warn_of
from signlet.meaning.watch import Watch
from signlet.modelfile.answers import require_embeddings, require_probabilities
from signlet.modelfile.calibration import Calibration
from signlet.modelfile.rewrite import ModelSource
from signlet.modelfile.taught import Taught
from signlet.pretrained import model_path, named
from signlet.runtimes import Runtime, open_runtime
from signlet.text.percent import percent

Recognisable = Clip | str | Path | ArrayLike
"""A clip, a file that holds one, the name of a letter ("fingerspelling:gsg/R"), or raw landmarks
(T, 543, 3) with NaN for not found."""


@dataclass(frozen=True)
class Prediction:
    """The answer of a recogniser for one clip.

    signs: K names. probabilities: (K,) float32, their sum is 1. threshold: a confidence below
    this means none of the signs; 0 if the model has no calibration. none: the probability
    that the clip shows none of the signs, where they were taught (`signlet.teach`); together
    with the others it sums to 1.
    """

    signs: tuple[str, ...] = field(repr=False)
    probabilities: NDArray[np.float32] = field(repr=False)
    threshold: float = field(default=0.0, repr=False)
    none: float = 0.0

    @property
    def sign(self) -> str | None:
        """The likeliest sign, or None if the clip seems to show none of them."""
        sure = self.confidence >= self.threshold and self.none <= self.confidence
        return self.likeliest if sure else None

    @property
    def likeliest(self) -> str:
        """The likeliest sign, however unlikely."""
        return self.top(1)[0][0]

    @property
    def confidence(self) -> float:
        """The largest probability."""
        return float(self.probabilities.max())

    def top(self, count: int = 5) -> list[tuple[str, float]]:
        """The likeliest signs with their probabilities, best first."""
        order = np.argsort(-self.probabilities, kind="stable")[:count]
        return [(self.signs[i], float(self.probabilities[i])) for i in order]

    def __repr__(self) -> str:
        best = ", ".join(f"{sign} {percent(probability, 1)}" for sign, probability in self.top(3))
        return f"Prediction({'none; ' if self.sign is None else ''}{best})"


class Recogniser:
    """A loaded model.

    signs: K names of the signs that it knows. about: what the file says of itself.
    calibration: the temperature of its probabilities and the threshold for "none", where
    they were measured. max_frames: longest clip that it takes, None for any.
    embedding_size: D, None if the file gives no embedding.
    card: of an exported file. file: what it was loaded from. taught: signs that were taught to
    the model, which it answers with instead of its own; a calibration is not of them.
    """

    def __init__(
        self, runtime: Runtime, file: ModelSource | None = None, taught: Taught | None = None
    ) -> None:
        self._runtime, self._watch = runtime, Watch()
        self.card, self.file = runtime.card, file
        self.taught = taught or (self.card.taught if self.card else None)
        self.signs: tuple[str, ...] = self.taught.signs if self.taught else runtime.signs
        self.about: dict[str, Any] = runtime.about
        self.calibration: Calibration | None = None if self.taught else runtime.calibration
        self.max_frames: int | None = runtime.max_frames
        self.embedding_size: int | None = runtime.embedding_size

    @classmethod
    def load(cls, path: str | Path, threads: int = 0) -> Recogniser:
        """Read `.onnx`, `.tflite`, or a run folder. Raises SignletError if it is not usable."""
        return cls(open_runtime(path, threads), ModelSource(model_path(path)))

    def __call__(self, clip: Recognisable) -> Prediction:
        """Recognise one clip.

        Warns (ClipWarning), once for each kind, where numbers seem to mean something else, such
        as left and right hand exchanged; see `signlet.meaning`. Warns of a clip without hands,
        too: the model answers it all the same, and that answer means nothing.
        Raises ClipError if it cannot be read, or no landmark was found in any frame, and
        SignletError if the model gives no probabilities: NaN, a negative one, or a sum that
        differs from 1 by more than 0.01.
        """
        return self.batch([clip])[0]

    def batch(self, clips: Iterable[Recognisable]) -> list[Prediction]:
        """Recognise many clips at once; the answers are those of one at a time."""
        raws = [self._frames(clip) for clip in clips]
        if not raws:
            return []
        if self.taught is not None:
            shares, nones = self.taught.head.answers(self._embedded(raws))
            require_probabilities(np.column_stack([shares, nones]), self._name)
            return [
                Prediction(self.signs, row, none=float(none))
                for row, none in zip(shares.astype(np.float32), nones, strict=True)
            ]
        probabilities, threshold = self._runtime.probabilities(raws), 0.0
        require_probabilities(probabilities, self._name)  # a calibration would hide their sum
        if self.calibration is not None:
            probabilities = self.calibration.apply(probabilities)
            threshold = self.calibration.threshold
        return [Prediction(self.signs, row, threshold) for row in probabilities]

    def embed(self, clip: Recognisable) -> NDArray[np.float32]:
        """The model's features of one clip: (D,) float32 of length 1, never NaN.

        clip: as for recognition, T frames with NaN if a point was not found. The scalar
        product of two embeddings is their cosine.
        Raises ClipError if the clip cannot be read, or no landmark was found in any frame
        (all of it is NaN), and SignletError if the file was exported without an embedding.
        """
        row: NDArray[np.float32] = self.embed_batch([clip])[0]
        return row

    def embed_batch(self, clips: Iterable[Recognisable]) -> NDArray[np.float32]:
        """`embed` of many clips at once: (B, D) float32, rows as of one at a time."""
        return self._embedded([self._frames(clip) for clip in clips])

    def _embedded(self, raws: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
        rows = self._runtime.embed(raws)
        require_embeddings(rows, self._name)
        return rows

    @property
    def _name(self) -> str:
        """The model, for errors."""
        return "the model" if self.file is None else named(self.file.path)

    # --- taught signs; see `signlet.teach` -----------------------------------------------------

    def with_examples(
        self,
        clips: Sequence[Recognisable],
        signs: Sequence[str],
        *,
        signers: Sequence[str | None] | None = None,
    ) -> Recogniser:
        """A taught recogniser with more examples, of its signs or of new ones.

        clips, signs, signers: as for `signlet.teach`. Raises SignletError as it does, and where
        nothing was taught before.
        """
        from signlet.recognition.teaching import make
        from signlet.recognition.teaching.examples import given_clips

        given = given_clips(clips, signs, signers)
        return make.added_to(self, given, make.Progress()).recogniser

    def without_sign(self, sign: str) -> Recogniser:
        """A taught recogniser without one of its signs.

        Raises SignletError if it has no such sign, or no taught one would be left.
        """
        from signlet.recognition.teaching import make

        return make.removed_from(self, [sign], make.Progress()).recogniser

    def save(self, path: str | Path) -> None:
        """Write a taught recogniser as one model file of its base's kind, `.onnx` or `.tflite`.

        Raises SignletError if nothing was taught, or it cannot be written.
        """
        from signlet.recognition.teaching import make

        make.save(self, path)

    def taught_as(self, taught: Taught, about: dict[str, Any]) -> Recogniser:
        """The same model with other taught signs, and what is to be said of them."""
        other = Recogniser(self._runtime, self.file, taught)
        other.about = about
        return other

    def _frames(self, clip: Recognisable) -> NDArray[np.float32]:
        if isinstance(clip, str | Path):
            from signlet.sources import read_named

            read = read_named(clip)
            require_landmarks(read.frames, read.name)
            warn_of((*read.remarks, *read.unanswerable()))
            return read.frames
        read = clip if isinstance(clip, Clip) else Clip.from_array(clip, name="array")
        require_landmarks(read.frames, read.name)
        warn_of(read.unanswerable())
        self._watch.see(read)
        return read.frames
