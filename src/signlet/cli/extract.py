"""signlet extract."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from signlet.cli.parsing import add_names, make_plain_parser, parse
from signlet.cli.recordings import count_of, shares_table, warnings_table
from signlet.errors import SignletError
from signlet.extract.files import FORMATS
from signlet.extract.folder import extract_folder, left_notes
from signlet.extract.record import FILE
from signlet.extract.summary import Summary
from signlet.sources.pattern import NamePattern
from signlet.text.bars import on_console
from signlet.text.console import SafeConsole
from signlet.text.terminal import tell
from signlet.video.extractors import EXTRACTORS, Choice

_EXAMPLES = """
  signlet extract my_videos/ -o landmarks/          <sign>/<signer>_<n>.mp4 -> .parquet
  signlet extract clip.mov -o landmarks/ --format pose
  signlet extract my_videos/ -o landmarks/ --extractor tasks --model holistic_landmarker.task
"""


def run(arguments: list[str]) -> None:
    """Parse, extract, print a summary; SignletError if a video could not be extracted."""
    parser = make_plain_parser(
        "extract",
        "Extract the landmarks of videos (mp4, mov, webm and all that ffmpeg reads) to files in\n"
        f"the same folders, with {FILE} beside them. signlet skips videos that it has extracted\n"
        "before; an unreadable video does not stop the others.",
        _EXAMPLES,
    )
    parser.add_argument("videos", help="video, or folder of videos")
    parser.add_argument("-o", "--out", required=True, help="folder to write")
    parser.add_argument(
        "--format",
        choices=FORMATS,
        default=FORMATS[0],
        help="parquet: the competition's schema (default); npz: smallest; pose: for pose-format",
    )
    parser.add_argument(
        "--jobs", type=int, default=-1, help="processes; -1: one per core (default)"
    )
    parser.add_argument(
        "--extractor",
        choices=EXTRACTORS,
        help="MediaPipe Holistic (Python 3.11 and 3.12) or MediaPipe 1.x Tasks; default: the "
        "installed one",
    )
    parser.add_argument(
        "--model",
        type=Path,
        help="for tasks: use this model file, such as Google's, instead of the one from signlet "
        "models",
    )
    add_names(parser)
    parsed = parse(parser, arguments)
    console = SafeConsole()
    choice = Choice(parsed.extractor, parsed.model).checked()
    names = None if parsed.names is None else NamePattern(parsed.names)
    for note in left_notes(Path(parsed.videos), names):
        console.print(f"Note: {note}.", style="yellow", markup=False, soft_wrap=True)
    summary = extract_folder(
        Path(parsed.videos),
        Path(parsed.out),
        parsed.format,
        jobs=parsed.jobs,
        choice=choice,
        progress=on_console(console),
        names=names,
    )
    _print_summary(summary, Path(parsed.out), console)
    _report_bad(summary, parsed.out)


def _print_summary(summary: Summary, out: Path, console: Console) -> None:
    good = [row.quality for row in summary.good if row.quality]
    if not good:
        return  # the reason is printed below
    skipped = f", {summary.skipped} of them existed already" if summary.skipped else ""
    frames = sum(quality.frames for quality in good)
    console.print(
        f"{out}: {count_of(len(good))}{skipped}, {frames:,} frames; more in {out / FILE}",
        soft_wrap=True,
        markup=False,
        highlight=False,
    )
    console.print(shares_table(summary))
    if summary.warnings:
        console.print(warnings_table(summary))
    if summary.problem:
        tell(summary.problem)


def _report_bad(summary: Summary, out: str) -> None:
    if not summary.bad:
        return
    for row in summary.bad:
        tell(row.error)
    rest = f"the others are in {out}" if summary.good else f"{out} contains no landmarks"
    raise SignletError(
        f"{len(summary.bad)} of {count_of(len(summary.rows))} could not be extracted; {rest}"
    )
