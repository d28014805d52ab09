"""Does a flipped bit in a model file ever change an answer unnoticed?

Cost: about a minute or two on one core for 300 bits of each file.
Page: docs/export.md
Results: bit_flips.csv, bit_flips_load.csv
Short: --flips 3

    python -m benchmarks.robustness.bit_flips          300 bits of each file, a minute or two
    python -m benchmarks.robustness.bit_flips --flips 3000
    python -m benchmarks.robustness.bit_flips --load   what the checksum adds to the time of loading

The files are those of the starter: its `.onnx`, the `.onnx` with signs taught, its weights as a run
folder (a bit of any file in it), and a `.tflite` of these weights. Then the `.onnx` and the folder
without their checksums, as an older signlet wrote them: that is what the checksum is for. An
answer is another one where a probability of one of three clips is not the same number.
Writes benchmarks/results/bit_flips.csv, and bit_flips_load.csv with --load.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import signlet
from benchmarks.environment import write_csv
from signlet.errors import SignletError
from signlet.export import export_ensemble
from signlet.export.cases import wandering
from signlet.model.files import CONFIG, WEIGHTS, load_model
from signlet.modelfile import checksum, onnx_bytes
from signlet.pretrained import STARTER, model_path, weights_path

CLIPS = [wandering(length, np.random.default_rng(length)) for length in (5, 16, 40)]
REFUSED, SAME, OTHER, WORSE = "refused", "unchanged answer", "changed answer", "other sign"
LOADS = 15


# --- the files --------------------------------------------------------------------------------


def files(folder: Path) -> dict[str, Path]:
    """Name -> a model file or folder, all in `folder`."""
    found = {"starter.onnx": folder / "starter.onnx", "run folder": folder / "run"}
    shutil.copy(model_path(STARTER), found["starter.onnx"])
    weights = weights_path(STARTER)
    assert weights is not None
    shutil.copytree(weights, found["run folder"])
    found["taught.onnx"] = folder / "taught.onnx"
    signs = ["one", "two", "three"]
    signlet.teach(found["starter.onnx"], CLIPS, signs).save(found["taught.onnx"])
    if (tflite := as_tflite(weights, folder)) is not None:
        found["starter.tflite"] = tflite
    found["starter.onnx without checksum"] = folder / "old.onnx"
    found["starter.onnx without checksum"].write_bytes(bare(found["starter.onnx"].read_bytes()))
    found["run folder without checksum"] = folder / "old"
    shutil.copytree(weights, folder / "old")
    config = json.loads((weights / CONFIG).read_text(encoding="utf-8"))
    del config[checksum.NAME]
    (folder / "old" / CONFIG).write_text(json.dumps(config), encoding="utf-8")
    return found


def as_tflite(weights: Path, folder: Path) -> Path | None:
    """A `.tflite` of the starter's weights, None where the extra export is missing."""
    model = load_model(weights)
    try:
        done = export_ensemble(model.members, model.signs, folder / "tflite", ["litert"])
    except SignletError as error:
        print(f"no .tflite: {error}")
        return None
    return done.files["litert"]


def bare(content: bytes) -> bytes:
    """An `.onnx` file without its checksum."""
    entries = onnx_bytes._entries(content)
    (entry,) = entries[onnx_bytes.CHECKSUM]
    return content[: entry.begin] + content[entry.end :]


# --- flips ------------------------------------------------------------------------------------


def flip(path: Path, flips: int, seed: int = 0) -> Counter[str]:
    """Count the results of single flipped bits, drawn evenly from all bits of a file or folder."""
    parts = sorted(path.iterdir()) if path.is_dir() else [path]
    parts = [part for part in parts if not path.is_dir() or part.name in (CONFIG, WEIGHTS)]
    whole, sizes = answers(path), np.array([part.stat().st_size for part in parts])
    assert whole is not None
    rng, found = np.random.default_rng(seed), Counter[str]()
    for _ in range(flips):
        place = int(rng.integers(sizes.sum()))
        number = int(np.searchsorted(sizes.cumsum(), place, side="right"))
        content = bytearray(parts[number].read_bytes())
        at = place - int(sizes[:number].sum())
        content[at] ^= 1 << int(rng.integers(8))
        found[outcome(path, parts[number], content, at, whole)] += 1
    return found


def outcome(path: Path, part: Path, content: bytearray, at: int, whole: NDArray[np.float32]) -> str:
    """The flipped bit is written, tried, and put back."""
    before = part.read_bytes()
    part.write_bytes(content)
    try:
        said = answers(path)
    finally:
        part.write_bytes(before)
    if said is None:
        return REFUSED
    if np.array_equal(said, whole):
        return SAME
    return WORSE if (said.argmax(1) != whole.argmax(1)).any() else OTHER


def answers(path: Path) -> NDArray[np.float32] | None:
    """(clips, signs), None where the model is refused."""
    try:
        model = signlet.load(path, threads=1)
        return np.stack([model(clip).probabilities for clip in CLIPS])
    except SignletError:
        return None


def flip_all(flips: int) -> None:
    rows = []
    with tempfile.TemporaryDirectory() as scratch:
        for name, path in files(Path(scratch)).items():
            found = flip(path, flips)
            changed = found[OTHER] + found[WORSE]
            print(
                f"{flips} single-bit flips of {name}: {found[REFUSED]} refused, "
                f"{found[SAME]} unchanged answer, {changed} changed answer "
                f"({found[WORSE]} another sign)",
                flush=True,
            )
            row = {"file": name, "flips": flips, "refused": found[REFUSED]}
            row |= {"unchanged": found[SAME], "changed": changed, "other_sign": found[WORSE]}
            rows.append(row)
    print(f"written to {write_csv('bit_flips', rows)}")


# --- what it costs ----------------------------------------------------------------------------


def load_all() -> None:
    """Median processor times of loading, and of the checksum alone, turn by turn."""
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as scratch:
        found = files(Path(scratch))
        for name in ("starter.onnx", "run folder", "starter.tflite"):
            if (path := found.get(name)) is None:
                continue
            parts = [path / CONFIG, path / WEIGHTS] if path.is_dir() else [path]
            loading, summing = [], []
            for _ in range(LOADS):
                loading.append(timed(lambda path=path: signlet.load(path, threads=1)))
                summing.append(timed(lambda parts=parts: [checksum.of_file(p) for p in parts]))
            size = sum(part.stat().st_size for part in parts)
            load, part = (float(np.median(times)) for times in (loading, summing))
            print(f"{name}: {size / 1e6:.1f} MB, {1e3 * load:.1f} ms, SHA-256 {part / load:.1%}")
            rows.append(
                {
                    "file": name,
                    "bytes": size,
                    "load_ms": round(1e3 * load, 2),
                    "checksum_ms": round(1e3 * part, 2),
                    "share": round(part / load, 4),
                }
            )
    print(f"written to {write_csv('bit_flips_load', rows)}")


def timed(work: Callable[[], Any]) -> float:
    begin = time.process_time()
    work()
    return time.process_time() - begin


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--flips", type=int, default=300)
    parser.add_argument("--load", action="store_true")
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    load_all() if given.load else flip_all(given.flips)


if __name__ == "__main__":
    main()
