"""Small `.onnx` files made by hand: what a model may say or ask for, whatever signlet exports."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from signlet.modelfile.onnx_bytes import sealed

Change = Callable[[onnx.ModelProto], None]


def handmade(row: Sequence[float], vector: Sequence[float], card: str) -> onnx.ModelProto:
    """A graph of the contract that gives every clip the same probabilities and embedding."""
    lengths = numpy_helper.from_array(np.array([-1], np.int64), "lengths")
    constants = [lengths]
    nodes = [helper.make_node("Shape", ["lengths"], ["count"])]
    for name, values in (("outputs", row), ("embedding", vector)):
        width = np.array([len(values)], np.int64)
        constants.append(numpy_helper.from_array(np.array([values], np.float32), f"{name}_row"))
        constants.append(numpy_helper.from_array(width, f"{name}_width"))
        nodes.append(
            helper.make_node("Concat", ["count", f"{name}_width"], [f"{name}_shape"], axis=0)
        )
        nodes.append(helper.make_node("Expand", [f"{name}_row", f"{name}_shape"], [name]))
    graph = helper.make_graph(
        nodes,
        "graph",
        [
            helper.make_tensor_value_info("inputs", TensorProto.FLOAT, ["T", 543, 3]),
            helper.make_tensor_value_info("lengths", TensorProto.INT64, ["B"]),
        ],
        [
            helper.make_tensor_value_info("outputs", TensorProto.FLOAT, ["B", len(row)]),
            helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["B", len(vector)]),
        ],
        initializer=constants,
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    helper.set_model_props(made, {"signlet": card})
    return made


def write(path: Path, model: onnx.ModelProto) -> Path:
    """With its checksum, so that nothing but what the model says or asks for is wrong."""
    path.write_bytes(sealed(model.SerializeToString()))
    return path
