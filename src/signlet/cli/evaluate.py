"""signlet evaluate."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from rich.console import Console

from signlet.cli.parsing import existing, make_parser
from signlet.errors import SignletError
from signlet.evaluate import print_scores, score
from signlet.model.files import ModelFile, load_model
from signlet.pack import PackedSet, pack
from signlet.pack.layout import HEADER
from signlet.predictions import Predictions, read_predictions
from signlet.sources import open_source
from signlet.train.predict import predict
from signlet.train.run import PREDICTIONS

_EXAMPLES = """
  signlet evaluate runs/demo                       out-of-fold scores of a finished run
  signlet evaluate runs/demo --data other_clips/   the run's model on clips it never saw
  signlet evaluate runs/demo/fold-0/student --data packed/mine --json
"""


def run(arguments: list[str]) -> None:
    """Parse, score, print."""
    parser = make_parser(
        "evaluate",
        "Scores on signers that were not trained on: of a run's own held-out clips, or of a\n"
        "model on other clips (which must not have been in its training).",
        _EXAMPLES,
    )
    parser.add_argument("model", type=str, help="run folder or model file")
    parser.add_argument("--data", type=str | None, help="clips: directory, CSV or packed set")
    parser.add_argument("--work", type=str | None, help="where to pack --data (default beside it)")
    parser.add_argument("--json", action="store_true", help="print scores as JSON")
    parsed = parser.parse_args(arguments)
    folder = existing(parsed.model, "run folder")
    if parsed.data is None:
        results = read_predictions(folder / PREDICTIONS)
    else:
        model = load_model(folder)
        results = {"model": evaluate(model, _clips(parsed.data, parsed.work, model))}
    if parsed.json:
        print(json.dumps({name: asdict(score(part)) for name, part in results.items()}, indent=2))
    else:
        print_scores(results, Console())


def _clips(where: str, work: str | None, model: ModelFile) -> PackedSet:
    max_len = model.members[0].config.max_len
    if (Path(where) / HEADER).exists():
        return PackedSet.open(where)
    out = Path(work or f"{Path(where).name}.packed-{max_len}")
    return pack(open_source(where), out, max_len, progress=True)


def evaluate(model: ModelFile, packed: PackedSet) -> Predictions:
    """Predictions of a model for all clips of a packed set whose sign it knows."""
    if any(member.config.max_len != packed.max_len for member in model.members):
        raise SignletError(f"the clips are packed with max_len {packed.max_len}, not the model's")
    number = {sign: i for i, sign in enumerate(model.signs)}
    labels = np.array([number.get(packed.signs[x], -1) if x >= 0 else -1 for x in packed.labels])
    rows = np.flatnonzero(labels >= 0)
    if not len(rows):
        raise SignletError("no clip shows a sign that the model knows; compare the sign names")
    parts = [predict(m, packed, torch.from_numpy(rows)).numpy() for m in model.members]
    return Predictions(
        names=[packed.names[row] for row in rows],
        signers=[packed.signers[row] for row in rows],
        labels=labels[rows],
        probabilities=np.mean(parts, axis=0, dtype=np.float32),
        folds=np.full(len(rows), -1, dtype=np.int64),
        signs=model.signs,
    )
