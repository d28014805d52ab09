"""Share costly fixtures: made once for all tests of a run, in the worker that needs them first."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch
from filelock import FileLock

_OF_TORCH = set(vars(torch.nn.Module()))
"""Attributes of every module: its parts, which are looked at one by one, and hooks."""


def run_wide(factory: pytest.TempPathFactory) -> Path:
    """The folder that all workers of this run of pytest share."""
    own = factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


def made_once(path: Path, make: Callable[[Path], object]) -> Path:
    """A file or folder in `run_wide`; `make` is given where to write it, and called once.

    The worker that needs it first makes it, and the others wait. Tests may not change it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    whole = path.with_name(f"{path.name}.whole")
    with FileLock(path.with_name(f"{path.name}.lock")):
        if not whole.exists():
            make(path)
            whole.touch()
    return path


@contextmanager
def conversions_once(folder: Path) -> Iterator[None]:
    """Torch takes about ten seconds for a trace, however small the model: each is made once.

    folder: one of `run_wide`. Kept are ONNX graphs and unquantised TFLite parts, by the weights and
    settings that they come from; precision, card and checks are as always.
    """
    with pytest.MonkeyPatch.context() as patch:
        _keep_onnx(patch, folder)
        _keep_litert(patch, folder)
        yield


def _keep_onnx(patch: pytest.MonkeyPatch, folder: Path) -> None:
    try:
        import onnx

        from signlet.export import onnx as module
    except ImportError:  # the extra "export" is not installed
        return
    trace = module.traced

    def traced(graph: Any) -> Any:
        file = folder / f"{_digest(graph).hex()}.onnx"
        made_once(file, lambda path: path.write_bytes(trace(graph).SerializeToString()))
        return onnx.load(file)

    patch.setattr(module, "traced", traced)


def _keep_litert(patch: pytest.MonkeyPatch, folder: Path) -> None:
    from signlet.export import litert as module

    convert = module._convert

    def converted(parts: list[tuple[str, Any, dict[str, Any]]]) -> bytes:
        known = hashlib.sha256()
        for name, part, inputs in parts:
            known.update(_digest(part) + f"{name} {_shapes(inputs)}".encode())
        file = folder / f"{known.hexdigest()}.tflite"
        return made_once(file, lambda path: path.write_bytes(convert(parts))).read_bytes()

    patch.setattr(module, "_convert", converted)


def _digest(module: torch.nn.Module) -> bytes:
    """Of all that its answers depend on: kinds and settings of its parts, and all numbers.

    (Pickled, a model that was read from a file is other bytes than the one that was written.)
    """
    found = hashlib.sha256()
    for name, part in module.named_modules():
        own = {key: value for key, value in vars(part).items() if key not in _OF_TORCH}
        found.update(f"{name} {type(part)} {sorted(own.items())}".encode())
    for tensor in (*module.parameters(), *module.buffers()):
        found.update(f"{tensor.dtype} {tuple(tensor.shape)}".encode())
        found.update(tensor.detach().contiguous().numpy().tobytes())
    return found.digest()


def _shapes(inputs: object) -> object:
    """Examples of inputs are random; a conversion takes their shapes alone."""
    if isinstance(inputs, torch.Tensor):
        return tuple(inputs.shape), str(inputs.dtype)
    if isinstance(inputs, dict):
        return {name: _shapes(value) for name, value in inputs.items()}
    assert isinstance(inputs, list)
    return [_shapes(value) for value in inputs]
