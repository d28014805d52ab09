"""How fast is our transformer layer, next to a version that gathers and Hugging Face's DeBERTa-v2?

Cost: about three minutes on two cores.
Page: docs/model.md
Results: attention_speed.csv
Short: --threads 1 --repetitions 1 --batch 8

    python -m benchmarks.training_speed.attention_speed [--threads 2] [--repetitions 7] [--batch 64]

Three ways to the same disentangled attention, with the same weights and, checked before
anything is timed, the same answers: ours; the straightforward one, in which every head of
every clip gathers its position scores by an index for each pair of frames; and Hugging Face's
`DebertaV2Encoder` with one layer of the same size (16 heads, log buckets, shared keys).
Measured are the attention alone (projections of queries, keys and values included) and the
whole layer (attention, two more linear maps, Mish, two norms). Hugging Face's layer adds its last
residual behind the linear map instead of before it, which is the same work, and so is only
compared where the attention is alone. No dropout anywhere.

In every repetition the three take turns, in changing order. Reported are the medians by the
clock, and the median of each repetition's ratio to ours, by the clock and (`_cpu`, steadier
on a machine that others use too) by the processor time of all threads; above 1 ours is
faster. Hugging Face's position indices are made once, outside of the time, where the
attention is measured alone.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from itertools import product

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F
from transformers import DebertaV2Config
from transformers.models.deberta_v2.modeling_deberta_v2 import DebertaV2Encoder

from benchmarks.environment import write_csv
from signlet.model.attention import DisentangledAttention
from signlet.model.recogniser import TransformerLayer
from signlet.model.relative_positions import relative_buckets

HEADS = 16
OURS, GATHER, HUGGING_FACE = "ours", "gather", "transformers"
Way = Callable[[Tensor, Tensor], Tensor]
Ways = dict[str, tuple[nn.Module, Way]]
Inputs = tuple[Tensor, Tensor]
Times = NDArray[np.float64]
CLOCKS = (time.perf_counter, time.process_time)


class GatherAttention(nn.Module):
    """The same attention as its authors wrote it: (B H, T, 2 max_len) scores, then a gather."""

    def __init__(self, ours: DisentangledAttention) -> None:
        super().__init__()
        self.ours = ours

    def forward(self, hidden: Tensor, mask: Tensor) -> Tensor:
        """hidden (B, T, D), mask (B, T) -> (B, T, D)."""
        ours, (batch, length, _) = self.ours, hidden.shape
        query, key, value = (self._heads(x) for x in ours.qkv(hidden).chunk(3, dim=2))
        table = ours.positions_norm(ours.positions.weight)[None]
        position_query, position_key = (
            self._heads(x).repeat(batch, 1, 1) for x in ours.qkv(table).chunk(3, dim=2)[:2]
        )
        index = self._rows(length).expand(batch * ours.heads, length, length)
        scores = torch.bmm(query, key.mT)
        scores = scores + torch.bmm(query, position_key.mT).gather(2, index)
        scores = scores + torch.bmm(key, position_query.mT).gather(2, index.mT).mT
        scores = (scores * ours.scale).unflatten(0, (batch, ours.heads))
        scores = scores.masked_fill(~mask[:, None, None], torch.finfo(scores.dtype).min)
        out = torch.bmm(scores.softmax(3).flatten(0, 1).to(value.dtype), value)
        return out.unflatten(0, (batch, ours.heads)).transpose(1, 2).flatten(2)

    def _heads(self, x: Tensor) -> Tensor:
        """(B, T, D) -> (B H, T, d)."""
        return x.unflatten(2, (self.ours.heads, -1)).transpose(1, 2).flatten(0, 1)

    def _rows(self, length: int) -> Tensor:
        """(T, T): row of the position table for query frame i and key frame j."""
        frame = torch.arange(length)
        by_distance = relative_buckets(self.ours.max_len, self.ours.max_len)
        return by_distance[self.ours.max_len - (frame[:, None] - frame)]


class GatherLayer(nn.Module):
    """The same layer around it, of torch's own pieces."""

    def __init__(self, ours: TransformerLayer) -> None:
        super().__init__()
        self.ours = ours
        self.attention = GatherAttention(ours.attention)

    def forward(self, hidden: Tensor, mask: Tensor) -> Tensor:
        """(B, T, D), (B, T) -> (B, T, D)."""
        ours = self.ours
        hidden = ours.attention_norm(hidden + ours.attention_out(self.attention(hidden, mask)))
        hidden = hidden + F.mish(ours.intermediate(hidden))
        normed: Tensor = ours.out_norm(ours.out(hidden))
        return normed


def hugging_face(width: int, max_len: int, ours: TransformerLayer) -> DebertaV2Encoder:
    """An encoder of one layer with our weights."""
    config = DebertaV2Config(
        vocab_size=1,
        hidden_size=width,
        intermediate_size=width,
        num_hidden_layers=1,
        num_attention_heads=HEADS,
        hidden_act="mish",
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
        max_position_embeddings=max_len,
        relative_attention=True,
        position_buckets=max_len,
        share_att_key=True,
        pos_att_type="c2p|p2c",
        norm_rel_ebd="layer_norm",
        layer_norm_eps=1e-7,
    )
    encoder = DebertaV2Encoder(config)
    attention = encoder.layer[0].attention.self
    for number, theirs in enumerate(
        (attention.query_proj, attention.key_proj, attention.value_proj)
    ):
        rows = slice(number * width, (number + 1) * width)
        theirs.weight.data.copy_(ours.attention.qkv.weight[rows])
        theirs.bias.data.copy_(ours.attention.qkv.bias[rows])
    encoder.rel_embeddings.weight.data.copy_(ours.attention.positions.weight)
    return encoder


def attentions(width: int, max_len: int) -> Ways:
    layer = TransformerLayer(width, width, HEADS, max_len, 0.0, plain=False)
    nn.init.normal_(layer.attention.qkv.bias, std=0.1)
    encoder = hugging_face(width, max_len, layer)
    frames = torch.zeros(1, max_len, width)
    positions = encoder.get_rel_pos(frames)

    def theirs(hidden: Tensor, mask: Tensor) -> Tensor:
        out: Tensor = encoder.layer[0].attention.self(
            hidden,
            mask[:, None, None] & mask[:, None, :, None],
            relative_pos=positions,
            rel_embeddings=encoder.get_rel_embedding(),
        )[0]
        return out

    gather = GatherAttention(layer.attention)
    return {
        OURS: (layer.attention, layer.attention),
        GATHER: (gather, gather),
        HUGGING_FACE: (encoder, theirs),
    }


def layers(width: int, max_len: int) -> Ways:
    ours = TransformerLayer(width, width, HEADS, max_len, 0.0, plain=False)
    gather = GatherLayer(ours)
    encoder = hugging_face(width, max_len, ours)

    def theirs(hidden: Tensor, mask: Tensor) -> Tensor:
        out: Tensor = encoder(hidden, mask, output_hidden_states=False).last_hidden_state
        return out

    return {OURS: (ours, ours), GATHER: (gather, gather), HUGGING_FACE: (encoder, theirs)}


def check_same(
    ways: dict[str, tuple[nn.Module, Way]], names: tuple[str, ...], inputs: Inputs
) -> None:
    """Stop where two ways differ on a real frame, in answer or gradient."""
    hidden, mask = inputs
    answers = []
    for name in names:
        leaf = hidden.clone().requires_grad_()
        out = ways[name][1](leaf, mask) * mask[..., None]
        out.square().sum().backward()
        answers.append((out.detach(), leaf.grad))
    for other in answers[1:]:
        torch.testing.assert_close(other, answers[0], rtol=1e-4, atol=1e-4)


def make_inputs(batch: int, length: int, width: int) -> Inputs:
    """A quarter of the clips fill half of the frames."""
    mask = torch.ones(batch, length, dtype=torch.bool)
    mask[::4, length // 2 :] = False
    return torch.randn(batch, length, width), mask


def run_of(module: nn.Module, way: Way, inputs: Inputs, training: bool) -> Callable[[], None]:
    hidden, mask = inputs
    gradient = torch.randn_like(hidden)

    def forward() -> None:
        with torch.no_grad():
            way(hidden, mask)

    def both() -> None:
        module.zero_grad()
        way(hidden.requires_grad_(), mask).backward(gradient)
        hidden.grad = None

    module.train(training)
    return both if training else forward


def measure(runs: dict[str, Callable[[], None]], repetitions: int) -> dict[str, Times]:
    """Of each: (repetitions, 2) seconds; the order turns from one repetition to the next."""
    names = list(runs)
    seconds: dict[str, list[list[float]]] = {name: [] for name in names}
    for repetition in range(-1, repetitions):  # the first does not count
        for name in names:
            start = [clock() for clock in CLOCKS]
            runs[name]()
            if repetition >= 0:
                spent = [clock() - since for clock, since in zip(CLOCKS, start, strict=True)]
                seconds[name].append(spent)
        names = names[1:] + names[:1]
    return {name: np.array(times) for name, times in seconds.items()}


def precision(name: str) -> AbstractContextManager[object]:
    return torch.autocast("cpu", dtype=torch.bfloat16) if name == "bf16" else nullcontext()


def cells(arguments: argparse.Namespace) -> Iterator[dict[str, object]]:
    parts = (
        ("attention", attentions, (OURS, GATHER, HUGGING_FACE)),
        ("layer", layers, (OURS, GATHER)),
    )
    for (part, build, same), length, width in product(parts, (25, 80), (512, 768)):
        torch.manual_seed(0)
        ways, inputs = build(width, length), make_inputs(arguments.batch, length, width)
        check_same(ways, same, make_inputs(4, length, width))
        for number, training in product(arguments.precision, (False, True)):
            runs = {name: run_of(*way, inputs, training) for name, way in ways.items()}
            with precision(number):
                seconds = measure(runs, arguments.repetitions)
            yield {
                "part": part,
                "frames": length,
                "width": width,
                "passes": "forward + backward" if training else "forward",
                "precision": number,
                **summary(seconds),
                "batch": arguments.batch,
                "threads": torch.get_num_threads(),
                "repetitions": arguments.repetitions,
                "load_of_the_machine": round(os.getloadavg()[0], 1),
            }


def summary(seconds: dict[str, Times]) -> dict[str, float]:
    medians = {
        f"{name}_ms": round(1e3 * float(np.median(times[:, 0])), 1)
        for name, times in seconds.items()
    }
    ratios = {
        name: np.median(seconds[name] / seconds[OURS], axis=0) for name in (GATHER, HUGGING_FACE)
    }
    return {
        **medians,
        **{f"{name}_over_ours": round(float(ratio[0]), 2) for name, ratio in ratios.items()},
        **{f"{name}_over_ours_cpu": round(float(ratio[1]), 2) for name, ratio in ratios.items()},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repetitions", type=int, default=7)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--precision", nargs="+", choices=("fp32", "bf16"), default=["fp32"])
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    results = []
    for row in cells(arguments):
        print(*(f"{key} {value}" for key, value in row.items()), sep=", ", flush=True)
        results.append(row)
    print("written to", write_csv("attention_speed", results))


if __name__ == "__main__":
    main()
