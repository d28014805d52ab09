"""How much faster are the fast modules than the references they equal?

Cost: about two minutes on two cores.
Page: docs/model.md
Results: reference_speed.csv
Short: --threads 1 --repetitions 1 --batch 8

    python -m benchmarks.training_speed.reference_speed [--threads 2] [--repetitions 7] [--batch 64]

`signlet.model.reference` and `signlet.preprocess.reference` state the published system literally;
what runs gives the same numbers (tests/test_reference.py). Each part is timed alone, with the
sizes of `len25_distilled`: a quarter of the clips fill half of the frames. Both ways take turns.
Reported are medians, and the median of each repetition's ratio, by the clock and (`_cpu`, steadier
on a machine that others use too) by the processor time of all threads; above 1 what runs is faster.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from benchmarks.environment import write_csv
from signlet.model import SignModel, published, reference
from signlet.model.elementwise import Dropout, mish
from signlet.preprocess import Preprocess
from signlet.preprocess.reference import preprocess

LENGTH = 25
CLOCKS = (time.perf_counter, time.process_time)
Way = Callable[..., Tensor]
Times = NDArray[np.float64]


def parts(model: SignModel, batch: int) -> dict[str, tuple[Way, Way, tuple[Tensor, ...]]]:
    """Of each part: what runs, its reference, and what both are given."""
    mask = torch.ones(batch, LENGTH, dtype=torch.bool)
    mask[::4, LENGTH // 2 :] = False
    frames, width = torch.randn(batch, LENGTH, 100, 3), model.config.widths[0]
    points = model.embedding(frames).detach()  # in the order of memory that the encoder gets
    hidden, attention = torch.randn(batch, LENGTH, width), model.layers[0].attention
    drop = Dropout(0.1)
    return {
        "embedding": (model.embedding, lambda x: reference.embed(model.embedding, x), (frames,)),
        "frame encoder": (
            model.encoder,
            lambda x, real: reference.encode(model.encoder, x, real),
            (points, mask),
        ),
        "attention": (
            attention,
            lambda x, real: reference.attend(attention, x, real),
            (hidden, mask),
        ),
        "mish": (mish, F.mish, (hidden,)),
        "dropout": (drop, lambda x: F.dropout(x, drop.p), (hidden,)),
        "model": (model, lambda x, real: reference.logits(model, x, real), (frames, mask)),
    }


def training_step(way: Way, inputs: tuple[Tensor, ...]) -> Callable[[], None]:
    """Forward and backward of the inputs and all weights."""

    def step() -> None:
        first = inputs[0].detach().requires_grad_()
        way(first, *inputs[1:]).sum().backward()

    return step


def answer(way: Way, inputs: tuple[Tensor, ...]) -> Callable[[], None]:
    def step() -> None:
        with torch.no_grad():
            way(*inputs)

    return step


def preparing(clips: list[Tensor]) -> dict[str, tuple[Callable[[], None], Callable[[], None]]]:
    """Preprocessing one clip after the other, and all at once."""
    prepare = Preprocess(LENGTH)

    def literal() -> None:
        for clip in clips:
            preprocess(clip, LENGTH)

    def alone() -> None:
        for clip in clips:
            prepare(clip)

    def together() -> None:
        prepare.normalise_clips(clips)

    return {"preprocess, one by one": (alone, literal), "preprocess, at once": (together, literal)}


def raw_clips(count: int) -> list[Tensor]:
    """Clips of 10 to 60 frames, the left hand lost in each third."""
    clips = [torch.rand(10 + 50 * i // count, 543, 3) for i in range(count)]
    for clip in clips[::3]:
        clip[:, 468:489] = torch.nan
    return clips


def compared(ours: Callable[[], None], other: Callable[[], None], repetitions: int) -> list[Times]:
    """(repetitions, 2) seconds of each; the order turns from one repetition to the next."""
    seconds: list[list[list[float]]] = [[], []]
    for repetition in range(-1, repetitions):  # the first does not count
        for number in (0, 1) if repetition % 2 else (1, 0):
            start = [clock() for clock in CLOCKS]
            (ours, other)[number]()
            spent = [clock() - since for clock, since in zip(CLOCKS, start, strict=True)]
            if repetition >= 0:
                seconds[number].append(spent)
    return [np.array(times) for times in seconds]


def row(part: str, passes: str, seconds: list[Times]) -> dict[str, object]:
    ours, other = seconds
    ratio = np.median(other / ours, axis=0)
    return {
        "part": part,
        "passes": passes,
        "ours_ms": round(1e3 * float(np.median(ours[:, 0])), 2),
        "reference_ms": round(1e3 * float(np.median(other[:, 0])), 2),
        "reference_over_ours": round(float(ratio[0]), 2),
        "reference_over_ours_cpu": round(float(ratio[1]), 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repetitions", type=int, default=7)
    parser.add_argument("--batch", type=int, default=64)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(0)
    model = published("len25_distilled")
    rows = []
    for part, (ours, other, inputs) in parts(model, arguments.batch).items():
        for passes, step in (("forward", answer), ("forward + backward", training_step)):
            model.train(passes != "forward")
            pair = step(ours, inputs), step(other, inputs)
            rows.append(row(part, passes, compared(*pair, arguments.repetitions)))
            print(rows[-1], flush=True)
    for part, pair in preparing(raw_clips(arguments.batch)).items():
        rows.append(row(part, "forward", compared(*pair, arguments.repetitions)))
        print(rows[-1], flush=True)
    print("written to", write_csv("reference_speed", [one | vars(arguments) for one in rows]))


if __name__ == "__main__":
    main()
