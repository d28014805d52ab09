"""signlet live."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from signlet.cli.parsing import make_plain_parser, parse
from signlet.errors import ClipError, SignletError
from signlet.files.atomic import require_writable
from signlet.live.inputs import Input, open_input
from signlet.live.lines import Lines
from signlet.live.session import Session, Shows
from signlet.pretrained import STARTER, STARTER_SAYS
from signlet.printable import printable
from signlet.recognition.recogniser import Recogniser
from signlet.sources import LETTERS
from signlet.stream import StreamRecogniser

if TYPE_CHECKING:
    from signlet.live.window import WindowProbe

_EXAMPLES = """
  signlet live                                  the first camera, letters A to Z
  signlet live 1 --model runs/mine              another camera, signs of your own
  signlet live clip.mp4 --headless              a video: a line for each sign
  signlet live clip.mp4 --headless --save seen.mp4
  signlet live stream.npz --json                landmarks that were recorded before
  signlet live fingerspelling:gsg/R --headless  a letter that comes with signlet
"""
_KEYS = "q quit    space pause    m mirror"


def run(arguments: list[str]) -> None:
    """Parse, open, run until the user has enough."""
    parsed = parse(_parser(), arguments)
    _check(parsed)
    lines, interrupted = Lines(parsed.json), False
    with ExitStack() as opened:
        probe = None if parsed.headless else _probe(opened)
        recogniser = Recogniser.load(parsed.model or STARTER)
        source = opened.enter_context(open_input(parsed.source))
        _announce(parsed, source, lines)
        stream = StreamRecogniser(recogniser, mirrored=parsed.mirrored)
        session = Session(source, stream, lines, seconds=parsed.seconds)
        session.stages = tuple(_stages(parsed, session, recogniser.signs, probe, opened))
        try:
            session.run()
        except KeyboardInterrupt:  # what was written so far is kept
            interrupted = True
    _sum_up(session, lines)
    if interrupted:
        raise KeyboardInterrupt
    if session.frames and not session.found:
        raise ClipError(
            f"{source.name}: no landmark was found in any frame; is a person in the picture, "
            "and is there enough light?"
        )


def _parser() -> Any:
    parser = make_plain_parser(
        "live",
        "Recognise signs live, from a camera, a video or a landmark file: in a window with the\n"
        "skeleton, and as one line per sign. Keys in the window: q or Esc quits, space pauses,\n"
        "m mirrors the view. If no window can be opened, it only prints.",
        _EXAMPLES,
    )
    add = parser.add_argument
    add(
        "source",
        nargs="?",
        default="0",
        help=f"camera's number (%(default)s), a file, or {LETTERS}NAME",
    )
    add("--model", help=f"model file, run folder or name (default {STARTER})")
    add("--headless", action="store_true", help="print only, open no window")
    add("--json", action="store_true", help="print one JSON object per sign")
    add("--mirrored", action="store_true", help="the camera or video shows a mirror image")
    add("--seconds", type=float, help="stop after this many seconds of the recording")
    add("--save", type=Path, help="write the pictures with skeleton and signs as .mp4")
    return parser


def _check(parsed: Any) -> None:
    if parsed.seconds is not None and not parsed.seconds > 0:
        raise SignletError(f"--seconds {parsed.seconds}: give a number above 0")
    if parsed.save is not None:
        from signlet.live.record import check_name

        check_name(parsed.save)
        require_writable(parsed.save)


def _announce(parsed: Any, source: Input, lines: Lines) -> None:
    if parsed.model is None:
        lines.say(STARTER_SAYS)
    for note in source.notes:
        lines.say(note)
    if source.live:
        lines.say(f"{source.name} is on; Ctrl-C stops it")


def _sum_up(session: Session, lines: Lines) -> None:
    for remark in session.source.remarks():
        lines.say(f"{session.source.name}: {remark}")
    dropped = session.source.dropped()
    left = f"; {dropped:,} pictures were skipped to keep up" if dropped else ""
    signs = "1 sign" if session.signs == 1 else f"{session.signs:,} signs"
    lines.say(f"{signs} in {session.frames:,} frames{left}")
    if session.found and not session.hands:
        lines.say(
            "no hand was found in any frame, so there was no sign to see; keep the hands in the "
            "picture, with light from the front"
        )


# --- window and file ----------------------------------------------------------------------


def _probe(opened: ExitStack) -> WindowProbe | None:
    """Starts to find out whether there can be a window; None if there is no display."""
    from signlet.live.window import WindowProbe

    displays = ("DISPLAY", "WAYLAND_DISPLAY")
    if sys.platform.startswith("linux") and not any(map(os.environ.get, displays)):
        return None
    probe = WindowProbe()
    opened.callback(probe.close)
    return probe


def _stages(
    parsed: Any,
    session: Session,
    signs: Sequence[str],
    probe: WindowProbe | None,
    opened: ExitStack,
) -> Iterator[Shows]:
    names = (parsed.model or STARTER, session.source.name)
    if parsed.save is not None:
        from signlet.live.record import recording
        from signlet.live.stage import FileStage, PanelUpdates
        from signlet.live.view import Turned

        recorder = opened.enter_context(recording(parsed.save))
        yield FileStage(recorder, PanelUpdates(*names), Turned(camera=parsed.mirrored))
    if probe is not None and probe.works():
        yield _window(names, session, parsed.mirrored, signs, opened)
    elif not parsed.headless:
        session.lines.say("no window can be opened here, so signlet only prints the signs")


def _window(
    names: tuple[str, str],
    session: Session,
    mirrored: bool,
    signs: Sequence[str],
    opened: ExitStack,
) -> Shows:
    from signlet.live.fonts import missing
    from signlet.live.stage import PanelUpdates, WindowStage
    from signlet.live.view import Turned
    from signlet.live.window import Window

    boxes = missing(printable("".join(signs)))
    if boxes:
        session.lines.say(
            f"no installed font has {boxes[:20]}, so the window shows boxes; install a font "
            "that has them"
        )
    live = session.source.live
    window = opened.enter_context(Window())
    turned = Turned(view=live and not mirrored, camera=mirrored)
    return WindowStage(window, PanelUpdates(*names, keys=_KEYS), turned, paced=not live)
