"""The command `signlet`. Each subcommand is a module here: parse, call, print."""

from __future__ import annotations

import gc
import importlib
import os
import sys
import traceback
from collections.abc import Sequence
from contextlib import nullcontext, suppress
from importlib.util import find_spec

from signlet.cli.loading import saying_loading
from signlet.cli.resume_hints import KEPT
from signlet.errors import Interrupted, OtherProcessEnded, ReportedByMainProcess, SignletError
from signlet.modelfile import checksum
from signlet.printable import shortened
from signlet.running.children import end_children
from signlet.running.signals import Ending, watched
from signlet.running.temporary import forget
from signlet.text.terminal import locale_hint, printing_safely, tell, to_nowhere
from signlet.version import __version__

COMMANDS = {
    "demo": "train a recogniser of fingerspelled letters on real clips, in minutes",
    "extract": "find the landmarks in videos and write them to files",
    "models": "get the models that MediaPipe 1.x needs to find landmarks, once",
    "inspect": "check a data set or a clip: quality, pictures, animation",
    "convert": "repair clips whose arrays mean something else: hands swapped, y upwards ...",
    "pack": "read clips once and write a packed data set for training",
    "train": "train a recogniser and test it on people it has never seen",
    "evaluate": "show the scores of a run, or test a model on other clips",
    "ensemble": "average several runs, score the average, write it as one model",
    "calibrate": "measure the confidence below which a model answers none",
    "tune": "search for better settings, tested on people left out of the search",
    "export": "write a trained model as one file for phone, browser and server",
    "teach": "teach new signs to a trained model, with a few clips of each, in seconds",
    "recognise": "name the sign in a clip",
    "live": "recognise signs live, from a camera, a video or recorded landmarks",
    "page": "build the live page: camera or video to signs, all in a browser",
    "serve": "serve a recogniser over HTTP",
}
_USAGE = """usage: signlet COMMAND ...

Small sign recognisers, from video to phone.

commands:
{commands}

signlet COMMAND --help explains a command, with examples; --help all lists every flag.
Start with: signlet demo
"""
_EXTRAS = {
    "demo": "demo",
    "export": "export",
    "extract": "video",
    "live": "video",
    "tune": "tune",
}
"""Extra of the package with all that a command needs, if it is not `train`."""
_MOSTLY_NEEDED = ("torch", "accelerate", "sklearn", "matplotlib", "av", "optuna", "onnx")
BROKEN, FAILED = 1, 2


def usage() -> str:
    """Return the text of `signlet --help`."""
    width = max(map(len, COMMANDS))
    return _USAGE.format(
        commands="\n".join(f"  {name:<{width}}  {about}" for name, about in COMMANDS.items())
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code.

    0: it is done. 2: something that the user can repair. 128 and a signal's number: Ctrl-C (130),
    SIGTERM (143) or SIGHUP (129) ended it.
    """
    with printing_safely(), watched(own_process=arguments is None) as ending:
        try:
            code = _flushed(_main(arguments, ending))
        except SystemExit:  # a help was printed
            if not (code := _flushed(0)):
                raise
        except BrokenPipeError:
            code = 0
        except SignletError as error:  # standard output is full
            code = _fail(str(error), FAILED)
        except KeyboardInterrupt:
            end_children()
            ending.told = True
            code = _fail(ending.line(), ending.code)
        except Exception:  # a fault of ours; what its lines quote is escaped like all else
            traceback.print_exc()
            code = BROKEN
        to_nowhere()
        if ending.number and arguments is None:
            os._exit(code)  # all is closed; what libraries do at the end may take seconds
        if arguments is None:
            gc.freeze()  # else Python looks for garbage at the end, for half a second
        return code


def _flushed(code: int) -> int:
    """The exit code once all is printed: FAILED where that is not possible."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except SignletError as error:
        return _fail(str(error), FAILED)
    return code


def _main(arguments: Sequence[str] | None, ending: Ending) -> int:
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given[:1] in (["-h"], ["--help"], ["--version"]) and given[1:]:
        hint = f"; did you mean signlet {given[1]} --help?" if given[1] in COMMANDS else ""
        return _fail(
            f"{given[0]}: takes nothing after it, but got {shortened(given[1])}{hint}", FAILED
        )
    if not given or given[0] in ("-h", "--help"):
        print(usage(), end="")
        return 0 if given else FAILED
    if given[0] == "--version":
        print(f"signlet {__version__}")
        return 0
    if given[0] not in COMMANDS:
        from difflib import get_close_matches  # which only a mistake needs

        near = get_close_matches(given[0], COMMANDS, 1)
        hint = f"did you mean {near[0]}?" if near else f"commands: {', '.join(COMMANDS)}"
        return _fail(f"there is no command {shortened(given[0])!r}; {hint}", FAILED)
    ending.saved = lambda: KEPT[given[0]]
    forget()
    return _run(given[0], given[1:], ending, own=arguments is None)


def _run(name: str, arguments: list[str], ending: Ending, own: bool) -> int:
    if arguments[:1] in (["-h"], ["--help"]) and arguments[1:] in ([], ["all"]):
        return _help(name, everything=len(arguments) > 1)
    if arguments[:1] in (["-h"], ["--help"]) and not arguments[1].startswith("-"):
        extra = shortened(" ".join(arguments[1:]))
        return _fail(f"signlet {name} --help {extra}: give --help, or --help all", FAILED)
    try:
        with saying_loading(name) if own and _complete() else nullcontext():
            command = importlib.import_module(f"signlet.cli.{name}")
    except ModuleNotFoundError as error:
        missing = _missing(name, error)
        return _help_without(name, missing) if _asks(arguments) else _fail(missing, FAILED)
    ending.importing = False
    try:
        with ending.cutting_short(), checksum.saying(_note):
            command.run(arguments)
    except ReportedByMainProcess:
        return FAILED
    except Interrupted:
        ending.told = True
        return _fail(ending.line(), ending.code)
    except OtherProcessEnded as error:
        return _fail(f"{error}; {ending.saved()}", FAILED)
    except SignletError as error:
        return _fail(str(error), FAILED)
    except BrokenPipeError:
        raise
    except OSError as error:
        named = f"{error.filename}: " if error.filename else ""
        return _fail(f"{named}{error.strerror or error}", FAILED)
    return 0


def _complete() -> bool:
    """Return True if the packages that most commands import are installed.

    Then a help is printed without loading the command, which takes a tenth of the time."""
    try:
        return all(map(find_spec, _MOSTLY_NEEDED))
    except (ImportError, ValueError):  # somebody has put nothing in the place of one
        return False


def _asks(arguments: Sequence[str]) -> bool:
    return "-h" in arguments or "--help" in arguments


def _help(name: str, everything: bool) -> int:
    """Print the help as it was written down, and what the command lacks here."""
    from signlet.cli.help_texts import kept, short

    print((kept if everything else short)(name), end="")
    if _complete():
        raise SystemExit(0)  # as the command itself would end
    try:
        importlib.import_module(f"signlet.cli.{name}")
    except ModuleNotFoundError as error:
        print(f"\n{_missing(name, error)}")
    raise SystemExit(0)


def _missing(name: str, error: ModuleNotFoundError) -> str:
    from signlet.text.install import needs

    return needs(f"signlet {name}", _EXTRAS.get(name, "train"), error)


def _help_without(name: str, missing: str) -> int:
    """The help of a command that cannot be loaded, as it was written down."""
    from signlet.cli.help_texts import kept

    print(f"{kept(name).rstrip()}\n\n{missing}")
    return 0


def _fail(message: str, code: int) -> int:
    _note(f"{message}{locale_hint(message)}")
    return code


def _note(message: str) -> None:
    with suppress(BrokenPipeError):  # nobody is left to read it
        tell(message)
