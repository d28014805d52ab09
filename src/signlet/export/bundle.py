"""An export: the files for every runtime, each checked before it gets its name."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from signlet.errors import SignletError
from signlet.export.check import BOUNDS, EMBEDDING_BOUNDS, Check, check
from signlet.export.model_card import model_card
from signlet.export.tools import FILES, require_tools
from signlet.files.atomic import replacing, write_text
from signlet.model import SignModel
from signlet.model.files import finite
from signlet.model.recogniser import joint_embedding, unit
from signlet.modelfile.averaging import Average
from signlet.modelfile.calibration import Calibration
from signlet.modelfile.card import Card
from signlet.modelfile.float16 import Halves
from signlet.running.lock import only_one
from signlet.text.names import sign_name

_BUSY = "another command is exporting into this folder; wait for it, or choose another one by -o"
LABELS, CARD, CHECKS = "labels.txt", "model-card.md", "checks.json"


@dataclass(frozen=True)
class Exported:
    """files: path of each format. checks: how each compares with torch, by file name."""

    files: dict[str, Path]
    checks: dict[str, Check]


def export_ensemble(
    models: Sequence[SignModel],
    labels: Sequence[str],
    out_dir: str | Path,
    to: Sequence[str] = ("onnx", "litert"),
    precision: str = "fp16",
    *,
    embedding: bool = True,
    average: Average | None = None,
    calibration: Calibration | None = None,
    about: Mapping[str, Any] | None = None,
    licence: str = "",
    clips: Mapping[str, NDArray[np.float32]] | None = None,
    bound: float | None = None,
    say: Callable[[str], None] = lambda text: None,
) -> Exported:
    """Write one file a format that takes raw landmarks and gives averaged probabilities.

    models: eval-mode recognisers (`SignModel`), which may differ in size and `max_len`.
    labels: K names in the order of their outputs.
    out_dir: gets model.onnx, model.tflite, labels.txt, model-card.md and checks.json.
    to: "onnx", "litert" or both. precision: of the weights, "fp32", "fp16" or "int8".
    embedding: give that as a second output; the competition's contract has one only.
    average: how the models' answers become one; None is the mean of their probabilities.
    calibration, about, licence: what the files are to say of themselves.
    clips: real clips (T, 543, 3) by name, to compare with torch on, besides edge cases.
    bound: on the difference of any probability from torch; None: `BOUNDS` of the precision.
    say: called with a line for each step.
    Raises SignletError if an argument makes no sense, a library is missing, or a file
    differs from torch by more than the bounds; then nothing is written.
    """
    average = average or Average.plain(len(models))
    _check_arguments(models, labels, to, precision)
    require_tools(to)
    for model in models:
        model.eval()
    card = Card(
        signs=tuple(labels),
        max_lens=tuple(model.config.max_len for model in models),
        average=average,
        precision=precision,
        embedding=sum(model.config.widths[3] for model in models) if embedding else None,
        licence=licence,
        calibration=calibration,
        prototypes=_prototypes(models) if embedding else None,
        about=finite(dict(about or {})),
    )
    out, files, checks = Path(out_dir), {}, {}
    limits = (BOUNDS[precision] if bound is None else bound), EMBEDDING_BOUNDS[precision]
    with only_one(out, _BUSY):
        with ExitStack() as together:  # the files get their names when all have been checked
            for format in to:
                files[format] = path = out / FILES[format]
                temporary = together.enter_context(replacing(path))
                say(f"writing {path} ({precision})")
                _write(format, temporary, models, average, card)
                say(f"comparing {path} with torch and measuring it")
                checks[path.name] = check(temporary, models, average, labels, clips or {}, *limits)
        write_text(out / LABELS, "".join(f"{label}\n" for label in labels))
        write_text(out / CARD, model_card(card, checks))
        content = {name: one.as_json() for name, one in checks.items()}
        write_text(out / CHECKS, json.dumps(content, indent=2) + "\n")
    return Exported(files, checks)


def _prototypes(models: Sequence[SignModel]) -> Halves | None:
    """(K, D) of length 1: the mean embeddings of the signs, see `Card`.

    None if a member's head knows none, or a sign had no clip.
    """
    heads = [model.nearest for model in models if model.nearest is not None]
    if len(heads) < len(models):
        return None
    rows = unit(joint_embedding([head.means for head in heads]))
    return rows.to("cpu", torch.float16).numpy() if rows.any(1).all() else None


def _check_arguments(
    models: Sequence[SignModel], labels: Sequence[str], to: Sequence[str], precision: str
) -> None:
    if not models:
        raise SignletError("there is no model to export")
    if unknown := sorted(set(to) - set(FILES)) or (not to and ["nothing"]):
        raise SignletError(f"cannot export to {unknown[0]}; choose {' or '.join(FILES)}")
    if precision not in BOUNDS:
        raise SignletError(f"precision is {precision!r}; choose {', '.join(BOUNDS)}")
    for label in labels:
        sign_name(label, "labels")
    for model in models:
        if model.config.num_classes != len(labels):
            raise SignletError(
                f"a model knows {model.config.num_classes} signs, {len(labels)} labels are given"
            )


def _write(
    format: str, path: Path, models: Sequence[SignModel], average: Average, card: Card
) -> None:
    writer = importlib.import_module(f"signlet.export.{format}")
    writer.write(path, models, average, card)
