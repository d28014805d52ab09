"""A TFLite model without what nothing reads, and with every constant in it once."""

from __future__ import annotations

from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema


def inline_buffers(model: Any, raw: bytes) -> None:
    """The quantizer leaves weights behind the flatbuffer, where older runtimes do not look."""
    for buffer in model.buffers:
        if buffer.offset > 1:
            buffer.data = np.frombuffer(raw, np.uint8, buffer.size, buffer.offset)
            buffer.offset = buffer.size = 0


def drop_unused(model: Any) -> None:
    """Keep only the subgraphs that the first one reaches."""
    kept = [0]
    for number in kept:  # grows on the way
        for options in _ifs(model.subgraphs[number]):
            branches = (options.thenSubgraphIndex, options.elseSubgraphIndex)
            kept += [branch for branch in dict.fromkeys(branches) if branch not in kept]
    model.subgraphs = [model.subgraphs[number] for number in kept]
    for options in [options for graph in model.subgraphs for options in _ifs(graph)]:
        options.thenSubgraphIndex = kept.index(options.thenSubgraphIndex)
        options.elseSubgraphIndex = kept.index(options.elseSubgraphIndex)


def _ifs(graph: Any) -> list[Any]:
    own = (operator.builtinOptions for operator in graph.operators)
    return [options for options in own if isinstance(options, schema.IfOptionsT)]


def share_buffers(model: Any) -> None:
    """Store equal constants once, and only those that are used."""
    buffers, numbers = [model.buffers[0]], {b"": 0}
    for tensor in [tensor for graph in model.subgraphs for tensor in graph.tensors]:
        data = model.buffers[tensor.buffer].data
        content = b"" if data is None else np.asarray(data, np.uint8).tobytes()
        if content not in numbers:
            numbers[content] = len(buffers)
            buffers.append(model.buffers[tensor.buffer])
        tensor.buffer = numbers[content]
    for entry in model.metadata or []:
        buffers.append(model.buffers[entry.buffer])
        entry.buffer = len(buffers) - 1
    model.buffers = buffers
