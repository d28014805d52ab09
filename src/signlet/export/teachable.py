"""A model that can be taught: an exported file as it is, a run folder exported to ONNX.

Only a run folder needs torch.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from signlet.errors import SignletError
from signlet.modelfile.rewrite import SUFFIXES, ModelSource
from signlet.pretrained import named
from signlet.recognition.recogniser import Recogniser
from signlet.running.temporary import scratch
from signlet.runtimes import open_runtime, require_embedding
from signlet.text.install import needs


def open_base(base: str | Path | Recogniser) -> Recogniser:
    """A model that can be taught, as an exported file; see `signlet.teach`.

    Raises SignletError if it was taught already, or gives no embedding.
    """
    found = base if isinstance(base, Recogniser) else Recogniser.load(base)
    file = found.file
    if file is None:
        raise SignletError("teach: the base was not loaded from a file; load it by its path")
    if found.taught is not None:
        raise SignletError(
            f"{named(file.path)}: was taught already; add signs to it (--add; in Python "
            "with_examples), or teach the model that it was made from"
        )
    if file.suffix not in SUFFIXES:
        found = _from_run(file.path)
    require_embedding(found.embedding_size, file.path)
    return found


def _from_run(folder: Path) -> Recogniser:
    with _exported(folder) as path:
        runtime, content = open_runtime(path), path.read_bytes()
    return Recogniser(runtime, ModelSource(folder, content))


@contextmanager
def _exported(folder: Path) -> Iterator[Path]:
    """The `model.onnx` of a run folder, for as long as the block lasts.

    Raises SignletError if there is no usable model, or the extra `onnx` is missing.
    """
    try:
        from signlet.export.bundle import export_ensemble
        from signlet.model.files import load_model
        from signlet.modelfile.calibration import read_calibration
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
