"""How close do exported files come to the fastest time that the arithmetic allows?

Cost: about ten minutes on two cores; less when the files are there already.
Page: docs/export.md
Results: export_speed.csv

    python -m benchmarks.export.export_speed
    python -m benchmarks.export.export_speed --profile          where ONNX's time goes, by operator

Both published distilled sizes together (25 and 80 frames, 250 signs, random weights), one
thread, preprocessing included, raw clips of which 18, 40 and 80 frames are kept. The floor is
the larger of (a) the products alone with the same shapes, by the faster of torch and
onnxruntime, and (b) reading all weights once. All are timed in turn, many times, in one run;
the medians are compared. The exported files stay in --work and are used again. Small models of
both backbones are timed by `python -m benchmarks.export.backbone_speed`.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor

from benchmarks.environment import write_csv
from signlet.export import onnx as to_onnx
from signlet.export.benchmark import benchmark_file
from signlet.export.cases import wandering
from signlet.export.frozen import FrozenModel, Linear
from signlet.landmarks import LEFT_HAND, RIGHT_HAND
from signlet.model import SignModel, published
from signlet.model.files import ModelFile
from signlet.modelfile.averaging import Average
from signlet.modelfile.card import Card
from signlet.preprocess import Preprocess
from signlet.runtimes import Runtime, open_runtime
from signlet.runtimes.torch import TorchRuntime

NAMES = ("len25_distilled", "len80_distilled")
KEPT = (18, 40, 80)
SIGNS = tuple(f"sign {number}" for number in range(250))
AVERAGE = Average.plain(2)


def members() -> list[SignModel]:
    """The two sizes, with logits that differ."""
    torch.manual_seed(0)
    models = [published(name).eval() for name in NAMES]
    for model in models:
        torch.nn.init.normal_(model.logits.weight, 0, 0.3)
    return models


def raw_clip(kept: int) -> NDArray[np.float32]:
    """Half as many frames again, in which no hand is found."""
    clip = wandering(kept + kept // 2, np.random.default_rng(kept))
    empty = np.arange(len(clip)) % 3 == 2
    clip[empty, LEFT_HAND] = clip[empty, RIGHT_HAND] = np.nan
    return clip


def products(models: list[SignModel], clip: NDArray[np.float32]) -> list[tuple[Tensor, Tensor]]:
    """The factors of every matrix product that a clip needs, its attention's included."""
    found = []
    for model in models:
        _, mask = Preprocess(model.config.max_len)(torch.from_numpy(clip))
        rows = int(mask.sum())
        frozen = FrozenModel(model)
        weights = [m.weight for m in frozen.modules() if isinstance(m, Linear)]
        found += [(torch.rand(rows, len(weight)), weight) for weight in weights]
        found.append((torch.rand(rows, 100, 27), torch.rand(rows, 27, 16)))  # the embedding
        for layer in model.layers:
            heads, size = model.config.heads, layer.attention_out.in_features // model.config.heads
            content = torch.rand(heads, rows, size)
            found.append((content, torch.rand(heads, size, rows)))
            found += [(content, torch.rand(heads, size, 2 * rows))] * 2
            found.append((torch.rand(heads, rows, rows), content))
    return found


def by_torch(pairs: list[tuple[Tensor, Tensor]]) -> Callable[[], object]:
    """The products alone, by torch."""
    return lambda: [torch.matmul(left, right) for left, right in pairs]


def by_onnxruntime(pairs: list[tuple[Tensor, Tensor]]) -> Callable[[], object]:
    """The products alone, as one graph; weights are constants there, as in the exported file."""
    inputs, nodes, weights, outputs, given = [], [], [], [], {}
    for k, (left, right) in enumerate(pairs):
        given[f"x{k}"] = left.numpy()
        nodes.append(helper.make_node("MatMul", [f"x{k}", f"w{k}"], [f"y{k}"]))
        outputs.append(helper.make_tensor_value_info(f"y{k}", TensorProto.FLOAT, None))
        if right.ndim == 2:
            weights.append(numpy_helper.from_array(right.numpy(), f"w{k}"))
        else:
            given[f"w{k}"] = right.numpy()
    for name, value in given.items():
        inputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, value.shape))
    graph = helper.make_graph(nodes, "products", inputs, outputs, weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model.SerializeToString(), options)
    return lambda: session.run(None, given)


def read_weights(models: list[SignModel]) -> Callable[[], object]:
    """Add up all weights once: memory is read, hardly anything is computed."""
    weights = torch.cat([p.detach().flatten() for m in models for p in m.parameters()])
    return lambda: weights.sum()


def files(models: list[SignModel], work: Path, wanted: list[str]) -> dict[str, Path]:
    """Exported files, made where they are missing."""
    found = {}
    for name in wanted:
        kind, precision = name.split("-")
        path = work / f"published-{precision}.{'onnx' if kind == 'onnx' else 'tflite'}"
        if not path.exists():
            print(f"exporting {path} ...", flush=True)
            card = Card(signs=SIGNS, max_lens=(25, 80), average=AVERAGE, precision=precision)
            writer(kind)(path, models, AVERAGE, card)
        found[name] = path
    return found


def writer(kind: str) -> Callable[..., None]:
    if kind == "onnx":
        return to_onnx.write
    from signlet.export import litert

    return litert.write


def medians(timed: dict[str, Callable[[], object]], runs: int) -> dict[str, float]:
    """Milliseconds of each, called in turn so that a noisy machine treats them alike."""
    times: dict[str, list[float]] = {name: [] for name in timed}
    for run in range(runs + 3):
        for name, call in timed.items():
            started = time.perf_counter()
            call()
            if run >= 3:
                times[name].append((time.perf_counter() - started) * 1e3)
    return {name: float(np.median(values)) for name, values in times.items()}


def compare(
    models: list[SignModel], runtimes: dict[str, Runtime], kept: int, runs: int
) -> dict[str, float]:
    """Medians of the floor's parts and of every file, for clips that keep so many frames."""
    clip = raw_clip(kept)
    pairs = products(models, clip)
    timed = {
        "products, torch": by_torch(pairs),
        "products, onnxruntime": by_onnxruntime(pairs),
        "reading weights": read_weights(models),
        **{name: (lambda one=one: one.probabilities([clip])) for name, one in runtimes.items()},
    }
    with torch.inference_mode():
        found = medians(timed, runs)
    products_alone = min(found["products, torch"], found["products, onnxruntime"])
    return {"floor": max(products_alone, found["reading weights"]), **found}


def profile(path: Path, kept: int) -> None:
    """Print onnxruntime's time for a clip by operator."""
    clip = raw_clip(kept)
    with tempfile.TemporaryDirectory() as folder:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.enable_profiling = True
        options.log_severity_level = 3
        options.profile_file_prefix = f"{folder}/profile"
        session = onnxruntime.InferenceSession(str(path), options)
        for _ in range(20):
            session.run(None, {"inputs": clip})
        events = json.loads(Path(session.end_profiling()).read_text())
    spent: Counter[str] = Counter()
    for event in events:
        if event["cat"] == "Node":
            spent[event["args"]["op_name"]] += event["dur"]
    total = sum(spent.values())
    print(f"\n{path.name}, {kept} frames kept: share of the time by operator")
    for name, duration in spent.most_common(12):
        print(f"  {name:28} {duration / total:6.1%}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--files",
        nargs="+",
        default=["onnx-fp32", "onnx-fp16", "onnx-int8", "litert-fp16", "litert-int8"],
    )
    parser.add_argument("--runs", type=int, default=40)
    parser.add_argument("--work", type=Path, default=Path("runs/benchmark/export"))
    parser.add_argument("--profile", action="store_true")
    given = parser.parse_args()
    torch.set_num_threads(1)
    models = members()
    paths = files(models, given.work, given.files)
    if given.profile:
        for kept in KEPT:
            profile(paths["onnx-fp16"], kept)
        return
    costs = {name: benchmark_file(path) for name, path in paths.items()}
    runtimes: dict[str, Runtime] = {name: open_runtime(path, 1) for name, path in paths.items()}
    runtimes["torch"] = TorchRuntime(ModelFile(SIGNS, tuple(models), AVERAGE))
    rows = []
    for kept in KEPT:
        found = compare(models, runtimes, kept, given.runs)
        for name, value in found.items():
            cost = costs.get(name)
            rows.append(
                {
                    "kept": kept,
                    "what": name,
                    "ms": round(value, 2),
                    "of_floor": round(value / found["floor"], 3),
                    "bytes": paths[name].stat().st_size if name in paths else "",
                    "memory": cost.memory if cost else "",
                    "load_seconds": round(cost.load, 2) if cost else "",
                }
            )
            print(
                f"{kept:3} kept  {name:24} {value:8.2f} ms  {value / found['floor']:.2f} of floor"
            )
    for name, path in paths.items():
        size, cost = path.stat().st_size / 1e6, costs[name]
        print(
            f"{name:12} {size:6.1f} MB, memory {cost.memory / 1e6:.0f} MB, load {cost.load:.2f} s"
        )
    write_csv("export_speed", rows)


if __name__ == "__main__":
    main()
