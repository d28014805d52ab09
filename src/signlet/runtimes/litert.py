"""`model.tflite`, run by any installed TFLite interpreter."""

from __future__ import annotations

import importlib
import os
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from signlet.errors import ClipError, SignletError, first_line
from signlet.landmarks import NUM_RAW
from signlet.modelfile.answers import checked, library
from signlet.modelfile.card import Card, read_card
from signlet.modelfile.tflite_file import card_text, read_bytes
from signlet.running.silence import only_errors
from signlet.runtimes import Answers, Runtime, require_embedding, require_frames
from signlet.text.install import needs

INPUT, OUTPUT, SIGNATURE = "inputs", "outputs", "serving_default"
"""The competition's contract."""
EMBEDDING = "embedding"
"""The output that a file may have beside it."""
_LIBRARIES = (
    "ai_edge_litert.interpreter",
    "tflite_runtime.interpreter",
    "tensorflow.lite.python.interpreter",
)
"""Modules with an `Interpreter`, the newest first."""
_MOST_THREADS = 4
"""More do not make so small a model faster."""


class LitertRuntime(Runtime):
    """An interpreter of a file of signlet's; see `signlet.runtimes.Runtime`."""

    def __init__(self, interpreter: Any, card: Card, path: Path) -> None:
        self._path = path
        self._interpreter = interpreter  # the runner does not keep it alive
        self._runner = interpreter.get_signature_runner(SIGNATURE)
        self._one_at_a_time = threading.Lock()
        self._used = False
        self.card = card
        self.signs, self.about = card.signs, card.about
        self.calibration, self.max_frames = card.calibration, card.max_frames
        self.embedding_size = card.embedding

    def probabilities(self, raws: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
        """Each clip (T, 543, 3) float32, NaN = not found -> (B, K).

        Raises ClipError if a clip is longer than the model takes.
        """
        return self._run(raws, {OUTPUT: len(self.signs)})[0]

    def answers(self, raws: Sequence[NDArray[np.float32]]) -> Answers:
        """Probabilities (B, K) and embeddings (B, D), as `signlet.runtimes.Runtime` has them.

        Raises ClipError if a clip is longer than the model takes, and SignletError if
        the file gives no embedding.
        """
        size = require_embedding(self.embedding_size, self._path)
        probabilities, embeddings = self._run(raws, {OUTPUT: len(self.signs), EMBEDDING: size})
        return probabilities, embeddings

    def _run(
        self, raws: Sequence[NDArray[np.float32]], wanted: dict[str, int]
    ) -> list[NDArray[np.float32]]:
        """The wanted outputs, whose widths these are, of all clips."""
        require_frames(raws)
        for raw in raws:
            self._require_length(len(raw))
        answers = [np.empty((len(raws), width), np.float32) for width in wanted.values()]
        for row, raw in enumerate(raws):
            with self._one_at_a_time, library(self._path, "be run"):
                said = self._first(raw) if not self._used else self._runner(**{INPUT: raw})
                for all_rows, name in zip(answers, wanted, strict=True):
                    one = np.asarray(said[name])[None]
                    all_rows[row] = checked(one, 1, all_rows.shape[1], self._path)
        return answers

    def _first(self, raw: NDArray[np.float32]) -> Any:
        """Run the first clip, at which the library tells of its delegate."""
        with only_errors():
            said = self._runner(**{INPUT: raw})
        self._used = True
        return said

    def _require_length(self, frames: int) -> None:
        if self.max_frames is not None and frames > self.max_frames:
            step = -(-frames // self.max_frames)
            raise ClipError(
                f"a clip has {frames} frames, the model takes at most {self.max_frames}; "
                f"give it one frame in {step} (frames[::{step}])"
            )


def load(path: Path, threads: int = 0) -> LitertRuntime:
    """Open an exported file. threads: for one clip; 0 takes up to four.

    Raises SignletError if it is damaged, not of signlet, too new for the interpreter, or
    no interpreter is installed.
    """
    path = Path(path)
    content = read_bytes(path)
    card = read_card(card_text(content, str(path)), str(path))
    make = _interpreter_class(path)
    try:
        with only_errors():
            interpreter = make(model_content=content, num_threads=threads or _usual_threads())
            _check(interpreter, card, path)
            return LitertRuntime(interpreter, card, path)
    except SignletError:
        raise
    except Exception as error:  # a library's own errors have no common base
        raise SignletError(
            f"{path}: the interpreter cannot read it ({first_line(error, 200)}); "
            "pip install -U ai-edge-litert, or export it again"
        ) from None


def _interpreter_class(path: Path) -> Any:
    for name in _LIBRARIES:
        try:
            return importlib.import_module(name).Interpreter
        except ImportError:  # absent, or built for another numpy
            continue
    raise SignletError(f"{path}: {needs('reading .tflite files', 'litert')}")


def _usual_threads() -> int:
    return min(_MOST_THREADS, os.cpu_count() or 1)


def _check(interpreter: Any, card: Card, path: Path) -> None:
    """A file whose inputs and outputs are not what its card says is not run."""
    promised = {OUTPUT: [len(card.signs)]}
    if card.embedding is not None:
        promised[EMBEDDING] = [card.embedding]
    signature = interpreter.get_signature_list().get(SIGNATURE, {})
    names = signature.get("inputs"), sorted(signature.get("outputs", ()))
    if names == ([INPUT], sorted(promised)):
        (given,), wanted = interpreter.get_input_details(), interpreter.get_output_details()
        shapes = [list(given["shape_signature"]), *(list(one["shape"]) for one in wanted)]
        kinds = {one["dtype"] for one in (given, *wanted)}
        if shapes == [[-1, NUM_RAW, 3], *promised.values()] and kinds == {np.float32}:
            return
    raise SignletError(f"{path}: is not a recogniser as signlet exports it; export again")
