"""How long does it take to teach 100 clips of landmarks?

Cost: about half a minute on one core.
Page: docs/teach.md
Results: teach_speed.csv
Short: --clips 30 --repetitions 1

    python -m benchmarks.teaching.teach_speed [--base MODEL] [--clips 100] [--repetitions 5]

The clips are the fingerspelling lexicon's, 10 letters by 10 sign languages, written as `.npz`
like recordings of the live page. In each repetition they are (1) read, and (2) read and taught:
embeddings, head, the estimate with every clip, signer and sign left out, and the file. Reported is
the median of (1), of what (2) takes beyond it, and of their ratio.

BASE is an exported model with an embedding (default: the letters that come with signlet).
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks.environment import write_csv
from signlet.export.teachable import open_base
from signlet.modelfile.taught import Example
from signlet.recognition.recogniser import Recogniser
from signlet.recognition.teaching import make
from signlet.recognition.teaching.examples import Given
from signlet.sources import Fingerspelling, Source, open_source, write_clip

LANGUAGES = 10
"""Sign languages, which stand for signers."""


def write_clips(root: Path, count: int) -> int:
    """Up to `count` letters as a folder of signs; returns how many there are."""
    source = Fingerspelling.open()
    languages = sorted({ref.signer or "" for ref in source.refs()} - {"fsl"})  # copies of ase
    refs = [ref for ref in source.refs() if ref.signer in languages[:LANGUAGES]]
    refs = sorted(refs, key=lambda ref: (ref.sign or "", ref.name))[:count]
    for ref in refs:
        write_clip(source.read(ref), root / (ref.sign or "") / f"{ref.signer}_1.npz")
    return len(refs)


def one_core() -> None:
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def read(source: Source) -> None:
    for ref in source.refs():
        source.read(ref)


def teach(base: Recogniser, source: Source, out: Path) -> None:
    given = [
        Given(
            lambda ref=ref: source.read(ref),  # type: ignore[misc]
            Example(ref.sign or "", ref.signer or "", ref.name),
            str(ref.path),
        )
        for ref in source.refs()
    ]
    progress = make.Progress(say=lambda text: None)
    make.taught_to(base, given, False, progress).recogniser.save(out)


def seconds(work: Callable[[], None]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def measure(base: Recogniser, source: Source, out: Path, repetitions: int) -> dict[str, float]:
    """Medians; the first repetition only fills the caches."""
    pairs = []
    for _ in range(1 + repetitions):
        reading = seconds(lambda: read(source))
        pairs.append((reading, seconds(lambda: teach(base, source, out)) - reading))
    taken = np.array(pairs[1:])
    reading, beyond = np.median(taken, 0)
    ratio = np.median(taken[:, 1] / taken[:, 0])
    figures = {"reading_s": reading, "teaching_beyond_s": beyond, "ratio": ratio}
    return {name: round(float(value), 3) for name, value in figures.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--base", default="fingerspelling")
    parser.add_argument("--clips", type=int, default=100)
    parser.add_argument("--repetitions", type=int, default=5)
    arguments = parser.parse_args()
    one_core()
    base = open_base(Recogniser.load(arguments.base, threads=1))
    with tempfile.TemporaryDirectory() as scratch:
        clips = write_clips(Path(scratch) / "clips", arguments.clips)
        source = open_source(Path(scratch) / "clips")
        out = Path(scratch) / "mine.onnx"
        figures = measure(base, source, out, arguments.repetitions)
        row = {
            "base": Path(arguments.base).name,
            "embedding": base.embedding_size,
            "signs": len(source.signs),
            "clips": clips,
            "repetitions": arguments.repetitions,
            **figures,
            "base_mb": round(out.stat().st_size / 1e6, 2),
        }
    print(*(f"{name} {value}" for name, value in row.items()), sep=", ")
    print("written to", write_csv("teach_speed", [row]))


if __name__ == "__main__":
    main()
