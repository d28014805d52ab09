"""A TensorFlow Lite model that operations are appended to."""

from __future__ import annotations

from typing import Any

import numpy as np

_SHAPE = {"RESHAPE": "ReshapeOptions", "TRANSPOSE": "TransposeOptions", "SLICE": "SliceOptions"}
_OPTIONS = {
    **_SHAPE,
    **dict.fromkeys(("SUM", "REDUCE_MAX", "REDUCE_MIN"), "ReducerOptions"),
    **dict.fromkeys(("MAXIMUM", "MINIMUM"), "MaximumMinimumOptions"),
    **{name: f"{name.capitalize()}Options" for name in ("ADD", "SUB", "MUL", "DIV", "ABS")},
    "CONCATENATION": "ConcatenationOptions",
    "GREATER_EQUAL": "GreaterEqualOptions",
    "LOGICAL_AND": "LogicalAndOptions",
    "SELECT_V2": "SelectV2Options",
}
"""The table of settings that goes with an operation; operations without one are not named."""


class Net:
    """The only subgraph of a model. Tensors are named by their numbers, as in the file.

    Every new tensor is float32, unless its operation is a comparison.
    """

    def __init__(self, content: bytes) -> None:
        from mediapipe.tasks.metadata import schema_py_generated as schema

        self._schema: Any = schema
        self.model: Any = schema.ModelT.InitFromObj(schema.Model.GetRootAs(content, 0))
        self._graph = self.model.subgraphs[0]
        self._codes: dict[str, int] = {}

    @property
    def outputs(self) -> list[int]:
        """Tensors that leave the model; assign to change one."""
        self._graph.outputs = [int(tensor) for tensor in self._graph.outputs]
        return self._graph.outputs

    def shape(self, tensor: int) -> tuple[int, ...]:
        """Shape of a tensor."""
        return tuple(int(size) for size in self._graph.tensors[tensor].shape)

    def constant(self, values: Any) -> int:
        """A tensor of fixed values: whole numbers become int32, all others float32."""
        array = np.asarray(values)
        array = array.astype(np.int32 if array.dtype.kind == "i" else np.float32)
        kind = "INT32" if array.dtype == np.int32 else "FLOAT32"
        return self._tensor(array.shape, kind, self.buffer(array.tobytes()))

    def buffer(self, content: bytes) -> int:
        """Number of a new buffer that holds these bytes."""
        buffer = self._schema.BufferT()
        buffer.data = np.frombuffer(content, np.uint8)
        self.model.buffers.append(buffer)
        return len(self.model.buffers) - 1

    def op(self, name: str, *inputs: int, shape: tuple[int, ...], **settings: Any) -> int:
        """Append an operation; returns the tensor that it fills."""
        compares = name in {"GREATER_EQUAL", "LOGICAL_AND"}
        out = self._tensor(shape, "BOOL" if compares else "FLOAT32", 0)
        operator = self._schema.OperatorT()
        operator.opcodeIndex, operator.inputs, operator.outputs = self._code(name), inputs, [out]
        if table := _OPTIONS.get(name):
            options = getattr(self._schema, f"{table}T")()
            for key, value in settings.items():
                setattr(options, key, value)
            operator.builtinOptions = options
            operator.builtinOptionsType = getattr(self._schema.BuiltinOptions, table)
        self._graph.operators.append(operator)
        return out

    def binary(self, name: str, first: int, second: int | float) -> int:
        """ADD, SUB, MUL and such of two tensors, or of a tensor and a number."""
        other = second if isinstance(second, int) else self.constant(second)
        shape = np.broadcast_shapes(self.shape(first), self.shape(other))
        return self.op(name, first, other, shape=shape)

    def unary(self, name: str, tensor: int) -> int:
        """FLOOR, ABS, RELU and such."""
        return self.op(name, tensor, shape=self.shape(tensor))

    def reduced(self, name: str, tensor: int, axes: tuple[int, ...]) -> int:
        """SUM, REDUCE_MAX or REDUCE_MIN along axes, which stay with length 1."""
        shape = tuple(1 if axis in axes else n for axis, n in enumerate(self.shape(tensor)))
        return self.op(name, tensor, self.constant(list(axes)), shape=shape, keepDims=True)

    def reshaped(self, tensor: int, shape: tuple[int, ...]) -> int:
        """The same values in another shape."""
        return self.op(
            "RESHAPE", tensor, self.constant(list(shape)), shape=shape, newShape=list(shape)
        )

    def cut(self, tensor: int, begin: tuple[int, ...], size: tuple[int, ...]) -> int:
        """A block of a tensor."""
        places = self.constant(list(begin)), self.constant(list(size))
        return self.op("SLICE", tensor, *places, shape=size)

    def joined(self, tensors: list[int], axis: int) -> int:
        """Tensors one after the other along an axis."""
        shape = list(self.shape(tensors[0]))
        shape[axis] = sum(self.shape(tensor)[axis] for tensor in tensors)
        return self.op("CONCATENATION", *tensors, shape=tuple(shape), axis=axis)

    def packed(self) -> bytes:
        """The model as a file's bytes."""
        return packed(self.model, b"TFL3")

    def _tensor(self, shape: tuple[int, ...], kind: str, buffer: int) -> int:
        tensor = self._schema.TensorT()
        tensor.shape, tensor.buffer = list(shape), buffer
        tensor.type = getattr(self._schema.TensorType, kind)
        tensor.name = f"signlet_{len(self._graph.tensors)}"
        self._graph.tensors.append(tensor)
        return len(self._graph.tensors) - 1

    def _code(self, name: str) -> int:
        if name not in self._codes:
            code = self._schema.OperatorCodeT()
            code.builtinCode = getattr(self._schema.BuiltinOperator, name)
            code.deprecatedBuiltinCode, code.version = code.builtinCode, 1
            self.model.operatorCodes.append(code)
            self._codes[name] = len(self.model.operatorCodes) - 1
        return self._codes[name]


def packed(table: Any, identifier: bytes) -> bytes:
    """A flatbuffer of a table of generated code."""
    import flatbuffers

    builder = flatbuffers.Builder(1 << 16)
    builder.Finish(table.Pack(builder), identifier)
    return bytes(builder.Output())
