"""A flag with a value that it cannot have, in one line for the user."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from typing import Any, Literal, get_args, get_origin

_KINDS = {int: "a whole number", float: "a number", bool: "true or false", str: "a text"}
_OF_TYPE = re.compile(r'Parser key "([^"]+)": .*?(?:Got value|Given value): ?(.*)')
_OF_ARGPARSE = re.compile(
    r"argument ([^:]+): invalid (?:choice|\w+ value): '?(.*?)'?(?: \(choose from .*)?"
)
_UNKNOWN = "nothing of the kind"
UNPARSED = (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError)
"""Errors that jsonargparse and the YAML library raise for odd values, as 1,000 nested lists."""


def wrong_value(
    parser: argparse.ArgumentParser, message: str, given: Sequence[str] = ()
) -> str | None:
    """ "--split tset: give val or test", out of what a parser says; None for other mistakes.

    message: in one line. given: the arguments; a value that none of them holds is a recipe's.
    """
    found = _OF_TYPE.fullmatch(message) or _OF_ARGPARSE.fullmatch(message)
    action = _action(parser, found[1]) if found else None
    may = _may_be(action) if action else _UNKNOWN
    if found is None or action is None or may == _UNKNOWN:
        return None
    value = found[2] or "''"
    flag = max(action.option_strings, key=len, default=str(action.metavar or action.dest))
    spelt = {text.partition("=")[0] for text in given}
    if given and action.option_strings and not spelt & set(action.option_strings):
        return f"{action.dest} in the recipe is {value}: give {may}"
    return f"{flag} {value}: give {may}"


def _action(parser: argparse.ArgumentParser, name: str) -> argparse.Action | None:
    """By a key, "optimiser.epochs", or as argparse names it, "-o/--out"."""
    for action in parser._actions:
        if name in (action.dest, action.metavar, "/".join(action.option_strings)):
            return action
    return None


def _may_be(action: argparse.Action) -> str:
    if action.choices is not None:
        return _either([str(choice) for choice in action.choices])
    return _words(getattr(action, "_typehint", None) or action.type)


def _words(kind: Any) -> str:
    """A type in words."""
    if get_origin(kind) is Literal:
        return _either([str(value) for value in get_args(kind)])
    if get_origin(kind) is tuple:
        each = {_words(inner) for inner in get_args(kind)}
        if each <= {"a whole number", "a number"}:
            return f"{len(get_args(kind))} numbers in brackets: [1,2]"
        return _UNKNOWN
    others = [inner for inner in get_args(kind) if inner is not type(None)]
    if others and type(None) in get_args(kind):
        return _either([_words(inner) for inner in others])
    return _KINDS.get(kind, _UNKNOWN)


def _either(words: Sequence[str]) -> str:
    if _UNKNOWN in words:
        return _UNKNOWN
    return " or ".join(filter(None, [", ".join(words[:-1]), words[-1]]))
