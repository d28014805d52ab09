"""What does one frame cost the stream recogniser, in Python and in JavaScript?

Cost: seconds on one core.
Page: docs/streams.md
Results: stream_speed.csv
Short: --repeats 1

    python -m benchmarks.streams.stream_speed            one stream of the lexicon, three times over
    python -m benchmarks.streams.stream_speed --repeats 10

Only deciding where signs start and end is measured: MediaPipe comes before it, the model after
it, once a sign. JavaScript needs node; its row is left out where there is none.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import tempfile
from pathlib import Path
from time import perf_counter

import numpy as np

import signlet
from benchmarks.environment import write_csv
from benchmarks.streams.stream_data import scene_of
from benchmarks.streams.stream_scenes import Scene
from signlet.stream import Segmenter

LANGUAGE = "mfs"
WEB = Path(signlet.__file__).parent / "web"
JAVASCRIPT = """
import { readFileSync } from "node:fs";
const [web, frames, times, repeats] = process.argv.slice(2);
const { Segmenter } = await import(`file://${web}/stream.js`);
const floats = (path, Type) => new Type(new Uint8Array(readFileSync(path)).buffer);
const numbers = floats(frames, Float32Array);
const spent = [];
for (let i = 0; i < Number(repeats); i++) {
  const segmenter = new Segmenter();
  for (const [k, time] of floats(times, Float64Array).entries()) {
    const frame = numbers.subarray(k * 1629, (k + 1) * 1629);
    const start = performance.now();
    segmenter.push(frame, time);
    spent.push((performance.now() - start) * 1000);
  }
}
console.log(JSON.stringify(spent));
"""


def python_times(scene: Scene, repeats: int) -> list[float]:
    """Microseconds of each push."""
    spent = []
    for _ in range(repeats):
        segmenter = Segmenter()
        for frame, time in zip(scene.frames, scene.times.tolist(), strict=True):
            start = perf_counter()
            segmenter.push(frame, time)
            spent.append((perf_counter() - start) * 1e6)
    return spent


def javascript_times(scene: Scene, repeats: int, node: str) -> list[float]:
    """The same in node."""
    with tempfile.TemporaryDirectory() as folder:
        script, frames, times = (Path(folder, name) for name in ("s.mjs", "f32", "f64"))
        script.write_text(JAVASCRIPT, encoding="utf-8")
        scene.frames.astype("<f4").tofile(frames)
        scene.times.astype("<f8").tofile(times)
        command = [node, str(script), str(WEB), str(frames), str(times), str(repeats)]
        ran = subprocess.run(command, check=True, capture_output=True, text=True)
    return [float(value) for value in json.loads(ran.stdout)]


def row(language: str, spent: list[float]) -> dict[str, object]:
    """Middle and 90th percentile; beyond that other programs on the machine are measured."""
    middle, high = np.percentile(spent, (50, 90))
    figures = {"median_us": middle, "p90_us": high}
    return {"language": language, "frames": len(spent)} | {
        name: round(float(value), 1) for name, value in figures.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeats", type=int, default=3)
    given = parser.parse_args()
    scene = scene_of(LANGUAGE, 0)
    rows = [row("Python", python_times(scene, given.repeats))]
    if node := shutil.which("node"):
        rows.append(row("JavaScript", javascript_times(scene, given.repeats, node)))
    write_csv("stream_speed", rows)
    for one in rows:
        print(one)


if __name__ == "__main__":
    main()
