"""signlet models."""

from __future__ import annotations

from pathlib import Path

from signlet.cli.parsing import make_plain_parser, parse
from signlet.errors import SignletError
from signlet.files.missing_path import not_found_message
from signlet.text.terminal import say
from signlet.video.bundle.make import bundle_path, made_bundle, whole
from signlet.video.bundle.source import VERSION, installed

_EXAMPLES = f"""
  signlet models                                     once; afterwards no network is needed
  signlet models --wheel mediapipe-{VERSION}-cp311-cp311-manylinux_2_28_x86_64.whl
"""


def run(arguments: list[str]) -> None:
    """Parse, make the bundle where it is not there yet, print its path."""
    parser = make_plain_parser(
        "models",
        "Get the landmark models for MediaPipe 1.x, which comes without them. They are those of\n"
        f"MediaPipe {VERSION} (Apache License 2.0), so that landmarks are the same on every\n"
        "Python. signlet reads them from that package if it is installed. Otherwise pip\n"
        "downloads it (36 MB) from your package index, without installing it.",
        _EXAMPLES,
    )
    parser.add_argument(
        "--wheel", type=Path, help=f"use this package file of mediapipe {VERSION}, for any system"
    )
    parsed = parse(parser, arguments)
    if parsed.wheel is not None and not parsed.wheel.is_file():
        raise SignletError(not_found_message(parsed.wheel, "file"))
    path = bundle_path()
    if whole(path):
        say(f"{path}: exists already")
        return
    if parsed.wheel is None and not installed():
        say(f"downloading mediapipe {VERSION}, only for its models")
    made_bundle(parsed.wheel)
    say(f"{path}: written; signlet can now read videos without a network")
