"""Text that a terminal can print as it is: what moves, hides or turns it becomes an escape.

Names of signs are in any script. Names of files may hold anything: what would move a terminal's
cursor, change its title or turn a line around is escaped, and what is very long is shortened.
"""

from __future__ import annotations

import re

_NO_BREAKS = (
    "\x00-\x08\x0b-\x1f\x7f-\x9f"  # control characters: NUL, escapes of terminals, backspaces
    "\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069"  # line separators and turns of direction
    "\xad\u180e\u200b\u2060-\u2065\u206a-\u206f\ufeff\ufff9-\ufffb"  # unseen
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e007f"  # unseen
    "\ud800-\udfff"  # halves of a character, as names of files that are not UTF-8 have
)
UNPRINTED = re.compile(f"[\t\n{_NO_BREAKS}]")
"""Characters that no printed name may contain."""
UNPRINTED_IN_TEXT = re.compile(f"[{_NO_BREAKS}]")
"""The same of a text of several lines, which may have tabs."""
_LONGEST_VALUE, _LONGEST_LINE = 200, 1_500
"""Characters that are printed of a value, and of a line of several values."""
_LONGEST_WORD = 600
"""Longer than a path is."""
_BLANKS = re.compile(r"(?:\r\n|[ \n\t])+")


def printable(text: str) -> str:
    """A name from anywhere as one printable line, with escapes for what breaks, hides or turns it.

    Names that need none, nearly all, are given back as they are.
    """
    return UNPRINTED.sub(_escaped, text)


def printable_text(text: str) -> str:
    """As `printable`, but line breaks and tabs stay: of a page, a file."""
    return UNPRINTED_IN_TEXT.sub(_escaped, text)


def printable_lines(text: str) -> str:
    """A text of lines, printable; a line that is too long is shortened in its middle."""
    text = printable_text(text)
    if len(text) <= _LONGEST_LINE:
        return text
    return "\n".join(shortened(line, _LONGEST_LINE) for line in text.split("\n"))


def shortened(text: str, most: int = _LONGEST_VALUE) -> str:
    """The text, or where it has more than `most` characters: "abc…xyz, 100,000 characters"."""
    if len(text) <= most:
        return text
    return f"{text[: most // 2]}…{text[-(most // 2) :]}, {len(text):,} characters"


def in_a_message(text: str) -> str:
    """The message of an error or a warning as one printable line that is not too long."""
    words = _BLANKS.sub(" ", text).strip(" ").split(" ")
    text = " ".join(map(_short_word, words) if len(text) > _LONGEST_WORD else words)
    return shortened(printable(text), _LONGEST_LINE)


def _short_word(word: str) -> str:
    """A path stays whole; so does the sign after what is shortened."""
    if len(word) <= _LONGEST_WORD:
        return word
    value = word.rstrip(":;,")
    return shortened(value) + word[len(value) :]


def _escaped(found: re.Match[str]) -> str:
    return ascii(found[0])[1:-1]
