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
from signlet.cli.console_events import ConsoleEvents
from signlet.cli.parsing import add_columns, add_names, existing, make_parser, parse, refuse_told
from signlet.errors import SignletError
from signlet.evaluation.scores import interval_said
from signlet.modelfile.calibration import CALIBRATION
from signlet.text.console import SafeConsole
from signlet.text.terminal import print_json

_USELESS = 0.1
"""Share of known clips that pass the threshold; a calibration below it is useless."""
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
    _print(made, console)
    console.print(f"Written: {folder / CALIBRATION}   {folder / PLOT}", soft_wrap=True)


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
        'Measure the confidence below which a model answers "none": a temperature from its\n'
        "out-of-fold predictions, and a threshold from clips of signs the model does not know.\n"
        "Without --unknown, signlet trains the run again without some of its signs.",
        _EXAMPLES,
    )
    parser.add_argument("model", type=str, help="run or ensemble folder")
    parser.add_argument(
        "--unknown", type=str | None, help="clips of other signs: folder, CSV or packed set"
    )
    parser.add_argument(
        "--false-accepts",
        type=float,
        default=0.05,
        help="allowed share of clips of unknown signs that get a name",
    )
    parser.add_argument(
        "--leave-out",
        type=int,
        default=4,
        help="without --unknown: number of groups of signs; each is left out of one training",
    )
    parser.add_argument(
        "--folds",
        type=int,
        nargs="+",
        default=[],
        help="folds for these trainings (default: the run's)",
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


def _print(made: Calibrated, console: Console) -> None:
    report, calibration = made.report, made.calibration
    console.print(
        f"\n{report.known:,} clips of known signs from {report.known_signers} signers, "
        f"{report.unknown:,} clips of unknown signs from {report.unknown_signers}. The model "
        "was trained on none of them.",
        highlight=False,
        soft_wrap=True,
    )
    console.print(_temperature_table(made), _threshold_table(made), sep="")
    if report.accepted.share < _USELESS:
        console.print(
            Text(
                f"Warning: {1 - report.accepted.share:.0%} of the clips of known signs would be "
                "answered with none, because this model cannot tell known signs from unknown "
                f"ones. Train it on more clips, or delete {CALIBRATION}.",
                style="bold yellow",
            ),
            soft_wrap=True,
        )
    for note in report.notes:
        console.print(Text(f"Note: {note}.", style="yellow"), soft_wrap=True)
    console.print(
        f"A confidence below {calibration.threshold:.3f} means none of the signs.", highlight=False
    )


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
        table.add_row("unknown accepted, threshold of other signers", f"{elsewhere:.3f}", "")
    table.add_row("AUROC, known against unknown", f"{report.auroc:.3f}", "")
    table.add_row("unknown accepted when 95 % of known are", f"{report.fpr95:.3f}", "")
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
