"""signlet export."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.status import Status
from rich.table import Table
from rich.text import Text

from signlet.cli.parsing import add_columns, add_names, existing, make_parser, parse, refuse_told
from signlet.errors import SignletError
from signlet.export import BOUNDS, Exported, export_ensemble
from signlet.export.bundle import CARD
from signlet.export.tools import FILES, missing_tools
from signlet.files.atomic import require_writable
from signlet.model.files import load_model
from signlet.modelfile.calibration import known_accepted, read_calibration
from signlet.printable import printable
from signlet.sources import open_source
from signlet.text.bars import doing
from signlet.text.console import SafeConsole

_EXAMPLES = """
  signlet export runs/demo
  signlet export runs/ensemble --to onnx --precision fp32 -o site/model
  signlet export runs/mine --clips my_clips/ --licence CC-BY-4.0
"""
_ALSO = {"tflite": "litert"}
"""Other names of formats."""
_KNOWN = ("fingerspelling",)
"""Sources that need no path, so that they are found again."""


def run(arguments: list[str]) -> None:
    """Parse, export, print what was checked."""
    parser = make_parser(
        "export",
        "Write a trained run or ensemble as one self-describing file for phone (LiteRT), browser\n"
        "and server (ONNX): raw landmarks in, probabilities out. signlet compares each file\n"
        "with torch and measures its speed before it writes the file.",
        _EXAMPLES,
    )
    parser.add_argument("model", type=str, help="run folder, ensemble folder or model file")
    parser.add_argument(
        "--to",
        nargs="+",
        default=[],
        choices=[*FILES, *_ALSO],
        metavar="FORMAT",
        help="onnx, litert or tflite (model.tflite), or both; default: all that are installed",
    )
    parser.add_argument(
        "--precision",
        type=str,
        default="fp16",
        choices=list(BOUNDS),
        help=f"precision of the weights: {', '.join(BOUNDS)}",
    )
    parser.add_argument(
        "--no-embedding",
        action="store_true",
        help="probabilities only: the competition's format, one input and one output",
    )
    parser.add_argument(
        "-o", "--out", type=str | None, help="folder to write (default MODEL/export)"
    )
    parser.add_argument(
        "--clips",
        type=str | None,
        help="real clips to compare on: a folder or a table as for training; default: the "
        "letters, "
        "if it was trained on them",
    )
    add_columns(parser)
    add_names(parser)
    parser.add_argument(
        "--max-clips", type=int, default=64, help="number of these clips to use, spread evenly"
    )
    parser.add_argument(
        "--licence", type=str, default=None, help="licence of the model, for its card"
    )
    parser.add_argument(
        "--bound",
        type=float | None,
        help="largest allowed difference of a probability from torch; default "
        + ", ".join(f"{bound:g} for {name}" for name, bound in BOUNDS.items()),
    )
    parsed = parse(parser, arguments)
    if parsed.bound is not None and not parsed.bound >= 0:
        raise SignletError(f"--bound {parsed.bound}: give 0 or a number above 0")
    if parsed.clips is None:
        refuse_told(parsed, "--clips")
    console = SafeConsole(file=sys.stdout)  # not what torch prints to, which is thrown away
    folder = existing(parsed.model, "run folder or model file")
    model = load_model(folder)
    folder = folder if folder.is_dir() else folder.parent
    out = Path(parsed.out or folder / "export")
    require_writable(out / CARD, out)
    clips = _real_clips(parsed, model.about.get("source"), console)
    asked = list(dict.fromkeys(_ALSO.get(name, name) for name in parsed.to))
    formats = asked or _formats(console)
    console.print("Writing and comparing takes about a minute.")
    with doing(console, "Writing and comparing ...") as status:
        done = export_ensemble(
            model.members,
            model.signs,
            out,
            formats,
            parsed.precision,
            embedding=not parsed.no_embedding,
            average=model.average,
            calibration=read_calibration(folder),
            about=_named(model.about, folder),
            licence=parsed.licence or "",
            clips=clips,
            bound=parsed.bound,
            say=lambda text: _show(text, status, console),
        )
    _print(done, console)


def _named(about: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """With the name of the run, as every export has the same file names, and what it refuses."""
    return {**about, **known_accepted(folder), "run": folder.resolve().name}


def _formats(console: Console) -> list[str]:
    """All that can be written here, and a note on what cannot. Raises SignletError if none can."""
    reasons = {format: missing_tools(format) for format in FILES}
    here = [format for format, reason in reasons.items() if reason is None]
    for format, reason in reasons.items():
        if here and reason:
            note = f"Note: {FILES[format]} is left out: {reason}."
            console.print(note, style="yellow", markup=False, soft_wrap=True)
    if not here:  # one remedy for both files, where the first one's alone would be too little
        raise SignletError(reasons["litert"] or "")
    return here


def _real_clips(parsed: Any, trained_on: Any, console: Console) -> dict[str, NDArray[np.float32]]:
    """Clips by name, spread over a set; none, with a word, where there is no set at hand."""
    count = parsed.max_clips
    if count < 0:
        raise SignletError(f"--max-clips {count}: give at least 0")
    where = parsed.clips or (trained_on if trained_on in _KNOWN else None)
    if where is None:
        console.print(
            "Note: the files are compared with torch on synthetic clips only; name real ones with "
            "--clips.",
            style="yellow",
            soft_wrap=True,
        )
        return {}
    source = open_source(where, parsed.columns, parsed.names)
    refs = source.refs()
    places = np.linspace(0, len(refs) - 1, min(count, len(refs))).astype(int)
    clips = {}
    for ref in (refs[place] for place in places):
        try:
            clips[ref.name] = source.read(ref).frames
        except SignletError as error:
            console.print(f"Left out: {error}", style="yellow", markup=False, soft_wrap=True)
    return clips


def _show(text: str, status: Status | None, console: Console) -> None:
    """Show the current step. A status would take brackets in a name for markup."""
    if status is None:
        console.print(text, soft_wrap=True)
    else:
        status.update(Text(printable(text)))


def _print(done: Exported, console: Console) -> None:
    columns = ("file", "MB", "differs", "embedding", "other", "1 thread", "2 threads", "memory")
    table = Table(*columns, title="Compared with torch", title_justify="left", box=SIMPLE_HEAD)
    for name, check in done.checks.items():
        cost = check.measured
        table.add_row(
            name,
            f"{check.bytes / 1e6:.2f}",
            f"{check.difference:.1e}",
            "none" if check.embedding_difference is None else f"{check.embedding_difference:.1e}",
            f"{check.disagreements} of {check.real + check.edge}",
            *(f"{cost.median[n]:.1f} / {cost.p95[n]:.1f}" for n in sorted(cost.median)),
            f"{cost.memory / 1e6:.0f} MB",
        )
    console.print(table)
    first = next(iter(done.files.values()))
    console.print(
        "differs: largest difference of a probability; embedding: largest distance of an "
        "embedding; other: clips that get another sign than with torch; threads: ms for a clip "
        "of 40 frames, median / 95th percentile.",
        soft_wrap=True,
    )
    console.print(f"Written to {first.parent}; read {CARD} there.", soft_wrap=True)
    console.print(f"Try: signlet recognise {first} CLIP", soft_wrap=True)
