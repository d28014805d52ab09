"""signlet models."""

from __future__ import annotations

from pathlib import Path

from signlet.cli.parsing import make_plain_parser, parse
from signlet.errors import SignletError
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
        "Get the models with which MediaPipe 1.x finds landmarks, as it brings none. They are\n"
        f"those of MediaPipe {VERSION} (Apache License 2.0), so that landmarks are the same on\n"
        "every Python. They are taken from that package where it is installed, else pip\n"
        "downloads it (36 MB) from the package index it is set up for; it is not installed.",
        _EXAMPLES,
    )
    parser.add_argument(
        "--wheel", type=Path, help=f"take them from this file of mediapipe {VERSION}, any system's"
    )
    parsed = parse(parser, arguments)
    if parsed.wheel is not None and not parsed.wheel.is_file():
        raise SignletError(f"{parsed.wheel}: there is no such file; check the path")
    path = bundle_path()
    if whole(path):
        say(f"{path}: is there already")
        return
    if parsed.wheel is None and not installed():
        say(f"downloading mediapipe {VERSION}, for its models alone")
    made_bundle(parsed.wheel)
    say(f"{path}: made; videos can be read now, without a network")
