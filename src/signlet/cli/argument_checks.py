"""Checks of arguments that a parser lets through: empty, given twice, too many."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from signlet.errors import SignletError

_MOST_JOBS = 1024
"""Processes; more is a slip of the hand, for each takes some 100 MB."""


def check_given(parser: argparse.ArgumentParser, given: Sequence[str]) -> None:
    """Raise SignletError if an argument is empty, or a flag has two values.

    A flag whose default is the empty text may be given it. One that collects may come again with
    another value; the same one twice is a slip.
    """
    seen: dict[str, str] = {}
    collected = set[tuple[str, str]]()
    for flag, value in _valued(parser, given):
        action = parser._option_string_actions.get(flag)
        if not value.strip() and getattr(action, "default", None) != "":
            what = "an argument" if action is None else flag
            rest = "" if action is None or action.required else ", or leave the flag out"
            raise SignletError(f"{what} is empty; give a name{rest}")
        if action is None:
            continue
        if isinstance(action, argparse._AppendAction):
            if (flag, value) in collected:
                raise SignletError(f"{flag} is given twice with {value}; give it once")
            collected.add((flag, value))
            continue
        first = seen.setdefault(action.dest, value)
        if first != value:
            raise SignletError(
                f"{flag} is given twice, with {first} and with {value}; give it once"
            )


def check_jobs(parsed: Any) -> None:
    """Raise SignletError if no process would do the work, or more than any machine holds."""
    jobs = getattr(parsed, "jobs", None)
    if isinstance(jobs, int) and (jobs == 0 or jobs < -1):
        raise SignletError(f"--jobs {jobs}: give 1 or more, or -1 for one per core")
    if isinstance(jobs, int) and jobs > _MOST_JOBS:
        raise SignletError(f"--jobs {jobs}: give at most {_MOST_JOBS}, or -1 for one per core")


def surplus_hint(parser: argparse.ArgumentParser, message: str) -> str:
    """Return what a command takes that was given too many names; "" for other mistakes."""
    _, found, names = message.partition("nrecognized arguments: ")
    if not found or names.startswith("-"):
        return ""
    if "--data" in parser._option_string_actions and Path(names).exists():
        return f"; did you mean --data {names}?"
    takes = [
        str(a.metavar or a.dest).upper() + (" ... in a row" if a.nargs == "+" else "")
        for a in parser._get_positional_actions()
    ]
    what = f"takes {' and '.join(takes)} beside its flags" if takes else "takes flags only"
    return f"; {parser.prog} {what}; a name with spaces needs quotes"


def _valued(parser: argparse.ArgumentParser, given: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Flag and value of each argument that is a value; the flag is "" for positional ones.

    Several values of one flag come as one, so that two flags differ where any value does.
    """
    last, only_names = "", False
    values: list[str] = []
    for text in given:
        name, equals, value = text.partition("=")
        if not equals and text[:1] == "-" and text[1:2] != "-" and text[:2] in _short(parser):
            name, equals, value = text[:2], "=" * (len(text) > 2), text[2:]
        if only_names or name not in parser._option_string_actions:
            if text == "--":
                only_names = True
            elif not text.strip() or not last:
                yield last, text
            else:
                values.append(text)
            continue
        if last and values:
            yield last, " ".join(values)
        last, values = ("", []) if equals or _is_switch(parser, name) else (name, [])
        if equals:
            yield name, value
    if last and values:
        yield last, " ".join(values)


def _short(parser: argparse.ArgumentParser) -> set[str]:
    return {name for name in parser._option_string_actions if len(name) == 2}


def _is_switch(parser: argparse.ArgumentParser, name: str) -> bool:
    return parser._option_string_actions[name].nargs == 0
