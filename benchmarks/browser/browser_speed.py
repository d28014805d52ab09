"""How much slower is `model.onnx` in a browser than in Python, and are the answers the same?

Cost: several minutes on two cores, most of them for the export.
Page: docs/web.md
Results: browser_speed.csv

    python -m benchmarks.browser.browser_speed [--model MODEL.onnx ...] [--rounds 40]

One thread each. Clips of which 18, 40 and 80 frames are kept, preprocessing included; browser
and Python take turns, one call each, and the figures are medians. `load` is from the file's
bytes in memory to the first answer, less one answer; `ready` is what a page waits for once,
from an empty cache: the model from this machine, onnxruntime's WebAssembly, first answer.
`slower` is the browser's time divided by Python's. Without --model the two published distilled
sizes are exported with random weights, in fp16 and int8, which takes minutes.

Needs Node, Chromium and playwright (docs/web.md).
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import signlet
from benchmarks.environment import write_csv
from signlet.landmarks import LEFT_HAND, NUM_RAW
from signlet.runtimes.onnx import load
from signlet_testing import browsing

SIZES = ("len25_distilled", "len80_distilled")
KEPT = (18, 40, 80)
WARM_UP = 10
"""Rounds that are not counted."""
LOAD = """async (model) => {
    const start = performance.now();
    const bytes = await (await fetch(model)).arrayBuffer();
    const fetched = performance.now();
    window.recogniser = await loadRecogniser(bytes);
    window.clips = {};
    for (const kept of [18, 40, 80]) clips[kept] = await clip(`${kept}.f32`);
    const loaded = performance.now();
    await recogniser.recognise(clips[18], 18);
    const first = performance.now();
    await recogniser.recognise(clips[18], 18);
    const again = performance.now() - first;
    return {load: first - fetched - again, ready: first - start};
}"""
CALL = """async (kept) => {
    const start = performance.now();
    const answer = await recogniser.recognise(clips[kept], kept);
    return [performance.now() - start, Array.from(answer.probabilities)];
}"""


def published_pair(folder: Path) -> list[Path]:
    """The two distilled sizes in one file, of either precision, with random weights."""
    import torch

    from signlet.export import export_ensemble
    from signlet.model import published

    torch.manual_seed(0)
    models = [published(name, num_classes=250).eval() for name in SIZES]
    signs = [f"sign {number}" for number in range(250)]
    for precision in ("fp16", "int8"):
        export_ensemble(models, signs, folder / precision, to=("onnx",), precision=precision)
    return [folder / precision / "model.onnx" for precision in ("fp16", "int8")]


def clip(frames: int) -> NDArray[np.float32]:
    """A random walk without a left hand; every frame is kept."""
    rng = np.random.default_rng(frames)
    walk = rng.normal(0, 0.003, (frames, NUM_RAW, 3)).cumsum(0) + rng.random((NUM_RAW, 3))
    walk[:, LEFT_HAND] = np.nan
    return walk.astype(np.float32)


@contextmanager
def browser_with(model: Path) -> Iterator[Any]:
    """A page that has loaded nothing yet, and can fetch the model and the clips."""
    os.environ[browsing.REQUIRED] = "required"
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        (folder / "model.onnx").symlink_to(model.resolve())
        with browsing.opened(folder, browsing.libraries(folder / "npm.lock")) as site:
            for kept in KEPT:
                site.put_clip(str(kept), clip(kept))
            yield site.page


def python_load(model: Path) -> tuple[Any, float]:
    """A recogniser with one thread, and the milliseconds from the file to its first answer."""
    start = time.perf_counter()
    recogniser = signlet.load(model, threads=1)
    recogniser(clip(18))
    first = time.perf_counter()
    recogniser(clip(18))
    return recogniser, (first - start - (time.perf_counter() - first)) * 1e3


def python_call(recogniser: Any, given: NDArray[np.float32]) -> tuple[float, Any]:
    start = time.perf_counter()
    answer = recogniser(given)
    return (time.perf_counter() - start) * 1e3, answer.probabilities


def run(model: Path, rounds: int) -> list[dict[str, Any]]:
    """A row for each number of kept frames."""
    here, load_here = python_load(model)
    card = load(model).card
    there: dict[int, list[float]] = {kept: [] for kept in KEPT}
    ours: dict[int, list[float]] = {kept: [] for kept in KEPT}
    apart = dict.fromkeys(KEPT, 0.0)
    with browser_with(model) as page:
        loaded = page.evaluate(LOAD, "model.onnx")
        for number in range(WARM_UP + rounds):
            for kept in KEPT:
                took, probabilities = page.evaluate(CALL, kept)
                own, wanted = python_call(here, clip(kept))
                apart[kept] = float(np.abs(wanted - probabilities).max())
                if number >= WARM_UP:
                    there[kept].append(took)
                    ours[kept].append(own)
    rows = []
    for kept in KEPT:
        browser, python = np.median(there[kept]), np.median(ours[kept])
        row = {
            "members": "+".join(map(str, card.max_lens)),
            "signs": len(card.signs),
            "precision": card.precision,
            "kept_frames": kept,
            "browser_ms": round(browser, 1),
            "browser_p95_ms": round(float(np.quantile(there[kept], 0.95)), 1),
            "python_ms": round(python, 1),
            "slower": round(browser / python, 2),
            "difference": f"{apart[kept]:.1e}",
            "browser_load_ms": round(loaded["load"]),
            "browser_ready_ms": round(loaded["ready"]),
            "python_load_ms": round(load_here),
        }
        print(*(f"{key} {value}" for key, value in row.items()), sep=", ")
        rows.append(row)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path, nargs="+")
    parser.add_argument("--rounds", type=int, default=40)
    arguments = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as scratch:
        for model in arguments.model or published_pair(Path(scratch)):
            rows += run(model, arguments.rounds)
    about = {"machine_load": round(os.getloadavg()[0], 1)}
    print("written to", write_csv("browser_speed", [row | about for row in rows]))


if __name__ == "__main__":
    main()
