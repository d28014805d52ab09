"""`model.onnx`: traced by torch, weights of the wished precision, a card in its metadata."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper

from signlet.export.graph import WHOLE, RecogniserGraph
from signlet.export.quiet import quiet
from signlet.files.atomic import replacing
from signlet.landmarks import NUM_RAW
from signlet.model import SignModel
from signlet.modelfile.averaging import Average
from signlet.modelfile.card import ENTRY, Card
from signlet.modelfile.onnx_bytes import sealed
from signlet.runtimes.onnx import EMBEDDING, INPUT, LENGTHS, OUTPUT

_LARGE = 4096
"""Tensors of fewer numbers keep full precision: they weigh nothing."""


def write(path: Path, models: Sequence[SignModel], average: Average, card: Card) -> None:
    """Write one self-describing ONNX file; an existing file is replaced.

    models: eval-mode members. average: how their answers become one.
    card: what the file says of itself; its precision is that of the weights: fp32, fp16
    (stored; computed in fp32), int8 (products of 8-bit numbers). Where it has the size of an
    embedding, the file gives one.
    Raises SignletError if it cannot be written.
    """
    model = traced(RecogniserGraph(models, average, card.embedding is not None))
    if card.precision == "fp16":
        _halve(model)
    with replacing(path) as temporary:
        if card.precision == "int8":
            model = _in_int8(model, temporary)
        helper.set_model_props(model, {ENTRY: card.as_json(), "licence": card.licence})
        model.doc_string = f"Names one of {len(card.signs)} signs; made by signlet."
        onnx.checker.check_model(model)
        temporary.write_bytes(sealed(model.SerializeToString()))


def traced(graph: RecogniserGraph) -> onnx.ModelProto:
    """The graph in ONNX: any number of frames and clips; without `lengths` it is one clip."""
    inputs, lengths = torch.rand(100, NUM_RAW, 3), torch.tensor([40, 60])
    shapes = ({0: torch.export.Dim.DYNAMIC}, {0: torch.export.Dim.DYNAMIC})
    with quiet():
        traced = torch.export.export(graph, (inputs, lengths), dynamic_shapes=shapes, strict=False)
        program = torch.onnx.export(
            traced,
            input_names=[INPUT, LENGTHS],
            output_names=[OUTPUT, EMBEDDING] if graph.embedding else [OUTPUT],
            dynamo=True,
            external_data=False,
            verbose=False,
        )
    assert program is not None
    model: onnx.ModelProto = program.model_proto
    _forget_origin(model)
    model.graph.initializer.append(numpy_helper.from_array(np.array([WHOLE], np.int64), LENGTHS))
    return model


def _forget_origin(model: onnx.ModelProto) -> None:
    """torch notes for every node the lines it came from, with this machine's paths."""
    for part in (model.graph, *model.graph.node, *model.graph.value_info, *model.functions):
        part.ClearField("metadata_props")
        part.ClearField("doc_string")


def _halve(model: onnx.ModelProto) -> None:
    """Store large matrices in half precision; runtimes widen them once, when they load.

    (Converters that turn the whole graph to fp16 lose preprocessing's accuracy.)
    """
    casts = []
    for tensor in model.graph.initializer:
        values = numpy_helper.to_array(tensor)
        if tensor.data_type == TensorProto.FLOAT and values.size >= _LARGE and values.ndim > 1:
            name, half = tensor.name, f"{tensor.name}_half"
            tensor.CopyFrom(numpy_helper.from_array(values.astype(np.float16), half))
            casts.append(helper.make_node("Cast", [half], [name], to=TensorProto.FLOAT))
    nodes = [*casts, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)


def _in_int8(model: onnx.ModelProto, path: Path) -> onnx.ModelProto:
    """Products of 8-bit weights and 8-bit activations that are scaled again in each run.

    path: a file to work in.
    Seven bits a weight: on processors without VNNI the sums of eight-bit ones overflow.
    """
    from onnxruntime.quantization import QuantType, quantize_dynamic

    onnx.save(model, path)
    with quiet():
        quantize_dynamic(
            path,
            path,
            op_types_to_quantize=["MatMul", "Gemm"],
            weight_type=QuantType.QInt8,
            per_channel=True,
            reduce_range=True,
        )
    return onnx.load(path)
