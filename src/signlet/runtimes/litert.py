"""`model.tflite`, by whichever TFLite interpreter is installed."""

from __future__ import annotations

import importlib
import os
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from signlet.card import Card
from signlet.errors import ClipError, SignletError
from signlet.landmarks import NUM_RAW
from signlet.runtimes.tflite_file import read_card

INPUT, OUTPUT, SIGNATURE = "inputs", "outputs", "serving_default"
"""The competition's contract."""
_LIBRARIES = (
    "ai_edge_litert.interpreter",
    "tflite_runtime.interpreter",
    "tensorflow.lite.python.interpreter",
)
"""Modules with an `Interpreter`, the newest first."""
_MOST_THREADS = 4
"""More do not make so small a model faster."""


class LitertRuntime:
    """An interpreter of a file of signlet's; see `signlet.runtimes.Runtime`."""

    def __init__(self, interpreter: Any, card: Card) -> None:
        self._interpreter = interpreter  # the runner does not keep it alive
        self._runner = interpreter.get_signature_runner(SIGNATURE)
        self._one_at_a_time = threading.Lock()
        self.card = card
        self.signs, self.about = card.signs, card.about
        self.calibration, self.max_frames = card.calibration, card.max_frames

    def probabilities(self, raws: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
        """Each clip (T, 543, 3) float32, NaN = not found -> (B, K).

        Raises ClipError where a clip is longer than the model takes.
        """
        for raw in raws:
            self._require_length(len(raw))
        answers = np.empty((len(raws), len(self.signs)), np.float32)
        for row, raw in enumerate(raws):
            with self._one_at_a_time:
                answers[row] = self._runner(**{INPUT: raw})[OUTPUT]
        return answers

    def _require_length(self, frames: int) -> None:
        if self.max_frames is not None and frames > self.max_frames:
            step = -(-frames // self.max_frames)
            raise ClipError(
                f"a clip has {frames} frames, the model takes at most {self.max_frames}; "
                f"give it one frame in {step} (frames[::{step}])"
            )


def load(path: Path, threads: int = 0) -> LitertRuntime:
    """Open an exported file. threads: for one clip; 0 takes up to four.

    Raises SignletError where it is damaged, not of signlet, too new for the interpreter, or
    no interpreter is installed.
    """
    path = Path(path)
    card = read_card(path)
    make = _interpreter_class(path)
    try:
        interpreter = make(str(path), num_threads=threads or _usual_threads())
        _check(interpreter, card, path)
        return LitertRuntime(interpreter, card)
    except (ValueError, RuntimeError) as error:
        reason = next(iter(str(error).splitlines()), "no reason given")[:200]
        raise SignletError(
            f"{path}: the interpreter cannot read it ({reason}); "
            "pip install -U ai-edge-litert, or export it again"
        ) from None


def _interpreter_class(path: Path) -> Any:
    for name in _LIBRARIES:
        try:
            return importlib.import_module(name).Interpreter
        except ImportError:  # absent, or built for another numpy
            continue
    raise SignletError(f'{path}: needs a TFLite interpreter; pip install "signlet[litert]"')


def _usual_threads() -> int:
    return min(_MOST_THREADS, os.cpu_count() or 1)


def _check(interpreter: Any, card: Card, path: Path) -> None:
    """A file whose inputs and outputs are not what its card says is not run."""
    signature = interpreter.get_signature_list().get(SIGNATURE)
    if signature == {"inputs": [INPUT], "outputs": [OUTPUT]}:
        (given,), (wanted,) = interpreter.get_input_details(), interpreter.get_output_details()
        shapes = list(given["shape_signature"]), list(wanted["shape"])
        kinds = given["dtype"], wanted["dtype"]
        if shapes == ([-1, NUM_RAW, 3], [len(card.signs)]) and kinds == (np.float32, np.float32):
            return
    raise SignletError(f"{path}: is not a recogniser as signlet exports it; export again")
