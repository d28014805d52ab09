"""Metadata that MediaPipe requires in a model: the description of its input pictures."""

from __future__ import annotations

from typing import Any

from signlet.video.bundle.graph import Net, packed

_NAME = b"TFLITE_METADATA"
_PARSER = "1.0.0"


def describe_pictures(net: Net, mean: float, deviation: float) -> None:
    """Say that the model takes RGB pictures as (value - mean) / deviation, values 0 to 255."""
    from mediapipe.tasks.metadata import metadata_schema_py_generated as schema
    from mediapipe.tasks.metadata import schema_py_generated as models

    graph = schema.SubGraphMetadataT()
    graph.inputTensorMetadata = [_picture(schema, mean, deviation)]
    graph.outputTensorMetadata = [schema.TensorMetadataT() for _ in net.outputs]
    about = schema.ModelMetadataT()
    about.subgraphMetadata, about.minParserVersion = [graph], _PARSER
    entry = models.MetadataT()
    entry.name, entry.buffer = _NAME.decode(), net.buffer(packed(about, b"M001"))
    others = [kept for kept in net.model.metadata or [] if kept.name != _NAME]
    net.model.metadata = [*others, entry]


def _picture(schema: Any, mean: float, deviation: float) -> Any:
    options = schema.NormalizationOptionsT()
    options.mean, options.std = [mean], [deviation]
    unit = schema.ProcessUnitT()
    unit.optionsType = schema.ProcessUnitOptions.NormalizationOptions
    unit.options = options
    image = schema.ImagePropertiesT()
    image.colorSpace = schema.ColorSpaceType.RGB
    content = schema.ContentT()
    content.contentPropertiesType = schema.ContentProperties.ImageProperties
    content.contentProperties = image
    tensor = schema.TensorMetadataT()
    tensor.content, tensor.processUnits = content, [unit]
    return tensor


def no_blend_shapes() -> bytes:
    """A model that answers zeros: the bundle must hold one for the face's blend shapes.

    It is never run, as signlet does not ask for them. (1, 146, 2) to (1, 52).
    """
    import flatbuffers  # noqa: F401  (a clear message where it is missing, before any work)
    from mediapipe.tasks.metadata import schema_py_generated as schema

    model, graph = schema.ModelT(), schema.SubGraphT()
    model.version, model.operatorCodes, model.buffers = 3, [], [schema.BufferT()]
    graph.tensors, graph.inputs, graph.outputs, graph.operators = [], [], [], []
    model.subgraphs = [graph]
    for shape, content in (((1, 146, 2), b""), ((1, 52), bytes(4 * 52))):
        tensor = schema.TensorT()
        tensor.shape, tensor.buffer = list(shape), len(model.buffers) if content else 0
        if content:
            model.buffers.append(_filled(schema, content))
        graph.tensors.append(tensor)
    graph.inputs, graph.outputs = [0], [1]
    return packed(model, b"TFL3")


def _filled(schema: Any, content: bytes) -> Any:
    import numpy as np

    buffer = schema.BufferT()
    buffer.data = np.frombuffer(content, np.uint8)
    return buffer
