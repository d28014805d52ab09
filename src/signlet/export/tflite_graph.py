"""Surgery on TFLite models: parts that were converted on their own become one graph.

The converter only knows straight graphs of fixed shapes. Here its parts are joined, a
TFLite `IF` chooses among variants of a part, and a graph that was traced with one number of
frames is made to take any.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema
from numpy.typing import NDArray

from signlet.export.tflite_tidy import drop_unused, inline_buffers, share_buffers
from signlet.runtimes.litert import SIGNATURE

Operator, Type = schema.BuiltinOperator, schema.TensorType
_NUMPY: dict[int, np.dtype[Any]] = {Type.INT32: np.dtype(np.int32), Type.INT64: np.dtype(np.int64)}
_EVERY = -1
"""In shapes: as many as there are."""


class TfliteGraph:
    """A model whose first subgraph, called main here, is being built out of the others.

    Tensors are named by their number in main.
    """

    def __init__(self, raw: bytes) -> None:
        """raw: a flatbuffer whose signatures are the parts; the first becomes main."""
        self._model = schema.ModelT.InitFromPackedBuf(bytearray(raw), 0)
        inline_buffers(self._model, raw)
        self._signatures = {part.signatureKey.decode(): part for part in self._model.signatureDefs}
        self._main = self._model.subgraphs[0]
        self._row_count: dict[int, int] = {}

    def tensors(self, part: str) -> dict[str, int]:
        """A part's inputs and outputs by name."""
        signature = self._signatures[part]
        return {t.name.decode(): t.tensorIndex for t in (*signature.inputs, *signature.outputs)}

    def insert(self, part: str, inputs: dict[str, int]) -> dict[str, int]:
        """Copy a part's operators into main, fed with `inputs` by name; gives its tensors."""
        names, graph = self.tensors(part), self._graph(part)
        place = {names[name]: tensor for name, tensor in inputs.items()}
        for number, tensor in enumerate(graph.tensors):
            if number not in place:
                place[number] = len(self._main.tensors)
                self._main.tensors.append(tensor)
        for operator in graph.operators:
            operator.inputs = [place.get(t, t) for t in operator.inputs]  # -1 is "none"
            operator.outputs = [place[t] for t in operator.outputs]
            self._main.operators.append(operator)
        return {name: place[tensor] for name, tensor in names.items()}

    def choose(
        self,
        count: str,
        inputs: dict[str, int],
        cases: Sequence[tuple[int, str]],
        outputs: Sequence[str],
    ) -> list[int]:
        """Run that part of which the limit is the first that is not below a number.

        count: which of `inputs` is the number, int32. cases: limits in ascending order, each
        with its part; the last one takes all else. All parts have the inputs `inputs`, and
        outputs `outputs` of the same shapes.
        """
        return self._choose(self._main, inputs, count, cases, outputs)

    def _choose(
        self,
        graph: Any,
        inputs: dict[str, int],
        count: str,
        cases: Sequence[tuple[int, str]],
        outputs: Sequence[str],
    ) -> list[int]:
        names, (limit, part), *rest = list(inputs), *cases
        this = self._as_branch(part, names, outputs)
        if len(rest) > 1:
            other = self._chooser(names, count, rest, outputs)
        else:
            # One variant only is both branches: as a subgraph it has fixed shapes, so that
            # another number of raw frames does not make the interpreter prepare it again.
            other = self._as_branch(rest[0][1] if rest else part, names, outputs)
        most = self._constant(graph, np.array([limit], np.int32))
        fits = self._tensor(graph, Type.BOOL, [1])
        asked = [inputs[count], most]
        self._add(graph, Operator.LESS_EQUAL, asked, [fits], schema.LessEqualOptionsT())
        options = schema.IfOptionsT()
        options.thenSubgraphIndex, options.elseSubgraphIndex = this, other
        branch = self._model.subgraphs[this]
        likes = [branch.tensors[number] for number in branch.outputs]
        answers = [self._tensor(graph, like.type, list(like.shape)) for like in likes]
        self._add(graph, Operator.IF, [fits, *inputs.values()], answers, options)
        return answers

    def _as_branch(self, part: str, names: list[str], outputs: Sequence[str]) -> int:
        """The part's subgraph, with inputs in the order in which the `IF` gives them."""
        tensors, graph = self.tensors(part), self._graph(part)
        graph.inputs = [tensors[name] for name in names]
        graph.outputs = [tensors[name] for name in outputs]
        return self._signatures[part].subgraphIndex

    def _chooser(
        self, names: list[str], count: str, cases: Sequence[tuple[int, str]], outputs: Sequence[str]
    ) -> int:
        """A subgraph of its own that chooses among the rest."""
        like = self._graph(cases[0][1])
        tensors = self.tensors(cases[0][1])
        graph = schema.SubGraphT()
        graph.name, graph.tensors, graph.operators = b"choose", [], []
        for name in names:
            tensor = like.tensors[tensors[name]]
            self._tensor(graph, tensor.type, list(tensor.shape))
        graph.inputs = list(range(len(names)))
        inputs = dict(zip(names, graph.inputs, strict=True))
        graph.outputs = self._choose(graph, inputs, count, cases, outputs)
        self._model.subgraphs.append(graph)
        return len(self._model.subgraphs) - 1

    def require_version(self, kind: int, version: int) -> None:
        """Let runtimes refuse the file that do not know this version of an operator."""
        for code in self._model.operatorCodes:
            if code.builtinCode == kind:
                code.version = max(code.version, version)

    def finish(self, inputs: dict[str, int], outputs: dict[str, int]) -> bytes:
        """The flatbuffer; main's signature is called serving_default, the parts have none."""
        model, main = self._model, self._main
        main.name = b"main"
        main.inputs, main.outputs = list(inputs.values()), list(outputs.values())
        signature = schema.SignatureDefT()
        signature.signatureKey, signature.subgraphIndex = SIGNATURE.encode(), 0
        signature.inputs, signature.outputs = _named(inputs), _named(outputs)
        model.signatureDefs = [signature]
        drop_unused(model)
        share_buffers(model)
        builder = flatbuffers.Builder(1 << 20)
        builder.Finish(model.Pack(builder), b"TFL3")
        return bytes(builder.Output())

    def free_length(self, length: int) -> None:
        """Let main's input, traced with `length` rows, have any number of them.

        length: a number that means nothing else in main.
        """
        traced, self._main.operators = self._main.operators, []
        for operator in traced:
            for position in range(len(operator.inputs)):
                self._free_operand(operator, position, length)
            self._main.operators.append(operator)
        for tensor in self._main.tensors:
            _free_shape(tensor, length)

    def _free_operand(self, operator: Any, position: int, length: int) -> None:
        values = self._integers(operator.inputs[position])
        if values is None or not np.isin(values, (length, length - 1)).any():
            return
        kind = self._kind(operator)
        if (kind, position) in ((Operator.RESHAPE, 1), (Operator.SLICE, 2)):
            every = np.where(values == length, _EVERY, values).astype(values.dtype)
            operator.inputs[position] = self._constant(self._main, every)
            if isinstance(operator.builtinOptions, schema.ReshapeOptionsT):
                operator.builtinOptions.newShape = every
        elif (kind, position) == (Operator.SLICE, 1) and values.tolist() == [length - 1]:
            self._take_last(operator)
        elif values.size == 1:
            operator.inputs[position] = self._rows(int(values.item()) - length)
        else:
            raise AssertionError(f"no rule for operand {position} of operator {kind}")

    def _take_last(self, operator: Any) -> None:
        """Make a slice that begins at the last row count from the end."""
        options = schema.StridedSliceOptionsT()
        options.endMask = 1
        operator.opcodeIndex = self._code(Operator.STRIDED_SLICE)
        ends = [self._constant(self._main, np.array([n], np.int32)) for n in (-1, 0, 1)]
        operator.inputs = [operator.inputs[0], *ends]
        operator.builtinOptionsType = schema.BuiltinOptions.StridedSliceOptions
        operator.builtinOptions = options

    def _rows(self, more: int) -> int:
        """(1,) int32: the input's number of rows, and `more`."""
        main = self._main
        if not self._row_count:
            shape, count = self._tensor(main, Type.INT32, [3]), self._tensor(main, Type.INT32, [1])
            first = [self._constant(main, np.array([n], np.int32)) for n in (0, 1)]
            options = schema.ShapeOptionsT()
            options.outType = Type.INT32
            self._add(main, Operator.SHAPE, [main.inputs[0]], [shape], options)
            self._add(main, Operator.SLICE, [shape, *first], [count], schema.SliceOptionsT())
            self._row_count[0] = count
        if more not in self._row_count:
            self._row_count[more] = self._tensor(main, Type.INT32, [1])
            operands = [self._row_count[0], self._constant(main, np.array([more], np.int32))]
            self._add(main, Operator.ADD, operands, [self._row_count[more]], schema.AddOptionsT())
        return self._row_count[more]

    def _graph(self, part: str) -> Any:
        return self._model.subgraphs[self._signatures[part].subgraphIndex]

    def _integers(self, tensor: int) -> NDArray[Any] | None:
        """A constant's numbers, None if it is not one or not of integers."""
        found = self._main.tensors[tensor] if tensor >= 0 else None
        data = None if found is None else self._model.buffers[found.buffer].data
        if found is None or data is None or found.type not in _NUMPY:
            return None
        dtype = _NUMPY[found.type]
        return np.asarray(data, np.uint8).view(dtype)

    def _kind(self, operator: Any) -> int:
        return int(self._model.operatorCodes[operator.opcodeIndex].builtinCode)

    def _code(self, kind: int) -> int:
        """Number of an operator's code, which is added where there is none."""
        codes = self._model.operatorCodes
        for number, code in enumerate(codes):
            if code.builtinCode == kind:
                return number
        code = schema.OperatorCodeT()
        code.builtinCode, code.deprecatedBuiltinCode, code.version = kind, min(kind, 127), 1
        codes.append(code)
        return len(codes) - 1

    def _add(self, graph: Any, kind: int, inputs: list[int], outputs: list[int], own: Any) -> None:
        operator = schema.OperatorT()
        operator.opcodeIndex, operator.inputs, operator.outputs = self._code(kind), inputs, outputs
        name = type(own).__name__.removesuffix("T")
        operator.builtinOptionsType = getattr(schema.BuiltinOptions, name)
        operator.builtinOptions = own
        graph.operators.append(operator)

    def _tensor(self, graph: Any, kind: int, shape: list[int], buffer: int = 0) -> int:
        tensor = schema.TensorT()
        tensor.type, tensor.shape, tensor.buffer = kind, np.array(shape, np.int32), buffer
        tensor.name, tensor.hasRank = f"signlet_{len(graph.tensors)}".encode(), True
        graph.tensors.append(tensor)
        return len(graph.tensors) - 1

    def _constant(self, graph: Any, values: NDArray[Any]) -> int:
        kind = next(kind for kind, dtype in _NUMPY.items() if dtype == values.dtype)
        buffer = schema.BufferT()
        buffer.data = values.view(np.uint8)
        self._model.buffers.append(buffer)
        return self._tensor(graph, kind, list(values.shape), len(self._model.buffers) - 1)


def _free_shape(tensor: Any, length: int) -> None:
    shape = np.array([] if tensor.shape is None else tensor.shape, np.int32)
    if (shape == length).any():
        tensor.shapeSignature = np.where(shape == length, _EVERY, shape)
        tensor.shape = np.where(shape == length, 1, shape)


def _named(tensors: dict[str, int]) -> list[Any]:
    found = []
    for name, number in tensors.items():
        entry = schema.TensorMapT()
        entry.name, entry.tensorIndex = name.encode(), number
        found.append(entry)
    return found
