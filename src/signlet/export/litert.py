"""`model.tflite`: raw landmarks in, answers out, under the competition's contract.

TFLite's shapes are fixed when a model is loaded, so each member is there several times, for
few frames and for many, on the same weights, and an `IF` runs the smallest one that holds
the frames that preprocessing keeps.
"""

from __future__ import annotations

import contextlib
import math
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from signlet.errors import SignletError
from signlet.export.frozen import FrozenModel
from signlet.export.graph import averaged
from signlet.export.quiet import quiet
from signlet.files.atomic import replacing
from signlet.landmarks import NUM_RAW, NUM_SELECTED
from signlet.model import SignModel, joint_embedding
from signlet.modelfile.averaging import Average
from signlet.modelfile.card import Card
from signlet.modelfile.tflite_file import append_card
from signlet.preprocess import Preprocess
from signlet.running.silence import only_errors
from signlet.running.temporary import scratch
from signlet.runtimes.litert import EMBEDDING, INPUT, OUTPUT
from signlet.text.install import needs

_SHARES = (0.3, 0.6, 1.0)
"""Slots of a member's variants, as shares of its `max_len` ..."""
_SINGLE = 32
"""... but up to this `max_len` one is enough: it thins longer clips to half and more anyway."""
_TRACED = 9001
"""Frames of the raw clip at conversion; a number that appears nowhere else in preprocessing."""
_INT8_PER_CHANNEL = 12
"""First version of FULLY_CONNECTED in which int8 weights may have a scale for each channel.

The quantizer does not ask for it, and tflite-runtime 2.14 would give nonsense without a word.
"""
_PREPARE, _AVERAGE = "prepare", "average"
_ANSWER, _FEATURES = "answer", "features"


def write(path: Path, models: Sequence[SignModel], average: Average, card: Card) -> None:
    """Write one self-describing TFLite file; an existing file is replaced.

    models: eval-mode members. average: how their answers become one.
    card: what the file says of itself; its precision is that of the weights: fp32, fp16
    (stored; computed in fp32), int8 (products of 8-bit numbers). Where it has the size of an
    embedding, the file gives one.
    Raises SignletError if it cannot be written, or the extra "export" is not installed.
    """
    members = [_variants(model) for model in models]
    with _quiet():
        raw = _quantised(_converted(members, average, card), card.precision)
        linked = _linked(raw, members, card)
    with replacing(path) as temporary:
        temporary.write_bytes(linked)
        append_card(temporary, card)


def slots(max_len: int) -> list[int]:
    """Numbers of frames that a member is there for, in ascending order."""
    if max_len <= _SINGLE:
        return [max_len]
    return [min(max_len, 4 * math.ceil(share * max_len / 4)) for share in _SHARES]


class _Prepare(nn.Module):
    """Preprocessing for each `max_len` that a member has."""

    def __init__(self, max_lens: set[int]) -> None:
        super().__init__()
        self.each = nn.ModuleDict({str(n): Preprocess(n) for n in sorted(max_lens)})

    def forward(self, inputs: Tensor) -> dict[str, Tensor]:
        """(T, 543, 3) -> frames (1, max_len, 100, 3) and their number (1,) int32 of each."""
        out = {}
        for max_len, preprocess in self.each.items():
            frames, mask = preprocess(inputs)
            out[f"frames_{max_len}"] = frames.unsqueeze(0)
            out[f"count_{max_len}"] = mask.sum(0, keepdim=True).to(torch.int32)
        return out


class _Variant(nn.Module):
    """A member for clips of at most this many frames."""

    _slots: Tensor

    def __init__(self, member: FrozenModel, slots: int) -> None:
        super().__init__()
        self.member, self.max_len = member, member.max_len
        self.register_buffer("_slots", torch.arange(slots, dtype=torch.int32), persistent=False)

    def forward(self, frames: Tensor, count: Tensor) -> dict[str, Tensor]:
        """frames (1, max_len, 100, 3), of which `count`, (1,) int32, are real.

        Gives probabilities (1, K) and features (1, D), of any length.
        """
        mask = (self._slots < count).unsqueeze(0)
        features = self.member.features(frames.narrow(1, 0, len(self._slots)), mask)
        return {_ANSWER: self.member.classify(features).softmax(1), _FEATURES: features}


class _Averaged(nn.Module):
    """Members' answers, each (1, K), -> (K,); their features, each (1, D), -> (sum of D,)."""

    def __init__(self, average: Average) -> None:
        super().__init__()
        self.average = average

    def forward(
        self, answers: list[Tensor], features: list[Tensor] | None = None
    ) -> dict[str, Tensor]:
        out = {OUTPUT: averaged(answers, self.average).squeeze(0)}
        return out if features is None else out | {EMBEDDING: joint_embedding(features).squeeze(0)}


def _variants(model: SignModel) -> list[_Variant]:
    frozen = FrozenModel(model)
    return [_Variant(frozen, n) for n in slots(model.config.max_len)]


def _converted(members: list[list[_Variant]], average: Average, card: Card) -> bytes:
    """A flatbuffer with a signature for each part: preprocessing, variants, average."""
    raw, count = torch.empty(_TRACED, NUM_RAW, 3), torch.ones(1, dtype=torch.int32)
    prepare = _Prepare({variants[0].max_len for variants in members})
    parts: list[tuple[str, nn.Module, dict[str, Any]]] = [(_PREPARE, prepare, {INPUT: raw})]
    for number, variants in enumerate(members):
        frames = torch.rand(1, variants[0].max_len, NUM_SELECTED, 3)
        for variant in variants:
            inputs = {"frames": frames, "count": count}
            parts.append((_name(number, variant), variant, inputs))
    signs = len(card.signs)
    said = {"answers": [torch.full((1, signs), 1 / signs) for _ in members]}
    if card.embedding is not None:
        widths = [variants[0].member.logits.weight.shape[0] for variants in members]
        said["features"] = [torch.rand(1, width) for width in widths]
    parts.append((_AVERAGE, _Averaged(average), said))
    return _convert(parts)


def _convert(parts: list[tuple[str, nn.Module, dict[str, Any]]]) -> bytes:
    import litert_torch

    converter: Any = litert_torch
    for name, module, inputs in parts:
        converter = converter.signature(name, module.eval(), sample_kwargs=inputs)
    with scratch("litert") as folder:
        file = folder / "parts.tflite"
        converter.convert().export(str(file))
        return file.read_bytes()


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Converter and quantizer warn of what does not concern us, and draw their own progress."""
    os.environ.setdefault("LITERT_TORCH_SHOW_PROGRESS", "n")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    try:
        with only_errors(), quiet():
            yield
    except ModuleNotFoundError as error:
        raise SignletError(needs("writing .tflite", "export", error)) from None


def _quantised(raw: bytes, precision: str) -> bytes:
    """Weights of the matrix products, in fp16 or int8.

    Not the convolution of the embedding nor the position tables: they are small, and some
    runtimes read no other weights in fp16 than those of a FULLY_CONNECTED.
    """
    if precision == "fp32":
        return raw
    from ai_edge_quantizer import algorithm_manager, qtyping, quantizer

    tool, target = quantizer.Quantizer(bytearray(raw)), qtyping.TFLOperationName.FULLY_CONNECTED
    if precision == "int8":
        tool.add_dynamic_config(regex=".*", operation_name=target, num_bits=8)
    else:
        half = qtyping.TensorQuantizationConfig(num_bits=16, dtype=qtyping.TensorDataType.FLOAT)
        tool.update_quantization_recipe(
            regex=".*",
            operation_name=target,
            op_config=qtyping.OpQuantizationConfig(
                weight_tensor_config=half,
                compute_precision=qtyping.ComputePrecision.FLOAT,
                explicit_dequantize=True,
            ),
            algorithm_key=algorithm_manager.AlgorithmName.FLOAT_CASTING,
        )
    return bytes(tool.quantize().quantized_model)


def _linked(raw: bytes, members: list[list[_Variant]], card: Card) -> bytes:
    """Preprocessing, then of each member the variant that fits, then the average."""
    from signlet.export.tflite_graph import Operator, TfliteGraph

    graph = TfliteGraph(raw)
    graph.free_length(_TRACED)
    if card.precision == "int8":
        graph.require_version(Operator.FULLY_CONNECTED, _INT8_PER_CHANNEL)
    ready = graph.tensors(_PREPARE)
    answers: dict[str, int] = {}
    wanted = {_ANSWER: "answers"} | ({_FEATURES: "features"} if card.embedding else {})
    for number, variants in enumerate(members):
        max_len = variants[0].max_len
        inputs = {"frames": ready[f"frames_{max_len}"], "count": ready[f"count_{max_len}"]}
        cases = [(len(variant._slots), _name(number, variant)) for variant in variants]
        chosen = graph.choose("count", inputs, cases, list(wanted))
        answers |= {f"{name}_{number}": t for name, t in zip(wanted.values(), chosen, strict=True)}
    average = graph.insert(_AVERAGE, answers)
    names = (OUTPUT, EMBEDDING) if card.embedding else (OUTPUT,)
    return graph.finish({INPUT: ready[INPUT]}, {name: average[name] for name in names})


def _name(number: int, variant: _Variant) -> str:
    return f"member_{number}_{len(variant._slots)}"
