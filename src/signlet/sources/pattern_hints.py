"""Patterns to suggest for `--names`: clips in, only patterns that fit them out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePosixPath

from signlet.sources.pattern import NamePattern
from signlet.sources.splits import split_name

_HELD = (
    *("{sign}_{signer}_{n}", "{sign}_{signer}_{any}", "{sign}-{signer}-{n}", "{sign}_{n}"),
    *("{sign}_{signer}", "{sign}-{signer}"),
)
"""Names of files that hold the sign, those that tell most first."""
_NEARLY = 0.9


def fitting(paths: Sequence[PurePosixPath], patterns: Iterable[str]) -> list[str]:
    """The patterns that match every path."""
    return [
        text
        for text in patterns
        if paths and all(NamePattern(text).match(path) is not None for path in paths)
    ]


def in_file_names(paths: Sequence[PurePosixPath]) -> list[str]:
    """The pattern of names that tell the sign, which nearly all fit; [] if none does.

    Two patterns where a name is a sign and a signer and does not tell which is which.

    None with a number for a name. Where only one of sign and signer has digits
    (w033_hello), that is the signer. A few files may be called otherwise: `--names` leaves them
    aside and says so.
    """
    for text in _HELD:
        found = [told for path in paths if (told := NamePattern(text).match(path)) is not None]
        named = [one for one in found if all(any(map(str.isalpha, x)) for x in one.values())]
        if paths and len(named) >= _NEARLY * len(paths):
            return _in_order(text, named)
    return []


def _in_order(text: str, named: Sequence[Mapping[str, str]]) -> list[str]:
    """The pattern, or with sign and signer in each other's place, or both."""
    if "{signer}" not in text:
        return [text]
    turned = text.format(sign="{signer}", signer="{sign}", n="{n}", any="{any}")
    codes = _numbered(named, "sign"), _numbered(named, "signer")
    if codes[0] != codes[1]:
        return [turned if codes[0] else text]
    return [text, turned] if text.count("{") == 2 else [text]


def _numbered(named: Sequence[Mapping[str, str]], field: str) -> bool:
    """Return True if nearly all names in a field have a digit, as codes of people do."""
    codes = sum(any(map(str.isdigit, one.get(field, ""))) for one in named)
    return codes >= _NEARLY * len(named)


def below(place: PurePosixPath, pattern: str) -> str:
    """The pattern of a whole path, where the folders of `place` stand before it."""
    return "/".join(
        ["{split}" if split_name(part) else "{any}" for part in place.parts] + [pattern]
    )


def options(patterns: Sequence[str]) -> str:
    """ "--names 'A' or 'B'"; "" for none."""
    return f"--names {' or '.join(repr(text) for text in patterns)}" if patterns else ""
