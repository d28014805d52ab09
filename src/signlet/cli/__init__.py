"""The command `signlet`. Each subcommand is a module here: parse, call, print."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence
from contextlib import suppress

import signlet
from signlet.errors import SaidElsewhere, SignletError
from signlet.install import needs
from signlet.terminal import escape_output, locale_hint, to_nowhere

COMMANDS = {
    "demo": "train a recogniser of fingerspelled letters on real clips, in minutes",
    "extract": "find the landmarks in videos and write them to files",
    "models": "get the models that MediaPipe 1.x needs to find landmarks, once",
    "inspect": "look at a data set or a clip: quality, pictures, animation",
    "convert": "write clips anew whose arrays mean something else: hands exchanged, y up ...",
    "pack": "read clips once and write a packed data set for training",
    "train": "train student, teacher and distilled model; evaluate on unseen signers",
    "evaluate": "scores of a run, or of a model on other clips",
    "ensemble": "average several runs, score the average, write it as one model",
    "calibrate": "how sure a model may be, and from which confidence it answers none",
    "tune": "search better values of a recipe; tested on signers that no choice has seen",
    "export": "write a trained model as one file for phone, browser and server",
    "teach": "teach new signs to a trained model, by a few clips of each, in seconds",
    "recognise": "name the sign in a clip",
    "live": "signs as they come, from a camera, a video or recorded landmarks",
    "page": "build the live page: camera or video to signs, all in a browser",
    "serve": "serve a recogniser over HTTP",
}
_USAGE = """usage: signlet COMMAND ...

Small sign recognisers, from landmarks to phone.

commands:
{commands}

signlet COMMAND --help tells more of each, with examples. Start with: signlet demo
"""
_EXTRAS = {"demo": "demo", "extract": "video", "live": "video", "tune": "tune"}
"""Extra of the package that a command needs, if it is not `train`."""
FAILED, INTERRUPTED = 2, 130


def usage() -> str:
    """What `signlet --help` prints."""
    width = max(map(len, COMMANDS))
    return _USAGE.format(
        commands="\n".join(f"  {name:<{width}}  {about}" for name, about in COMMANDS.items())
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code: 0, 2 for what the user can mend, 130 for Ctrl-C."""
    escape_output()
    try:
        code = _main(arguments)
        if sys.stdout is not None:
            sys.stdout.flush()
    except BrokenPipeError:
        code = 0
    to_nowhere()
    return code


def _main(arguments: Sequence[str] | None) -> int:
    given = list(sys.argv[1:] if arguments is None else arguments)
    if not given or given[0] in ("-h", "--help"):
        print(usage(), end="")
        return 0 if given else FAILED
    if given[0] == "--version":
        print(f"signlet {signlet.__version__}")
        return 0
    if given[0] not in COMMANDS:
        return _fail(f"there is no command {given[0]!r}; commands: {', '.join(COMMANDS)}", FAILED)
    return _run(given[0], given[1:])


def _run(name: str, arguments: list[str]) -> int:
    try:
        command = importlib.import_module(f"signlet.cli.{name}")
    except ModuleNotFoundError as error:
        missing = needs(f"signlet {name}", _EXTRAS.get(name, "train"), error)
        return _help_without(name, missing) if _asks(arguments) else _fail(missing, FAILED)
    try:
        command.run(arguments)
    except SaidElsewhere:
        return FAILED
    except SignletError as error:
        interrupted = type(error).__name__ == "Interrupted"
        return _fail(str(error), INTERRUPTED if interrupted else FAILED)
    except KeyboardInterrupt:
        return _fail("stopped", INTERRUPTED)
    except BrokenPipeError:
        raise
    except RuntimeError as error:
        if int(os.environ.get("WORLD_SIZE", "1")) == 1 or "onnection" not in str(error):
            raise
        return _fail("another process has ended; go on with --resume", FAILED)
    except OSError as error:
        named = f"{error.filename}: " if error.filename else ""
        return _fail(f"{named}{error.strerror or error}", FAILED)
    return 0


def _asks(arguments: Sequence[str]) -> bool:
    return "-h" in arguments or "--help" in arguments


def _help_without(name: str, missing: str) -> int:
    """The help of a command that cannot be loaded, as it was written down."""
    from signlet.cli.help_texts import kept

    print(f"{kept(name).rstrip()}\n\n{missing}")
    return 0


def _fail(message: str, code: int) -> int:
    with suppress(BrokenPipeError):  # nobody is left to read it
        print(f"signlet: {' '.join(message.split())}{locale_hint(message)}", file=sys.stderr)
    return code
