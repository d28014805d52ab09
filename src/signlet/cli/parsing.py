"""Parsers of the commands: arguments in, checked settings or one line of error out."""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from signlet.cli.argument_checks import check_given, check_jobs, surplus_hint
from signlet.errors import ReportedByMainProcess, SignletError
from signlet.printable import printable
from signlet.text.wrong_values import UNPARSED, wrong_value

if TYPE_CHECKING:
    from jsonargparse import ArgumentParser

_TELLING = 3
"""Letters of a flag that tell which longer flag it begins."""


def make_parser(command: str, about: str, examples: str) -> ArgumentParser:
    """A parser of one command whose help ends in examples."""
    from jsonargparse import ArgumentParser, set_parsing_settings

    set_parsing_settings(docstring_parse_attribute_docstrings=True)
    parser: ArgumentParser = ArgumentParser(
        default_env=False, **_settings(command, about, examples)
    )
    return parser


class _PlainParser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise argparse.ArgumentError(None, message)


def make_plain_parser(command: str, about: str, examples: str) -> argparse.ArgumentParser:
    """`make_parser` for commands that work in the core install, which has no jsonargparse."""
    return _PlainParser(**_settings(command, about, examples))


def _settings(command: str, about: str, examples: str) -> dict[str, Any]:
    return {
        "prog": f"signlet {command}",
        "description": f"{about}\n\nexamples:\n{examples.rstrip()}",
        "formatter_class": argparse.RawDescriptionHelpFormatter,
        "allow_abbrev": False,
        "exit_on_error": False,
    }


def add_columns(parser: argparse.ArgumentParser) -> None:
    """Add `--columns`."""
    parser.add_argument(
        "--columns",
        type=str,
        default=None,
        metavar="NAMES",
        help="columns of a CSV or JSON table with other headings: path=File,sign=Gloss, signer=, "
        "start=, end= (seconds), start_frame=, end_frame=, split=",
    )


def add_names(parser: argparse.ArgumentParser) -> None:
    """Add `--names`."""
    parser.add_argument(
        "--names",
        type=str,
        default=None,
        metavar="PATTERN",
        help="how the files are named, if not <sign>/<signer>_<anything>: '{sign}_{signer}_{n}' "
        "for the name without extension, or '{signer}/{sign}_{any}' for the path in the "
        "folder; {n} is a number",
    )


def refuse_told(parsed: Any, flag: str) -> None:
    """Raise SignletError for --columns or --names without the flag that names the clips.

    flag: that would name them.
    """
    for name in ("columns", "names"):
        if (value := getattr(parsed, name)) is not None:
            raise SignletError(
                f"--{name} {value}: describes the clips of {flag}, which is not given"
            )


def parse(parser: argparse.ArgumentParser, arguments: Sequence[str]) -> Any:
    """Parsed arguments; dashes and underscores in a flag's name are the same.

    Raises SignletError, one line that names the nearest flag or what a flag can be, where an
    argument is wrong; ReportedByMainProcess on all but the first process of a machine, given
    the same.
    """
    options = {name: name for name in parser._option_string_actions}
    options |= {name.replace("_", "-"): name for name in options if name.startswith("--")}
    given = [_known_flag(text, options) for text in arguments]
    for action in parser._actions:
        if isinstance(action.metavar, str):  # jsonargparse's hold backspaces
            action.metavar = printable(action.metavar.replace("\b", ""))
    positional = [str(a.metavar or a.dest).upper() for a in parser._get_positional_actions()]
    parser.usage = " ".join([parser.prog, *positional, "[options]"])
    try:
        parsed = parser.parse_args(given)
    except argparse.ArgumentError as error:
        if os.environ.get("LOCAL_RANK", "0") != "0":
            raise ReportedByMainProcess(str(error)) from None
        text = " ".join(str(error).split())
        wrong = wrong_value(parser, text, given)
        hint = _nearest(text, list(options)) or surplus_hint(parser, text)
        raise SignletError(wrong or f"{text}{hint}") from None
    except UNPARSED as error:
        text = " ".join(str(error).split())
        raise SignletError(f"a value cannot be read ({text[:200]}); see {parser.prog} -h") from None
    check_given(parser, given)
    check_jobs(parsed)
    return parsed


def _known_flag(text: str, options: Mapping[str, str]) -> str:
    name, equals, value = text.partition("=")
    known = options.get(name) or options.get(name.replace("_", "-"))
    return f"{known}{equals}{value}" if name.startswith("--") and known else text


def _nearest(message: str, options: list[str]) -> str:
    """A hint for the first unknown flag in a message."""
    flags = [word for word in message.replace("=", " ").split() if word.startswith("--")]
    if not flags or "nrecognized" not in message:
        return ""
    near = _by_last_part(flags[0], options) or get_close_matches(flags[0], options, 1)
    return f"; did you mean {near[0]}?" if near else ""


def _by_last_part(flag: str, options: list[str]) -> list[str]:
    """The flags whose last part is what was typed or begins with it, the shortest first."""
    typed = flag.removeprefix("--").replace("-", "_")
    last = {name: name.lstrip("-").split(".")[-1].replace("-", "_") for name in options}
    found = [name for name in options if last[name] == typed]
    found += [name for name in options if last[name].startswith(typed) and name not in found]
    return sorted(found, key=lambda name: len(last[name])) if len(typed) >= _TELLING else []


def existing(path: str | Path, what: str) -> Path:
    """The path, or SignletError if nothing is there."""
    from signlet.files.missing_path import (  # which the help of a command does not need
        exists,
        not_found_message,
    )

    if not exists(path):
        raise SignletError(not_found_message(path, what))
    return Path(path)


def given_flags(arguments: Sequence[str]) -> frozenset[str]:
    """Names of the flags among the arguments, with underscores."""
    names = [text.partition("=")[0] for text in arguments if text.startswith("--")]
    return frozenset(name.removeprefix("--").replace("-", "_") for name in names)
