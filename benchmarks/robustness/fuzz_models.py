"""Fuzzed model files, and arrays given to a model: an answer is right or there is none."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch

from benchmarks.robustness.fuzz_kinds import Generator, Kind, damaged_text, drawn, linked, replaced
from benchmarks.robustness.fuzz_runs import write_calibration
from signlet.model.files import save_model
from signlet.modelfile.card import ENTRY
from signlet.modelfile.onnx_bytes import with_card
from signlet.pretrained import model_path
from signlet.recognition.recogniser import Prediction, Recogniser
from signlet_testing import miniatures
from signlet_testing.mutations import mutate, mutate_json
from signlet_testing.teaching import OWN, tiny_card, tiny_model

STARTER = "fingerspelling"
_LARGE = 1 << 28
"""Bytes of a view beyond which nothing is done to it that would write it out."""
SAME = 1e-4
"""Probabilities of the same weights differ by less, whatever else the machine does."""


def wrong_answer(said: Prediction) -> str:
    """Return what is wrong with probabilities; "" if all is well."""
    shares = said.probabilities
    if shares.shape != (len(said.signs),) or not np.isfinite(shares).all():
        return f"probabilities {shares.shape} of {len(said.signs)} signs, or no numbers"
    total = float(shares.sum()) + said.none
    if shares.min() < 0 or shares.max() > 1 or abs(total - 1) > 0.01 or not 0 <= said.none <= 1:
        return f"probabilities sum to {total}"
    return ""


class Model(Kind):
    """A model file that answers as the whole one, or not at all."""

    name: ClassVar[str]

    def __init__(self, base: Path) -> None:
        super().__init__(base)
        self._clip = miniatures.frames(1)
        self._wholes = sorted(base.iterdir())
        self._said = {one.name: Recogniser.load(one, 1)(self._clip) for one in self._wholes}

    def damaged(self, folder: Path, rng: Generator) -> Path:
        whole = drawn(self._wholes, rng)
        path = folder / whole.name
        path.write_bytes(mutate(whole.read_bytes(), rng))
        return path

    def read(self, given: Path) -> str:
        said, whole = Recogniser.load(given, 1)(self._clip), self._said[given.name]
        if why := wrong_answer(said):
            return why
        if said.signs != whole.signs:
            return "the signs are others than were written"
        apart = float(np.abs(said.probabilities - whole.probabilities).max())
        return "" if apart < SAME else f"an answer from damaged weights, {apart:.2g} apart"


class Onnx(Model):
    """A small model of one's own, and the one that comes with signlet."""

    @staticmethod
    def prepare(base: Path) -> None:
        from signlet_testing.teaching import write_onnx

        write_onnx(base / "tiny.onnx", tiny_card())
        os.link(model_path(STARTER), base / "starter.onnx")


class Tflite(Model):
    """A small model."""

    @staticmethod
    def prepare(base: Path) -> None:
        from signlet.export import litert

        card = tiny_card()
        litert.write(base / "tiny.tflite", [tiny_model()], card.average, card)


class ModelFolder(Model):
    """A run folder's model: weights, configuration, calibration."""

    @staticmethod
    def prepare(base: Path) -> None:
        folder = base / "run"
        save_model(folder, [tiny_model()], OWN, {"source": "made"})
        write_calibration(folder)

    def damaged(self, folder: Path, rng: Generator) -> Path:
        run = linked(self.base / "run", folder)
        names = ["model.safetensors", "model.safetensors", "config.json", "calibration.json"]
        path = run / drawn(names, rng)
        replaced(path, damaged_text(path, rng))
        return run

    def read(self, given: Path) -> str:
        why = super().read(given)
        said = (given / "config.json").read_bytes(), (given / "calibration.json").read_bytes()
        whole = self.base / "run"
        told = (whole / "config.json").read_bytes(), (whole / "calibration.json").read_bytes()
        # Another name of a sign in a text that is as it should be is no damage that shows.
        return why if said == told or why.startswith("prob") else ""


class CardOf(Kind):
    """The card of a model in a file that is otherwise whole; damaged as JSON."""

    share = 0.7

    def __init__(self, base: Path) -> None:
        super().__init__(base)
        import onnxruntime

        path = str(model_path(STARTER))
        session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
        self._card = json.loads(session.get_modelmeta().custom_metadata_map[ENTRY])
        self._content, self._clip = Path(path).read_bytes(), miniatures.frames(1)

    def damaged(self, folder: Path, rng: Generator) -> Path:
        text = mutate_json(self._card, rng).encode("utf-8", "replace").decode()
        path = folder / "card.onnx"
        path.write_bytes(with_card(self._content, text))
        return path

    def read(self, given: Path) -> str:
        return wrong_answer(Recogniser.load(given, 1)(self._clip))


# --- arrays --------------------------------------------------------------------------------


class Arrays(Kind):
    """Landmarks as a program may pass them."""

    def __init__(self, base: Path) -> None:
        super().__init__(base)
        self._recogniser = Recogniser.load(STARTER, 1)

    def damaged(self, folder: Path, rng: Generator) -> Any:
        sign, signer, take = (int(rng.integers(n)) for n in (3, 4, 2))
        given: Any = miniatures.frames(sign, signer, take).copy()
        for _ in range(int(rng.integers(1, 4))):
            with np.errstate(all="ignore"):
                given = drawn(_CHANGES, rng)(given, rng)
            if not isinstance(given, np.ndarray) or given.ndim == 0 or given.nbytes > _LARGE:
                break
        return given

    def read(self, given: Any) -> str:
        return wrong_answer(self._recogniser(given))


_KINDS = ("f2", "f4", "f8", ">f4", "i1", "u2", "i8", "c8", "O", "U8", "S4", "?", "M8[s]", "g")
_VALUES = (np.nan, np.inf, -np.inf, 1e38, -1e38, 3e38, 1e-45, 0.0, 1.0, 255.0, 1e300)
_OTHERS: tuple[Any, ...] = (
    *(None, "", "no such clip", b"", 0, 1.5, True, [], (), {}, {"landmarks": []}, [[]], [[[]]]),
    *([None], [[None] * 543], [[[None] * 3] * 543], [[["x", 0, 0]] * 543], object, print, ..., 1j),
    *(range(5), np.float32(1), np.ma.masked, np.zeros(3, "V3"), [1, [2]], "a" * 5000, "\ud800"),
)


def _typed(array: Any, rng: Generator) -> Any:
    try:
        return array.astype(drawn(_KINDS, rng))
    except Exception:  # numpy cannot
        return array


def _valued(array: Any, rng: Generator) -> Any:
    """Odd numbers in a block of it, or everywhere."""
    if array.dtype.kind != "f" or not 0 < array.nbytes < _LARGE:
        return array
    changed, value = array.copy(), np.array(drawn(_VALUES, rng))
    if rng.random() < 0.3:
        changed[...] = value.astype(array.dtype)
    else:
        at = tuple(slice(int(rng.integers(n)), None, int(rng.integers(1, 9))) for n in array.shape)
        changed[at] = value.astype(array.dtype)
    return changed


def _shaped(array: Any, rng: Generator) -> Any:
    kind = rng.integers(9)
    if kind == 0:
        return array.reshape(-1)
    if kind == 1:
        return array.reshape(len(array), -1) if len(array) else array
    if kind == 2:
        return array[None]
    if kind == 3:
        return array.T
    if kind == 4:
        return array[..., : int(rng.integers(3))]
    if kind == 5:
        return array[: int(rng.integers(3))]
    if kind == 6:
        return array[:, : int(rng.integers(543))] if array.ndim > 1 else array
    if kind == 7 and len(array):
        return np.broadcast_to(
            array[:1], (int(rng.choice([0, 700, 10**5, 10**9])), *array.shape[1:])
        )
    return array[::-1]


def _wrapped(array: Any, rng: Generator) -> Any:
    kind = rng.integers(7)
    if kind == 0:
        return array.tolist() if array.nbytes < 1 << 20 else array
    if kind == 1:
        return list(array[:50])
    if kind == 2:
        return np.ma.masked_array(array, mask=np.zeros(array.shape, bool))
    if kind == 3 and array.dtype.kind == "f" and array.dtype.itemsize < 9:
        return torch.from_numpy(np.ascontiguousarray(array[:50].astype("=f4")))
    if kind == 4:
        rows = list(array[:50])
        return [None if rng.random() < 0.3 else row for row in rows]
    if kind == 5:
        return array[:50].view(np.recarray) if array.dtype.names else array[:50].astype(object)
    return memoryview(np.ascontiguousarray(array[:50]).tobytes())


def _other(array: Any, rng: Generator) -> Any:
    return drawn(_OTHERS, rng)


_CHANGES = (_typed, _valued, _valued, _valued, _shaped, _shaped, _wrapped, _other)

MODELS: dict[str, type[Kind]] = {
    "model .onnx": Onnx,
    "model .tflite": Tflite,
    "model folder": ModelFolder,
    "model card": CardOf,
    "array": Arrays,
}
