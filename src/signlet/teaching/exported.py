"""A run folder as a file that can be taught: exported to ONNX, which needs torch."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from signlet.errors import SignletError
from signlet.install import needs
from signlet.running.leftover import scratch


@contextmanager
def exported(folder: Path) -> Iterator[Path]:
    """The `model.onnx` of a run folder, for as long as the block lasts.

    Raises SignletError where there is no usable model, or the extra `onnx` is missing.
    """
    try:
        from signlet.calibration import read_calibration
        from signlet.export import export_ensemble
        from signlet.model.files import load_model
    except ModuleNotFoundError as error:
        raise SignletError(
            f"{folder}: {needs('teaching a run folder', 'onnx', error)}, or give a model.onnx"
        ) from None
    model = load_model(folder)
    with scratch("teach") as out:
        done = export_ensemble(
            model.members,
            model.signs,
            out,
            ["onnx"],
            average=model.average,
            calibration=read_calibration(folder),
            about=model.about,
        )
        yield done.files["onnx"]
