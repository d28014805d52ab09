"""`model.onnx`, by onnxruntime."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from signlet.card import ENTRY, Card, read_card
from signlet.errors import SignletError
from signlet.runtimes import Answers, Runtime, require_embedding, require_frames

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

INPUT, LENGTHS, OUTPUT, EMBEDDING = "inputs", "lengths", "outputs", "embedding"
"""Names of the graph's raw frames, of their numbers in each clip, of its probabilities, and of
its embeddings, which it may lack."""
_DAMAGED = ("INVALID_PROTOBUF", "No graph was found")
"""What onnxruntime says of a file that is no model, or not all of one."""
_AT_ONCE = 16
_FRAMES_AT_ONCE = 4_096
"""One run takes so many clips, and not more frames than this unless a single clip has them."""


class OnnxRuntime(Runtime):
    """A session with a file of signlet's; see `signlet.runtimes.Runtime`."""

    def __init__(self, session: InferenceSession, card: Card, path: Path) -> None:
        self._session, self._path = session, path
        self.card = card
        self.signs, self.about = card.signs, card.about
        self.calibration, self.max_frames = card.calibration, card.max_frames
        self.embedding_size = card.embedding

    def probabilities(self, raws: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
        """Each clip (T, 543, 3) float32, NaN = not found -> (B, K)."""
        return self._run(raws, {OUTPUT: len(self.signs)})[0]

    def answers(self, raws: Sequence[NDArray[np.float32]]) -> Answers:
        """Probabilities (B, K) and embeddings (B, D), as `signlet.runtimes.Runtime` has them."""
        size = require_embedding(self.embedding_size, self._path)
        probabilities, embeddings = self._run(raws, {OUTPUT: len(self.signs), EMBEDDING: size})
        return probabilities, embeddings

    def _run(
        self, raws: Sequence[NDArray[np.float32]], wanted: dict[str, int]
    ) -> list[NDArray[np.float32]]:
        """The wanted outputs, whose widths these are, of all clips."""
        require_frames(raws)
        answers = [np.empty((len(raws), width), np.float32) for width in wanted.values()]
        for rows in _portions([len(raw) for raw in raws]):
            frames = [raws[row] for row in rows]
            lengths = np.array([len(raw) for raw in frames], np.int64)
            together = frames[0] if len(frames) == 1 else np.concatenate(frames)
            given = {INPUT: together, LENGTHS: lengths}
            said = self._session.run(list(wanted), given)
            for all_rows, these in zip(answers, said, strict=True):
                all_rows[rows] = these
        return answers


def _portions(lengths: list[int]) -> Iterator[list[int]]:
    """Rows to run together: clips of like length, since the shorter ones are padded."""
    portion: list[int] = []
    frames = 0
    for row in sorted(range(len(lengths)), key=lengths.__getitem__):
        full = len(portion) == _AT_ONCE or frames + lengths[row] > _FRAMES_AT_ONCE
        if portion and full:
            yield portion
            portion, frames = [], 0
        portion.append(row)
        frames += lengths[row]
    if portion:
        yield portion


def load(path: Path, threads: int = 0) -> OnnxRuntime:
    """Open an exported file. threads: for one run; 0 leaves it to onnxruntime.

    Raises SignletError where it is damaged, not of signlet, or onnxruntime is missing.
    """
    try:
        import onnxruntime
    except ModuleNotFoundError:
        raise SignletError(f"{path}: needs onnxruntime; run pip install onnxruntime") from None
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 4
    try:
        session = onnxruntime.InferenceSession(
            str(path), options, providers=["CPUExecutionProvider"]
        )
    except Exception as error:  # onnxruntime's own errors have no common base
        raise SignletError(f"{path}: {_unreadable(str(error))}") from None
    card = read_card(session.get_modelmeta().custom_metadata_map.get(ENTRY), str(path))
    _check(session, card, path)
    return OnnxRuntime(session, card, path)


def _unreadable(said: str) -> str:
    """What is wrong with a file, out of what onnxruntime said of it."""
    if any(sign in said for sign in _DAMAGED):
        return "is damaged (not a model, or cut off); copy or export it again"
    return f"cannot be read as a model ({said.splitlines()[0][:200]}); export it again"


def _check(session: InferenceSession, card: Card, path: Path) -> None:
    """A file whose inputs and outputs are not what its card says is not run."""
    wanted = {value.name for value in session.get_inputs()}
    given = {value.name for value in session.get_overridable_initializers()}
    outputs = [(value.name, value.shape[-1]) for value in session.get_outputs()]
    promised = [(OUTPUT, len(card.signs))]
    if card.embedding is not None:
        promised.append((EMBEDDING, card.embedding))
    if wanted != {INPUT} or given != {LENGTHS} or outputs != promised:
        raise SignletError(f"{path}: is not a recogniser as signlet exports it; export again")
