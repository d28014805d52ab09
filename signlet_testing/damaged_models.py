"""Models that are damaged or made by hand, and what becomes of their answers."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper

import signlet
from signlet.calibration import Calibration
from signlet.errors import SignletError
from signlet.model.files import save_model
from signlet.modelfile import checksum, onnx_bytes
from signlet.modelfile.calibration import CALIBRATION, FORMAT, model_digest
from signlet_testing.clips import moving_hand
from signlet_testing.handmade import handmade
from signlet_testing.teaching import OWN, WIDTH, clips, labels, tiny_card, tiny_model

CLIP = moving_hand(1, 0, 0)
THIRD, UNIT = (0.25, 0.25, 0.5), (0.25,) * WIDTH
CALIBRATED = Calibration(1.5, 0.4, 0.05, 0.8, 0.4, 100, 50)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A run folder with a calibration."""
    made = tmp_path / "run"
    save_model(made, [tiny_model()], OWN, {"recipe": "tiny"})
    content: dict[str, Any] = {
        "format": FORMAT,
        "model": model_digest(made),
        "calibration": CALIBRATED.as_json(),
    }
    content[checksum.NAME] = checksum.of_content(content)
    (made / CALIBRATION).write_text(json.dumps(content, indent=2))
    return made


@pytest.fixture(autouse=True)
def _noted(monkeypatch: pytest.MonkeyPatch) -> None:
    """What other tests said once, these may say again."""
    monkeypatch.setattr(checksum, "_noted", [])


@pytest.fixture(scope="module")
def taught(teachable: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("taught") / "mine.onnx"
    signlet.teach(teachable, clips(), labels()).save(path)
    return path


def outcome(path: Path) -> NDArray[np.float32] | None:
    """What a model says of a clip, None where it is refused in one line that names it."""
    said, refused = None, ""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            said = signlet.load(path)(CLIP)
    except SignletError as error:
        refused = str(error)
    if said is None:
        assert "\n" not in refused
        assert refused.startswith(str(path))
        return None
    probabilities = np.append(said.probabilities, said.none)
    assert probabilities.min() >= 0
    assert abs(float(probabilities.sum()) - 1) < 0.02
    return said.probabilities


def flipped(content: bytes, rng: np.random.Generator) -> bytes:
    changed = bytearray(content)
    changed[rng.integers(len(changed))] ^= 1 << int(rng.integers(8))
    return bytes(changed)


def without_checksum(content: bytes) -> bytes:
    """An `.onnx` file as an older signlet wrote it."""
    (entry,) = onnx_bytes._entries(content)[onnx_bytes.CHECKSUM]
    return content[: entry.begin] + content[entry.end :]


def made(row: Sequence[float] = THIRD, vector: Sequence[float] = UNIT) -> onnx.ModelProto:
    return handmade(row, vector, tiny_card().as_json())


def _elsewhere(where: str) -> Callable[[onnx.ModelProto], None]:
    def change(model: onnx.ModelProto) -> None:
        tensor = next(t for t in model.graph.initializer if t.name == "outputs_row")
        tensor.ClearField("raw_data")
        tensor.data_location = TensorProto.EXTERNAL
        for key, value in (("location", where), ("offset", "0"), ("length", "12")):
            entry = tensor.external_data.add()
            entry.key, entry.value = key, value

    return change


def _in_a_constant(model: onnx.ModelProto) -> None:
    tensor = TensorProto(name="x", data_type=TensorProto.FLOAT, dims=[3])
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="secret.bin")
    model.graph.node.append(helper.make_node("Constant", [], ["unused"], value=tensor))


def _sparse(model: onnx.ModelProto) -> None:
    values = helper.make_tensor("lots", TensorProto.FLOAT, [1], [3.0])
    places = helper.make_tensor("where", TensorProto.INT64, [1], [5])
    lots = helper.make_sparse_tensor(values, places, [1 << 33])
    model.graph.sparse_initializer.append(lots)


def _sparse_constant(model: onnx.ModelProto) -> None:
    values = helper.make_tensor("lots", TensorProto.FLOAT, [1], [3.0])
    places = helper.make_tensor("where", TensorProto.INT64, [1], [5])
    lots = helper.make_sparse_tensor(values, places, [1 << 33])
    model.graph.node.append(helper.make_node("Constant", [], ["unused"], sparse_value=lots))


def _huge(dims: Sequence[int]) -> Callable[[onnx.ModelProto], None]:
    def change(model: onnx.ModelProto) -> None:
        tensor = next(t for t in model.graph.initializer if t.name == "outputs_row")
        tensor.ClearField("dims")
        tensor.dims.extend(dims)

    return change


def _input(name: str, kind: int, shape: Sequence[Any]) -> Callable[[onnx.ModelProto], None]:
    def change(model: onnx.ModelProto) -> None:
        model.graph.input[0].CopyFrom(helper.make_tensor_value_info(name, kind, shape))

    return change


def _output(kind: int, shape: Sequence[Any]) -> Callable[[onnx.ModelProto], None]:
    def change(model: onnx.ModelProto) -> None:
        model.graph.output[0].CopyFrom(helper.make_tensor_value_info("outputs", kind, shape))

    return change


def _another_input(model: onnx.ModelProto) -> None:
    model.graph.input.append(helper.make_tensor_value_info("more", TensorProto.FLOAT, [1]))


def _unknown_operator(model: onnx.ModelProto) -> None:
    model.graph.node[0].op_type = "NoSuchOperator"


def _unknown_domain(model: onnx.ModelProto) -> None:
    model.graph.node[0].domain = "com.example"
    model.opset_import.append(helper.make_opsetid("com.example", 1))


def _circle(model: onnx.ModelProto) -> None:
    model.graph.node[0].input[0] = "outputs"


def _future(model: onnx.ModelProto) -> None:
    model.opset_import[0].version = 10_000


GRAPHS: dict[str, Callable[[onnx.ModelProto], None]] = {
    "another file": _elsewhere("secret.bin"),
    "a file above": _elsewhere("../secret.bin"),
    "a file of the system": _elsewhere("/etc/hostname"),
    "memory": _elsewhere("*/_ORT_MEM_ADDR_/*"),
    "a constant elsewhere": _in_a_constant,
    "sparse": _sparse,
    "a sparse constant": _sparse_constant,
    "huge": _huge([1 << 40]),
    "huge product": _huge([1 << 30, 1 << 30, 3]),
    "negative": _huge([-1, -3]),
    "another input's name": _input("frames", TensorProto.FLOAT, ["T", 543, 3]),
    "another input's type": _input("inputs", TensorProto.DOUBLE, ["T", 543, 3]),
    "an integer input": _input("inputs", TensorProto.INT64, ["T", 543, 3]),
    "another input's shape": _input("inputs", TensorProto.FLOAT, ["T", 542, 3]),
    "an input of fixed length": _input("inputs", TensorProto.FLOAT, [30, 543, 3]),
    "an input of no shape": _input("inputs", TensorProto.FLOAT, []),
    "a flat input": _input("inputs", TensorProto.FLOAT, ["T", 1629]),
    "a huge input": _input("inputs", TensorProto.FLOAT, ["T", 1 << 50, 3]),
    "another input": _another_input,
    "an output of one clip": _output(TensorProto.FLOAT, [1, 3]),
    "an output of another width": _output(TensorProto.FLOAT, ["B", 4]),
    "an output of another type": _output(TensorProto.INT64, ["B", 3]),
    "an unknown operator": _unknown_operator,
    "an unknown domain": _unknown_domain,
    "a circle": _circle,
    "a version of the future": _future,
}


NAN, INF = float("nan"), float("inf")
NO_ANSWERS: dict[str, tuple[float, float, float]] = {
    "NaN": (NAN, NAN, NAN),
    "one NaN": (0.5, 0.5, NAN),
    "negative": (-0.5, 1.0, 0.5),
    "700 %": (0.0, 0.0, 7.0),
    "too much": (0.5, 0.5, 0.05),
    "too little": (0.5, 0.4, 0.05),
    "nothing": (0.0, 0.0, 0.0),
    "infinite": (INF, 0.0, 0.0),
    "both infinities": (INF, -INF, 1.0),
}


@pytest.fixture(autouse=True, scope="module")
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
