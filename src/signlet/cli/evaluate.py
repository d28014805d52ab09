"""signlet evaluate."""

from __future__ import annotations

import json
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

from signlet.cli.parsing import existing, make_parser, parse
from signlet.cli.training import print_copies
from signlet.console import SafeConsole
from signlet.errors import SignletError
from signlet.evaluate import print_scores, score
from signlet.model.files import CONFIG, load_model
from signlet.pack import PackedSet
from signlet.pack.layout import HEADER
from signlet.predict import packed_for, predict_known
from signlet.predictions import read_predictions
from signlet.train.folder import PREDICTIONS, SETTINGS

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
    parser.add_argument("--work", type=str | None, help="where to keep --data packed")
    parser.add_argument("--json", action="store_true", help="print scores as JSON")
    parsed = parse(parser, arguments)
    folder = existing(parsed.model, "run folder")
    if parsed.data is None:
        if (folder / SETTINGS).exists() and not (folder / CONFIG).exists():
            raise SignletError(
                f"{folder}: this run has not finished; go on with signlet train ... --resume"
            )
        if (folder / CONFIG).exists() and not (folder / PREDICTIONS).exists():
            raise SignletError(
                f"{folder}: nothing was held out here, so there are no scores; "
                "name other clips by --data, or train with --folds"
            )
        results = read_predictions(folder / PREDICTIONS)
    else:
        model = load_model(folder)
        with tempfile.TemporaryDirectory() as scratch:
            out = Path(parsed.work or scratch) / "packed"
            packed = packed_for(model, parsed.data, out, sys.stdout.isatty())
            results = {"model": predict_known(model, *packed)}
    if parsed.json:
        print(json.dumps({name: asdict(score(part)) for name, part in results.items()}, indent=2))
    else:
        title = "Scores on clips not trained on"
        if parsed.data is not None:
            title = f"Scores on {parsed.data}; they mean nothing for clips that were trained on"
        console = SafeConsole()
        print_scores(results, console, title)
        soup = results.get("soup")
        if parsed.data is None and soup and (folder / "packed" / HEADER).exists():
            print_copies(soup, PackedSet.open(folder / "packed"), console)
