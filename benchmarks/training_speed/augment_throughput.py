"""How many clips a second do the augmentations change, compared with copying the same memory?

Cost: about three minutes on two cores.
Page: docs/augmentations.md
Results: augment_throughput.csv
Short: --threads 1 --repetitions 1

    python -m benchmarks.training_speed.augment_throughput [--threads 1 2] [--repetitions 15]

Measured are all augmentations together with the published probabilities, in the first half
of training (with `fill_hand` and `face_cutmix`) and in the second, and each of them alone
with probability 1; batches of 64 and 256 samples of 25 and 80 frames. A sample is one view of
a clip: three views of a clip count as three. Drawing the numbers and other clips of
the sign is part of the time, fetching the frames of both clips is not.

With two threads torch shares each operation between two cores, which only pays where both
are free. `load_of_the_machine` says how many processes wanted a core in the last minute: where
it is above the number of cores, `clips_per_second` says little, and `clips_per_cpu_second`,
which counts only the time in which the cores worked on this, is the figure to read.

In every repetition all ways and a plain copy of the batch (`Tensor.copy_`) take turns, in
changing order. Reported are medians, and the CPU time as a multiple of the copy's.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import product

import torch
from torch import Tensor

from benchmarks.environment import write_csv
from signlet.augment import AugmentConfig, Draws, SignGroups, augment, draw_same_class
from signlet.landmarks import PARTS

STEPS = ("interpolate", "flip", "rotate", "crop", "resize", "fill_hand", "face_cutmix")
OFF = AugmentConfig(**dict.fromkeys(STEPS, 0.0))
SIGNS = 26
COPY = "copy of the batch"


@dataclass(frozen=True)
class Batch:
    """Frames (B, T, 100, 3), mask (B, T), the same of other clips of the signs, signs (B,)."""

    frames: Tensor
    mask: Tensor
    same_class: tuple[Tensor, Tensor]
    labels: Tensor
    groups: SignGroups


def make_clips(count: int, slots: int, random: torch.Generator) -> tuple[Tensor, Tensor]:
    """Clips that fill half of the slots or more; hands get lost for a while, or for good."""
    frames = torch.randn(count, slots, 100, 3, generator=random)
    for hand, never in (("left_hand", 0.6), ("right_hand", 0.3)):
        lost = torch.rand(count, slots, generator=random) < 0.15
        lost |= torch.rand(count, 1, generator=random) < never
        points = torch.zeros(100, dtype=torch.bool)
        points[torch.as_tensor(PARTS[hand])] = True
        frames[lost[:, :, None] & points] = torch.nan
    lengths = torch.randint(slots // 2, slots + 1, (count, 1), generator=random)
    mask = torch.arange(slots) < lengths
    return torch.where(mask[:, :, None, None], frames, torch.nan), mask


def make_batch(count: int, slots: int) -> Batch:
    random = torch.Generator().manual_seed(0)
    labels = torch.randint(SIGNS, (count,), generator=random)
    groups = SignGroups.of(torch.arange(count), labels)
    frames, mask = make_clips(count, slots, random)
    return Batch(frames, mask, make_clips(count, slots, random), labels, groups)


def ways(batch: Batch) -> dict[str, Callable[[int], object]]:
    """Return the functions to measure; each is called with the number of the repetition."""
    target = torch.empty_like(batch.frames)
    clips = torch.arange(len(batch.frames))

    def changed(config: AugmentConfig, early: bool = True) -> Callable[[int], object]:
        def run(repetition: int) -> object:
            draws = Draws(0, repetition, clips, 0)
            if early and config.face_cutmix > 0:
                draw_same_class(batch.labels, draws, batch.groups)
            return augment(
                batch.frames, batch.mask, config, draws, early=early, same_class=batch.same_class
            )

        return run

    return {
        COPY: lambda _: target.copy_(batch.frames),
        "all, first half of training": changed(AugmentConfig()),
        "all, second half of training": changed(AugmentConfig(), early=False),
        "none (all probabilities 0)": changed(OFF),
        **{f"{step} only": changed(replace(OFF, **{step: 1.0})) for step in STEPS},
    }


def measure(batch: Batch, repetitions: int) -> dict[str, list[tuple[float, float]]]:
    """Seconds and CPU seconds of each way; the order turns from one repetition to the next."""
    measured = ways(batch)
    names = list(measured)
    seconds: dict[str, list[tuple[float, float]]] = {name: [] for name in names}
    for repetition in range(-2, repetitions):  # the first two do not count
        for name in names:
            start, cpu_start = time.perf_counter(), time.process_time()
            measured[name](repetition + 2)
            taken = time.perf_counter() - start, time.process_time() - cpu_start
            if repetition >= 0:
                seconds[name].append(taken)
        names = names[1:] + names[:1]
    return seconds


def rows(slots: int, count: int, repetitions: int) -> list[dict[str, object]]:
    seconds = {
        name: [list(column) for column in zip(*taken, strict=True)]
        for name, taken in measure(make_batch(count, slots), repetitions).items()
    }
    copy = statistics.median(seconds[COPY][1])
    return [
        {
            "what": name,
            "frames": slots,
            "batch": count,
            "threads": torch.get_num_threads(),
            "clips_per_second": round(count / statistics.median(wall)),
            "clips_per_second_best": round(count / min(wall)),
            "clips_per_cpu_second": round(count / statistics.median(cpu)),
            "cpu_time_in_copies": round(statistics.median(cpu) / copy, 1),
            "repetitions": repetitions,
            "load_of_the_machine": round(os.getloadavg()[0], 1),
        }
        for name, (wall, cpu) in seconds.items()
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--repetitions", type=int, default=15)
    arguments = parser.parse_args()
    results = []
    for threads in arguments.threads:
        torch.set_num_threads(threads)
        for slots, count in product((25, 80), (64, 256)):
            results += rows(slots, count, arguments.repetitions)
    for row in results:
        print(*(f"{key} {value}" for key, value in row.items()), sep=", ")
    print("written to", write_csv("augment_throughput", results))


if __name__ == "__main__":
    main()
