"""signlet calibrate."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from jsonargparse import ArgumentParser
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from signlet.calibration.files import PLOT
from signlet.calibration.leave_out_runs import LeaveOutRequest
from signlet.calibration.measure import Calibrated, Share
from signlet.calibration.run import UnknownClips, calibrate_run
from signlet.cli.calibrate_summary import in_words, next_steps, useless
from signlet.cli.console_events import ConsoleEvents
from signlet.cli.parsing import add_columns, add_names, existing, make_parser, parse, refuse_told
from signlet.errors import SignletError
from signlet.evaluation.scores import interval_said
from signlet.modelfile.calibration import CALIBRATION
from signlet.text.console import SafeConsole
from signlet.text.terminal import print_json

_EXAMPLES = """
  signlet calibrate runs/mine --unknown other_signs/     clips of signs the model does not know
  signlet calibrate runs/mine                            without them: trains 4 times per fold
  signlet calibrate runs/mine --leave-out 8 --false-accepts 0.01
  signlet calibrate runs/both --runs runs/one runs/two   an ensemble of these two
"""


def run(arguments: list[str]) -> None:
    """Parse, measure, write, print."""
    parsed = parse(_parser(), arguments)
    _check(parsed)
    folder, console = existing(parsed.model, "run folder"), SafeConsole(stderr=parsed.json)
    made = calibrate_run(folder, _others(parsed), parsed.false_accepts, ConsoleEvents(console))
    if parsed.json:
        print_json((folder / CALIBRATION).read_text(encoding="utf-8"))
        return
    _print(made, folder, console)


def _check(parsed: Any) -> None:
    if parsed.unknown is None and not parsed.data:
        refuse_told(parsed, "--unknown or --data")
    if parsed.unknown is not None and (parsed.runs or parsed.data or parsed.folds):
        raise SignletError(
            "--runs, --data and --folds cannot be used with --unknown; leave out one or the other"
        )


def _others(parsed: Any) -> UnknownClips | LeaveOutRequest:
    told = (parsed.columns, parsed.names)
    if parsed.unknown is not None:
        return UnknownClips(parsed.unknown, Path(parsed.work) if parsed.work else None, told)
    runs = tuple(existing(run, "run folder") for run in [parsed.model, *parsed.runs])
    data, folds = tuple(parsed.data), tuple(parsed.folds)
    return LeaveOutRequest(runs, data, folds, parsed.leave_out, parsed.device, told)


def _parser() -> ArgumentParser:
    parser = make_parser(
        "calibrate",
        'Let a model answer "none" for clips of signs that it does not know. signlet measures how\n'
        "sure the model must be to name a sign. The price: some clips of known signs get none,\n"
        "too; the command says how many. Then export the model again for phone and web.\n"
        "With --unknown you give clips of other signs. Without, signlet trains the run again\n"
        "without some of its signs, which takes longer.",
        _EXAMPLES,
    )
    parser.add_argument("model", type=str, help="run or ensemble folder")
    parser.add_argument(
        "--unknown",
        type=str | None,
        help="clips of signs that the model does not know: folder, CSV or packed set",
    )
    parser.add_argument(
        "--false-accepts",
        type=float,
        default=0.05,
        help="share of clips of unknown signs that may get a sign by mistake: 0.05 is 5 of 100; "
        "with less, more clips of known signs get none",
    )
    parser.add_argument(
        "--leave-out",
        type=int,
        default=4,
        help="without --unknown: number of groups into which the signs are divided; each training "
        "leaves out one of them",
    )
    parser.add_argument(
        "--folds",
        type=int,
        nargs="+",
        default=[],
        help="without --unknown: folds of the run to use (default: all); with one, it is quicker "
        "and less exact",
    )
    parser.add_argument(
        "--runs", type=str, nargs="+", default=[], help="the runs of an ensemble, in its order"
    )
    parser.add_argument(
        "--data",
        type=str,
        nargs="+",
        default=[],
        help="clips that the run was trained on, if it did not pack them itself; for an ensemble "
        "one for each run",
    )
    add_columns(parser)
    add_names(parser)
    parser.add_argument("--work", type=str | None, help="folder for the packed --unknown clips")
    parser.add_argument("--device", type=str, default="auto", help="auto, cpu, cuda, cuda:1")
    parser.add_argument("--json", action="store_true", help="print calibration.json")
    return parser


# --- printing -----------------------------------------------------------------------------


def _print(made: Calibrated, folder: Path, console: Console) -> None:
    report = made.report

    def say(text: str, style: str = "") -> None:
        console.print(Text(text, style=style), soft_wrap=True)

    say("")
    for sentence in in_words(made):
        say(sentence)
    if warning := useless(made):
        say(f"Warning: {warning}", "bold yellow")
    for note in report.notes:
        say(f"Note: {note}.", "yellow")
    say("\nNext steps", "bold")
    for number, step in enumerate(next_steps(made, folder), 1):
        say(f"  {number}. {step}")
    say(
        f"\nFor experts: {report.known:,} clips of known signs from "
        f"{_people(report.known_signers)}, {report.unknown:,} clips of unknown signs from "
        f"{_people(report.unknown_signers)}. The model was trained on none of them."
    )
    console.print(_temperature_table(made), _threshold_table(made), sep="")
    say(f"Written: {folder / CALIBRATION}   {folder / PLOT}")


def _people(count: int) -> str:
    return "1 signer" if count == 1 else f"{count} signers"


def _temperature_table(made: Calibrated) -> Table:
    report = made.report
    table = _table(f"temperature {made.calibration.temperature:.3f}", "before", "with it")
    table.add_row("log loss", *(f"{value:.3f}" for value in report.log_loss))
    table.add_row("calibration error", *(f"{value:.3f}" for value in report.calibration_error))
    return table


def _threshold_table(made: Calibrated) -> Table:
    report = made.report
    table = _table(f"threshold {made.calibration.threshold:.3f}", "share", "95 % over signers")
    for name, share in {
        "unknown clips accepted": report.false_accepts,
        "known clips accepted": report.accepted,
        "of these named correctly": report.accepted_accuracy,
    }.items():
        table.add_row(name, *_share(share))
    table.add_row("of all known clips named correctly", f"{report.accuracy:.3f}", "")
    elsewhere = report.false_accepts_elsewhere
    if not math.isnan(elsewhere):
        table.add_row("unknown accepted, of new signers", f"{elsewhere:.3f}", "")
    table.add_row("AUROC, known against unknown", f"{report.auroc:.3f}", "")
    table.add_row("unknown accepted if 95 % of the known must pass", f"{report.fpr95:.3f}", "")
    return table


def _table(*headings: str) -> Table:
    table = Table(box=SIMPLE_HEAD)
    table.add_column(headings[0])
    for heading in headings[1:]:
        table.add_column(heading, justify="right", no_wrap=True)
    return table


def _share(share: Share) -> tuple[str, str]:
    if math.isnan(share.share):
        return "-", "no such clip"
    return f"{share.share:.3f}", interval_said(share.low, share.high)
