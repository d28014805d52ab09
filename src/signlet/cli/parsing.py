"""What the commands' parsers share."""

from __future__ import annotations

import argparse
from pathlib import Path

from jsonargparse import ArgumentParser, set_parsing_settings

from signlet.errors import SignletError

set_parsing_settings(docstring_parse_attribute_docstrings=True)


def make_parser(command: str, about: str, examples: str) -> ArgumentParser:
    """A parser of one command whose help ends in examples."""
    parser: ArgumentParser = ArgumentParser(
        prog=f"signlet {command}",
        description=f"{about}\n\nexamples:\n{examples.rstrip()}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        default_env=False,
        allow_abbrev=False,
    )
    return parser


def parse_folds(text: str, count: int) -> list[int]:
    """ "all", "none", "0" or "0,2" -> fold numbers below `count`."""
    if text in ("all", "none"):
        return list(range(count)) if text == "all" else []
    try:
        folds = sorted({int(part) for part in text.split(",")})
    except ValueError:
        folds = [-1]
    if not folds or folds[0] < 0 or folds[-1] >= count:
        raise SignletError(
            f"--folds {text}: give 'all', 'none' or numbers from 0 to {count - 1}: 0,2"
        )
    return folds


def existing(path: str, what: str) -> Path:
    """The path, or SignletError where nothing is there."""
    found = Path(path)
    if not found.exists():
        raise SignletError(f"{path}: no such {what}")
    return found
