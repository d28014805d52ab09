"""`model.onnx`, by onnxruntime."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from signlet.errors import SignletError
from signlet.landmarks import NUM_RAW
from signlet.modelfile.answers import checked, library
from signlet.modelfile.card import Card, read_card
from signlet.modelfile.onnx_bytes import card_text
from signlet.modelfile.tflite_file import read_bytes
from signlet.runtimes import Answers, Runtime, require_embedding, require_frames

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

INPUT, LENGTHS, OUTPUT, EMBEDDING = "inputs", "lengths", "outputs", "embedding"
"""Names of the graph's raw frames, of their numbers in each clip, of its probabilities, and of
its embeddings, which it may lack."""
_AT_ONCE = 16
_FRAMES_AT_ONCE = 4_096
"""Most clips of one run, and most frames of them together, unless a single clip has more."""


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
            with library(self._path, "be run"):
                said = self._session.run(list(wanted), given)
            for all_rows, these in zip(answers, said, strict=True):
                all_rows[rows] = checked(these, len(rows), all_rows.shape[1], self._path)
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

    The bytes that are run are those that were checked, whatever happens to the file meanwhile.
    Memory: at most 25 times the card, and 10 times the file besides.
    Raises SignletError if it is damaged, not of signlet, or onnxruntime is missing.
    """
    try:
        import onnxruntime
    except ModuleNotFoundError:
        raise SignletError(f"{path}: needs onnxruntime; run pip install onnxruntime") from None
    content = read_bytes(Path(path))
    card = read_card(card_text(content, str(path)), str(path))
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 4
    options.add_session_config_entry("session.load_model_format", "ONNX")
    with library(path, "be read as a model"):
        session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    _check(session, card, path)
    return OnnxRuntime(session, card, path)


def _check(session: InferenceSession, card: Card, path: Path) -> None:
    """A file whose inputs and outputs are not what its card says is not run."""
    promised = [(OUTPUT, len(card.signs))]
    if card.embedding is not None:
        promised.append((EMBEDDING, card.embedding))
    with library(path, "be read as a model"):
        given = [(INPUT, "tensor(float)", [None, NUM_RAW, 3])]
        lengths = [(LENGTHS, "tensor(int64)", [None])]
        answers = [(name, "tensor(float)", [None, width]) for name, width in promised]
        fits = (
            _described(session.get_inputs()) == given
            and _described(session.get_overridable_initializers()) == lengths
            and _described(session.get_outputs()) == answers
        )
    if not fits:
        raise SignletError(f"{path}: is not a recogniser as signlet exports it; export again")


def _described(values: Sequence[Any]) -> list[tuple[str, str, list[int | None]]]:
    """Name, type and shape of inputs or outputs; None for as many as there are."""
    return [
        (one.name, one.type, [n if isinstance(n, int) else None for n in one.shape])
        for one in values
    ]
