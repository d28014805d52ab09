"""How much longer does writing take because files are on the disk before they get their names?

Cost: about a quarter of a minute on one core.
Page: docs/running.md
Results: durable.csv
Short: --repetitions 1

    python -m benchmarks.robustness.durable [--folder DIR] [--repetitions 15]

In each repetition, in turn, with and without waiting for the disk: a checkpoint and a model of
the recipe `small` are written, and a set of 256 made clips is packed. Reported are the median
times and the median of their ratio in the same repetition. DIR is on the disk to be measured;
by default the system's place for temporary files.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from benchmarks.environment import write_csv
from signlet.clip import Clip
from signlet.files import atomic
from signlet.model import SignModel
from signlet.model.files import save_model
from signlet.pack import pack
from signlet.sources import ClipRef
from signlet.training.checkpoint import save_checkpoint
from signlet.training.recipes import load_recipe

SIGNS = 26


class Made:
    """256 clips of 40 frames, made in memory."""

    name, signs = "made", tuple(map(str, range(SIGNS)))
    frames = np.random.default_rng(0).random((40, 543, 3), dtype=np.float32)

    def refs(self) -> list[ClipRef]:
        """All of them, by one signer."""
        return [ClipRef(str(n), Path(str(n)), str(n % SIGNS), "anna") for n in range(256)]

    def read(self, ref: ClipRef) -> Clip:
        """One."""
        return Clip.from_array(self.frames, ref.name, ref.sign, ref.signer, 25.0)


def works(folder: Path) -> dict[str, Callable[[], object]]:
    """Return the writers to measure, by name."""
    recipe = load_recipe("small")
    torch.manual_seed(0)
    model = SignModel(recipe.student.config(recipe.packing.max_len, SIGNS)).eval()
    # Student, teacher, distilled model and soup, and two moments of two optimisers.
    state = {"epoch": 1, **{str(copy): model.state_dict() for copy in range(8)}}
    return {
        "checkpoint": lambda: save_checkpoint(folder / "checkpoint.pt", state),
        "model": lambda: save_model(folder / "model", [model], Made.signs, {}),
        "pack of 256 clips": lambda: pack(Made(), folder / "packed", 25, jobs=1),
    }


def timed(work: Callable[[], object], folder: Path, durable: bool) -> float:
    """Seconds of one, into an empty folder."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    real = atomic.os.fsync
    if not durable:
        atomic.os.fsync = lambda handle: None
    try:
        started = time.perf_counter()
        work()
        return time.perf_counter() - started
    finally:
        atomic.os.fsync = real


def main() -> None:
    """Measure, print, write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--repetitions", type=int, default=15)
    given = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory(dir=given.folder) as scratch:
        folder = Path(scratch) / "it"
        for name, work in works(folder).items():
            work_times = [
                [timed(work, folder, durable) for durable in (True, False)]
                for _ in range(given.repetitions + 1)
            ][1:]
            waiting, plain = np.array(work_times).T
            ratio = float(np.median(waiting / plain))
            rows.append(
                {
                    "written": name,
                    "ms_waiting_for_the_disk": round(float(np.median(waiting)) * 1e3, 2),
                    "ms_without": round(float(np.median(plain)) * 1e3, 2),
                    "ratio": round(ratio, 2),
                    "repetitions": given.repetitions,
                }
            )
            print(rows[-1])
    print(write_csv("durable", rows))


if __name__ == "__main__":
    main()
